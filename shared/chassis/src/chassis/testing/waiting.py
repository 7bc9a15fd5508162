"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.01


def eventually(
    condition: Callable[[], T], timeout: float = 10.0, *, what: str = "the condition", every: float = _POLL_SECONDS
) -> T:
    """The first truthy answer of ``condition``; fails after ``timeout`` seconds with the last answer.

    ``every`` is what the pause between two questions grows to, longer where asking costs something.
    """
    deadline, pause = time.monotonic() + timeout, _POLL_SECONDS
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what} did not come true within {timeout:g} s; the last answer was {found!r}")
        time.sleep(pause)
        pause = min(every, pause * 2)
