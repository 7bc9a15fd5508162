"""Which documents are due, and who has them in hand."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from certificates.models import DISCARD, GONE, PENDING, READY, Certificate


def claim(session: Session, now: datetime, until: datetime, limit: int) -> Sequence[Certificate]:
    """Take documents in hand that are due; nobody else takes them before ``until``."""
    found = session.scalars(
        select(Certificate)
        .where(Certificate.document_state.in_((PENDING, DISCARD)), Certificate.document_due_at <= now)
        .order_by(Certificate.document_due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for certificate in found:
        certificate.document_due_at = until
        certificate.document_attempts += 1
    return found


def note_ready(session: Session, certificate_id: UUID) -> bool:
    """The PDF is in its place; False if it is not wanted any more."""
    return _move(session, certificate_id, PENDING, {"document_state": READY})


def note_gone(session: Session, certificate_id: UUID) -> None:
    """The PDF has been removed."""
    _move(session, certificate_id, DISCARD, {"document_state": GONE})


def note_failed(session: Session, certificate_id: UUID, due_at: datetime) -> None:
    """Try again then."""
    session.execute(update(Certificate).where(Certificate.id == certificate_id).values(document_due_at=due_at))


def _move(session: Session, certificate_id: UUID, state: str, values: dict[str, str]) -> bool:
    at_hand = (Certificate.id == certificate_id, Certificate.document_state == state)
    result = session.execute(update(Certificate).where(*at_hand).values(**values))
    return bool(getattr(result, "rowcount", 0))
