"""What owners read of their certificates."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from certificates.models import Certificate


def list_for(session: Session, student_id: UUID) -> Sequence[Certificate]:
    """The student's certificates, newest first."""
    query = select(Certificate).where(Certificate.student_id == student_id).order_by(Certificate.id.desc())
    return session.scalars(query).all()


def find_own(session: Session, certificate_id: UUID, student_id: UUID) -> Certificate | None:
    """The certificate, if it is this student's."""
    return session.scalars(
        select(Certificate).where(Certificate.id == certificate_id, Certificate.student_id == student_id)
    ).one_or_none()
