"""What events of enrollment and the gateway change here. Each may come in any order, and more than once."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy.orm import Session

from chassis import tracing
from contracts.events import CohortScheduled
from contracts.events.enrollment import EnrollmentEvent
from learning import cached
from learning.enrollments import repository

Status = Literal["active", "suspended", "revoked"]


def keep_cohort(session: Session, event: CohortScheduled) -> None:
    """A cohort's calendar is what the newest event says."""
    before = repository.find_cohort(session, event.cohort_id)
    values: dict[str, Any] = {
        "slug": event.slug,
        "program_slug": event.program_slug,
        "start_date": event.start_date,
        "end_date": event.end_date,
        "timezone": event.timezone,
        "unlock_time": event.unlock_time.isoformat(),
        "week_unlocks": {str(week): day.isoformat() for week, day in event.week_unlocks.items()},
        "access_days": event.access_days,
        "published": event.published,
        "archived": event.archived,
    }
    if repository.put_cohort(session, event.cohort_id, event.sequence, values):
        for program in {event.program_slug, before.program_slug if before else event.program_slug}:
            cached.program_changed(session, program)


def keep_enrollment(session: Session, event: EnrollmentEvent, status: Status) -> bool:
    """An enrollment's status is what the newest event says; answers whether this one was news."""
    values = {
        "student_id": event.student_id,
        "program_slug": event.program_slug,
        "cohort_id": event.cohort_id,
        "status": status,
        "traceparent": tracing.beginning(),
    }
    news = repository.put_enrollment(session, event.enrollment_id, event.sequence, values)
    if news:
        cached.student_changed(session, event.student_id)
    return news


def keep_account(session: Session, account_id: UUID, sequence: int, roles: list[str], teaches: list[str]) -> None:
    """Who is staff of what, for questions about people who are not calling themselves."""
    repository.put_account(session, account_id, sequence, {"roles": roles, "teaches": teaches})
