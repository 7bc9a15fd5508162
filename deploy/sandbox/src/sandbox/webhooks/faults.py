"""Faults a test may order for webhooks: each turns one event into what is put into the queue."""

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Planned:
    """A delivery about to be queued; ``due_at`` in milliseconds."""

    due_at: int
    state: str = "pending"
    tampering: str | None = None


Fault = Callable[[Planned, float], list[Planned]]


def _drop(planned: Planned, _seconds: float) -> list[Planned]:
    return [replace(planned, state="dropped")]


def _double(planned: Planned, _seconds: float) -> list[Planned]:
    return [planned, planned]


def _delay(planned: Planned, seconds: float) -> list[Planned]:
    return [replace(planned, due_at=planned.due_at + round(seconds * 1000))]


def _reorder(planned: Planned, _seconds: float) -> list[Planned]:
    return [replace(planned, state="held")]


def _tamper(kind: str) -> Fault:
    return lambda planned, _seconds: [replace(planned, tampering=kind)]


WEBHOOK_FAULTS: dict[str, Fault] = {
    "drop": _drop,
    "double": _double,
    "delay": _delay,
    "reorder": _reorder,
    "tamper": _tamper("body"),
    "wrong-key": _tamper("signature"),
    "unsigned": _tamper("unsigned"),
}
"""drop: never sent. double: two copies at once. delay: sent ``seconds`` late. reorder: held until as many as
were ordered have come, then sent newest first. tamper, wrong-key, unsigned: every attempt is signed wrongly."""
