"""Python loads this at the start of every process whose PYTHONPATH names this folder: of the platforms that the fault
runs start, and of no other. So services can be killed at exact points without a line about it in their own code.
"""

import os
import sys

FOLDER = os.environ.get("EDXELERA_FAULTS")
if FOLDER and "uvicorn" in sys.orig_argv:
    from saboteur import sabotage

    sabotage(FOLDER, sys.orig_argv)
