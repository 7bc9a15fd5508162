"""What staff reads and locks."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from certificates.models import Certificate


def list_certificates(
    session: Session,
    programs: Collection[str] | None,
    student_id: UUID | None,
    code: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Certificate]:
    """Certificates newest first: of ``programs`` (None: of all), of a student, of a code, older than ``before``."""
    query = select(Certificate).order_by(Certificate.id.desc()).limit(limit)
    if programs is not None:
        query = query.where(Certificate.program_slug.in_(programs))
    if student_id is not None:
        query = query.where(Certificate.student_id == student_id)
    if code is not None:
        query = query.where(Certificate.code == code)
    if before is not None:
        query = query.where(Certificate.id < before)
    return session.scalars(query).all()
