"""Reads of the projections."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from contracts.rules import CohortCalendar
from discussion.models import Cohort, Enrollment, Program
from discussion.rooms.policy import CohortFacts, Membership

_COHORT = (
    Cohort.slug,
    Cohort.program_slug,
    Cohort.start_date,
    Cohort.end_date,
    Cohort.timezone,
    Cohort.unlock_time,
    Cohort.week_unlocks,
    Cohort.access_days,
    Cohort.open_to_staff,
)


def find_program(session: Session, slug: str) -> Row[bool, int] | None:
    """Whether the program is published and how many weeks it has."""
    return session.execute(select(Program.published, Program.week_count).where(Program.slug == slug)).first()


def memberships_of(session: Session, student_id: UUID, program_slug: str) -> list[Membership]:
    """The student's enrollments in a program, the newest first."""
    rows = session.execute(
        select(Enrollment.status, Enrollment.cohort_id.label("id"), *_COHORT)
        .outerjoin(Cohort, Cohort.id == Enrollment.cohort_id)
        .where(Enrollment.student_id == student_id, Enrollment.program_slug == program_slug)
        .order_by(Enrollment.id.desc())
    )
    return [Membership(row.status, row.id, _facts(row) if row.slug is not None else None) for row in rows]


def cohorts_of(session: Session, program_slug: str) -> Sequence[CohortFacts]:
    """The program's cohorts."""
    return [
        _facts(row) for row in session.execute(select(Cohort.id, *_COHORT).where(Cohort.program_slug == program_slug))
    ]


def _facts(row: Row[*tuple[Any, ...]]) -> CohortFacts:
    return CohortFacts(
        id=row.id,
        slug=row.slug,
        program_slug=row.program_slug,
        calendar=CohortCalendar(
            start_date=row.start_date,
            end_date=row.end_date,
            timezone=row.timezone,
            unlock_time=row.unlock_time,
            week_unlocks={int(week): date.fromisoformat(day) for week, day in row.week_unlocks.items()},
            access_days=row.access_days,
        ),
        open_to_staff=row.open_to_staff,
    )
