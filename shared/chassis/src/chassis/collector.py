"""Python's garbage collector, kept away from what requests do not touch.

A full collection walks all objects of a process while every thread waits: 130,000 from its imports alone, which live
as long as it does. It took 65 ms at rest and up to 170 ms in a busy process (deploy/adr/0024-who-goes-first.md), and
whoever asked meanwhile waited that long.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: New objects between two collections of the youngest (Python: 700 in 3.11, 2,000 in 3.14).
_YOUNG = 10_000


@contextmanager
def set_aside() -> Iterator[None]:
    """While inside, collections pass over what existed before, and come less often."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_YOUNG, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
