"""Let a caller into a room, or say why not."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.errors import Forbidden, NotFound
from contracts.http.base import to_wire
from contracts.rules import AccessDecision, message_for
from discussion.auth import Caller
from discussion.rooms import policy, repository
from discussion.rooms.policy import Room


def enter(
    session: Session, caller: Caller, program_slug: str, week: int, cohort_name: str | None, now: datetime
) -> Room:
    """The room of the caller's cohort (staff: of the named or running one)."""
    is_staff = caller.is_staff_of(program_slug)
    program = repository.find_program(session, program_slug)
    if program is None:
        raise NotFound(f"There is no program {program_slug!r}.")
    published, week_count = program.published, program.week_count
    if is_staff:
        cohort = policy.pick_for_staff(repository.cohorts_of(session, program_slug), cohort_name, now)
        if cohort is None:
            raise NotFound("The program has no such cohort." if cohort_name else "The program has no cohort yet.")
    else:
        membership = policy.pick_membership(repository.memberships_of(session, caller.account_id, program_slug))
        if membership is None and not published:
            raise NotFound(f"There is no program {program_slug!r}.")
        _require_week(week, week_count)
        cohort = _require_entry(membership, week, now)
        if cohort_name is not None and not cohort.is_called(cohort_name):
            raise NotFound("You are in no such cohort of this program.")
    _require_week(week, week_count)
    return Room(program_slug, cohort.id, cohort.slug, week, is_staff)


def admit(session: Session, caller: Caller, program_slug: str, cohort_id: UUID, week: int, now: datetime) -> bool:
    """Let the caller at a post of that room, known by its id; answers whether they come as staff.

    To those outside the cohort the post does not exist.
    """
    if caller.is_staff_of(program_slug):
        return True
    membership = policy.pick_membership(repository.memberships_of(session, caller.account_id, program_slug))
    if membership is None or membership.cohort_id != cohort_id:
        raise NotFound("There is no such post.")
    _require_entry(membership, week, now)
    return False


def _require_week(week: int, week_count: int) -> None:
    if not 1 <= week <= week_count:
        raise NotFound(f"The program has no week {week}.")


def _require_entry(membership: policy.Membership | None, week: int, now: datetime) -> policy.CohortFacts:
    decision = policy.decide_entry(membership, week, now)
    if not decision.allowed or membership is None or membership.cohort is None:
        raise _refusal(decision)
    return membership.cohort


def _refusal(decision: AccessDecision) -> Forbidden:
    reason = decision.reasons[0]
    unlocks_at = to_wire(decision.unlocks_at) if decision.unlocks_at else None
    return Forbidden.because(reason, message_for(reason), reasons=list(decision.reasons), unlocksAt=unlocks_at)
