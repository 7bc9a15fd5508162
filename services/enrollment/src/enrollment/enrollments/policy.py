"""The enrollment's states: which follow which, and what each means."""

from datetime import datetime
from typing import Literal

ToldStatus = Literal["active", "suspended", "revoked"]

#: A student has at most one of these per program (API.md, fine print).
LIVE = frozenset({"pending", "active", "suspended", "completed"})
#: These sit on a seat for good; ``pending`` only while its hold lasts.
SEATED = frozenset({"active", "suspended", "completed"})
#: Other services have been told of these.
TOLD = frozenset({"active", "suspended", "completed", "revoked"})
#: These open lessons, until the cohort's access period ends.
OPEN = frozenset({"active", "completed"})

_NEXT = {
    "pending": frozenset({"active", "cancelled"}),
    "cancelled": frozenset({"pending", "active"}),
    "active": frozenset({"suspended", "revoked", "completed"}),
    "completed": frozenset({"suspended", "revoked"}),
    "suspended": frozenset({"active", "completed", "revoked"}),
    "revoked": frozenset[str](),
}


class ImpossibleTransition(ValueError):
    """A bug: a service asked for a step that no rule allows."""


def require_step(current: str, following: str) -> None:
    """Raise unless ``following`` may come after ``current``."""
    if following not in _NEXT[current]:
        raise ImpossibleTransition(f"an enrollment that is {current} cannot become {following}")


def has_access(status: str, access_ends_at: datetime, now: datetime) -> bool:
    """Whether lessons are open by the enrollment's side."""
    return status in OPEN and now < access_ends_at


def told_status(status: str) -> ToldStatus:
    """How others know an enrollment that they were told of: to them a completed one is active."""
    told: dict[str, ToldStatus] = {"suspended": "suspended", "revoked": "revoked"}
    return told.get(status, "active")


def restored_status(completed_at: datetime | None) -> str:
    """What a suspended enrollment becomes again."""
    return "active" if completed_at is None else "completed"
