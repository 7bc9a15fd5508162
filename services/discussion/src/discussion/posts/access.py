"""Find a post by its id as one caller may see it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.errors import Conflict, Forbidden, NotFound, Problem
from discussion.auth import Caller, StaffOnly
from discussion.posts import policy, repository
from discussion.rooms import service as rooms


@dataclass(frozen=True, slots=True)
class Place:
    """Where a post stands: enough to judge it, and to speak of it in events."""

    post_id: UUID
    parent_id: UUID | None
    thread_id: UUID
    program_slug: str
    cohort_id: UUID
    week_number: int
    facts: policy.PostFacts

    @property
    def is_staff(self) -> bool:
        """Whether the caller is staff here."""
        return self.facts.reader_is_staff


def find_place(session: Session, caller: Caller, post_id: UUID, now: datetime) -> Place:
    """The post's place; `NotFound` for those who may not know of it, 403 for members who may not enter now."""
    row = repository.place_of(session, post_id)
    is_staff = rooms.admit(session, caller, row.program_slug, row.cohort_id, row.week_number, now)
    facts = policy.PostFacts(
        author_id=row.author_id,
        is_reply=row.parent_id is not None,
        is_deleted=row.deleted_at is not None,
        is_hidden=row.hidden_at is not None,
        parent_hidden=row.parent_hidden_at is not None,
        reader_id=caller.account_id,
        reader_is_staff=is_staff,
    )
    if not policy.is_visible(facts):
        raise NotFound("There is no such post.")
    return Place(row.id, row.parent_id, row.thread_id, row.program_slug, row.cohort_id, row.week_number, facts)


def require(refusal: policy.Refusal | None) -> None:
    """Turn a policy's refusal into the problem it is."""
    if refusal is not None:
        raise _problem(refusal)


def _problem(refusal: policy.Refusal) -> Problem:
    message = policy.MESSAGES[refusal]
    if refusal == "staff_only":
        return StaffOnly(message)
    if refusal == "not_author":
        return Forbidden.because(refusal, message)
    return Conflict.because(refusal, message)
