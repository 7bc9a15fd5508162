"""May this person open this lesson now? One decision for the week hub, completion, playback and the explain call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

AccessReason = Literal["not_enrolled", "enrollment_suspended", "access_ended", "week_locked", "lesson_locked"]

LIVE = frozenset({"active", "completed"})
"""Enrollment statuses that give access."""


@dataclass(frozen=True, slots=True)
class LessonFacts:
    """What the decision needs. An instant that is not known (None) keeps an enrolled student's lesson closed."""

    enrollment_status: str | None
    access_ends_at: datetime | None
    week_unlocks_at: datetime | None
    missing_prerequisites: tuple[str, ...] = ()
    is_staff: bool = False


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """The verdict with every reason against it, the gravest first.

    `unlocks_at` is the week's unlock while it lies ahead; `requires` names the lessons to complete first.
    """

    allowed: bool
    reasons: tuple[AccessReason, ...] = ()
    unlocks_at: datetime | None = None
    requires: tuple[str, ...] = ()


def decide_access(facts: LessonFacts, now: datetime) -> AccessDecision:
    """Enrolled, within the access period, the week unlocked, the prerequisites complete; staff always may."""
    if facts.is_staff:
        return AccessDecision(allowed=True)
    reasons: list[AccessReason] = []
    if (refusal := refuse_enrollment(facts.enrollment_status)) is not None:
        reasons.append(refusal)
    if facts.access_ends_at is not None and facts.access_ends_at <= now:
        reasons.append("access_ended")
    week_locked = _week_is_locked(facts, now)
    if week_locked:
        reasons.append("week_locked")
    if facts.missing_prerequisites:
        reasons.append("lesson_locked")
    return AccessDecision(
        allowed=not reasons,
        reasons=tuple(reasons),
        unlocks_at=facts.week_unlocks_at if week_locked else None,
        requires=facts.missing_prerequisites,
    )


def refuse_enrollment(status: str | None) -> AccessReason | None:
    """Why an enrollment of that status (None: there is none) gives no access, or None when it does."""
    if status in LIVE:
        return None
    return "enrollment_suspended" if status == "suspended" else "not_enrolled"


def _week_is_locked(facts: LessonFacts, now: datetime) -> bool:
    if facts.week_unlocks_at is None:
        return facts.enrollment_status in LIVE
    return now < facts.week_unlocks_at
