"""Accounts: the administrator of a fresh installation, and the people of the seeds."""

import os
import subprocess
import sys
from collections.abc import Mapping

from edxelera import environment
from edxelera.failure import Failure
from edxelera.units import process

#: The seed administrator; like all seed people in a domain that can receive no mail.
ADMIN_EMAIL, ADMIN_NAME = "admin@school.example", "Ada Admin"


def create_admin(env: Mapping[str, str], email: str, name: str, password: str) -> str:
    """Make (or promote) an administrator in the gateway's own schema; what the gateway said.

    The password travels on standard input, so that it stands in no process list and no history.
    """
    made = subprocess.run(
        [sys.executable, "-m", "gateway.create_admin", "--email", email, "--name", name],
        env={**os.environ, **environment.for_process(env, process("gateway-api"))},
        input=f"{password}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise Failure(f"The administrator {email} could not be made: {(made.stderr or made.stdout).strip()[-1500:]}")
    return made.stdout.strip()
