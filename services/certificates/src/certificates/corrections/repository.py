"""Requests for other names in the database."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from certificates.models import Certificate, NameCorrection


def lock_own(session: Session, certificate_id: UUID, student_id: UUID) -> Certificate | None:
    """The certificate, if it is this student's, locked until the transaction ends."""
    return session.scalars(
        select(Certificate)
        .where(Certificate.id == certificate_id, Certificate.student_id == student_id)
        .with_for_update()
    ).one_or_none()


def lock_open(session: Session, certificate_id: UUID) -> NameCorrection | None:
    """The request on this certificate that nobody has decided, locked."""
    return session.scalars(
        select(NameCorrection).where(NameCorrection.open_for == certificate_id).with_for_update()
    ).one_or_none()


def list_open(
    session: Session, programs: Collection[str] | None, after: UUID | None, limit: int
) -> Sequence[tuple[NameCorrection, Certificate]]:
    """Undecided requests with their certificates, oldest first: of ``programs`` (None: of all), after ``after``."""
    query = (
        select(NameCorrection, Certificate)
        .join(Certificate, Certificate.id == NameCorrection.open_for)
        .order_by(NameCorrection.id)
        .limit(limit)
    )
    if programs is not None:
        query = query.where(NameCorrection.program_slug.in_(programs))
    if after is not None:
        query = query.where(NameCorrection.id > after)
    return [(row[0], row[1]) for row in session.execute(query)]
