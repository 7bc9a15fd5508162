"""Rows of enrollments for lists."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.errors import NotFound
from enrollment.models import Enrollment, Program

_SHOWN: tuple[Any, ...] = (
    Enrollment.id,
    Enrollment.student_id,
    Enrollment.program_slug,
    Program.title.label("program_title"),
    Enrollment.cohort_id,
    Enrollment.status,
    Enrollment.reason,
    Enrollment.created_at,
    Enrollment.activated_at,
    Enrollment.completed_at,
)


class EnrollmentNotFound(NotFound):
    title = "There is no such enrollment"


def list_of_student(session: Session, student_id: UUID, after: UUID | None, limit: int) -> Sequence[Any]:
    """The student's enrollments, newest first."""
    query = (
        select(*_SHOWN)
        .outerjoin(Program, Program.slug == Enrollment.program_slug)
        .where(Enrollment.student_id == student_id)
        .order_by(Enrollment.id.desc())
        .limit(limit)
    )
    rows: Sequence[Any] = session.execute(query if after is None else query.where(Enrollment.id < after)).all()
    return rows


def get_shown(session: Session, enrollment_id: UUID) -> Any:
    """One enrollment as lists show it."""
    row = session.execute(
        select(*_SHOWN)
        .outerjoin(Program, Program.slug == Enrollment.program_slug)
        .where(Enrollment.id == enrollment_id)
    ).one_or_none()
    if row is None:
        raise EnrollmentNotFound(f"There is no enrollment {enrollment_id}.")
    return row
