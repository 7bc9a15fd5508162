"""Submissions."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from learning.models import Submission


def last_attempt(session: Session, student_id: UUID, program_slug: str, assignment_slug: str) -> Submission | None:
    """The student's last attempt."""
    query = (
        select(Submission)
        .where(
            Submission.student_id == student_id,
            Submission.program_slug == program_slug,
            Submission.assignment_slug == assignment_slug,
        )
        .order_by(Submission.attempt.desc())
        .limit(1)
    )
    return session.scalars(query).first()


def add(session: Session, submission: Submission) -> None:
    """Keep a new attempt."""
    session.add(submission)
    session.flush()


def lock(session: Session, submission_id: UUID, program_slug: str, assignment_slug: str) -> Submission | None:
    """A submission to this assignment, locked."""
    query = select(Submission).where(
        Submission.id == submission_id,
        Submission.program_slug == program_slug,
        Submission.assignment_slug == assignment_slug,
    )
    return session.scalars(query.with_for_update()).first()


def list_of(
    session: Session,
    program_slug: str,
    assignment_slug: str,
    *,
    student_id: UUID | None = None,
    cohort_id: UUID | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Submission]:
    """Submissions to an assignment, newest first, of one student or of one cohort."""
    query = select(Submission).where(
        Submission.program_slug == program_slug, Submission.assignment_slug == assignment_slug
    )
    if student_id is not None:
        query = query.where(Submission.student_id == student_id)
    if cohort_id is not None:
        query = query.where(Submission.cohort_id == cohort_id)
    if before is not None:
        query = query.where(Submission.id < before)
    return list(session.scalars(query.order_by(Submission.id.desc()).limit(limit)))


def erase_of(session: Session, student_id: UUID) -> None:
    """Empty what a person wrote; that they handed in, and their grade, stays."""
    session.execute(
        update(Submission).where(Submission.student_id == student_id).values(text=None, url=None, feedback=None)
    )
