"""ProgramCompleted: the enrollment is complete. Completed stays completed, through a suspension too."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.events import ProgramCompleted
from enrollment.enrollments import steps
from enrollment.models import Enrollment


def complete(session: Session, event: ProgramCompleted) -> None:
    """Note the completion; a suspended enrollment is restored as completed later, an ended one stays ended."""
    enrollment = session.scalars(
        select(Enrollment).where(Enrollment.id == event.enrollment_id).with_for_update()
    ).one_or_none()
    if enrollment is None or enrollment.completed_at is not None:
        return
    if enrollment.status == "active":
        steps.complete(session, enrollment, event.completed_at)
    elif enrollment.status == "suspended":
        enrollment.completed_at = event.completed_at
        enrollment.version += 1
