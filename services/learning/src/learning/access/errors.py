"""Refusals of access, with the reasons of the one decision.

Forbidden
 └─ AccessRefused   (code: the gravest reason; ``reasons``, ``unlocksAt``, ``requires``)
NotFound
 └─ CohortNotFound
Unavailable
 └─ CohortNotHereYet
"""

from typing import Any

from chassis.errors import Forbidden, NotFound, Problem, Unavailable
from contracts.http.base import to_wire
from contracts.rules import AccessDecision, message_for


class AccessRefused(Forbidden):
    code = "access_refused"
    title = "Not open to you now: not_enrolled, enrollment_suspended, access_ended, week_locked or lesson_locked"


class CohortNotFound(NotFound):
    title = "The program has no such cohort"


class CohortNotHereYet(Unavailable):
    code = "cohort_not_here_yet"
    title = "Your enrollment has arrived, its cohort's dates have not; try again in a moment"


def refusal(decision: AccessDecision) -> Problem:
    """The problem that a decision against the viewer is."""
    reason = decision.reasons[0]
    problem = AccessRefused.because(reason, message_for(reason), **explained(decision))
    problem.title = "Not open to you now"  # type: ignore[misc]
    return problem


def not_enrolled() -> Problem:
    """The program exists, and is not the caller's."""
    return refusal(AccessDecision(allowed=False, reasons=("not_enrolled",)))


def explained(decision: AccessDecision) -> dict[str, Any]:
    """The decision as members of a problem document."""
    return {
        "reasons": list(decision.reasons),
        "unlocksAt": to_wire(decision.unlocks_at) if decision.unlocks_at else None,
        "requires": list(decision.requires),
    }
