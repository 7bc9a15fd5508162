"""Heals valid certificates whose PDF is not there: the job that makes documents is asked to make it now."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from certificates.models import ISSUED, PENDING, READY, Certificate
from chassis.messaging.sweeps import Sweep

#: Making a document takes well under a second; the object store may be away for a while.
_GRACE = timedelta(minutes=5)
#: A document in hand is due again within this (``documents.service``): what is due later waits after a failure.
_IN_HAND = timedelta(minutes=2)


def certificate_without_document() -> Sweep:
    """Certificate without its PDF."""
    return Sweep("certificate_without_document", find, repair, every=timedelta(minutes=5))


def find(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """Valid certificates of living accounts, issued a while ago, whose document is not ready."""
    wanted = (
        Certificate.status == ISSUED,
        Certificate.recipient_name.is_not(None),
        Certificate.document_state != READY,
        Certificate.issued_at < now - _GRACE,
    )
    return session.scalars(select(Certificate.id).where(*wanted).order_by(Certificate.id).limit(limit)).all()


def repair(session: Session, certificate_id: UUID, now: datetime) -> None:
    """Due now, unless somebody has it in hand. One that was given up although it is wanted is asked for anew."""
    certificate = session.scalars(select(Certificate).where(Certificate.id == certificate_id).with_for_update()).one()
    if certificate.status != ISSUED or certificate.recipient_name is None or certificate.document_state == READY:
        return
    if certificate.document_state != PENDING:
        certificate.document_state, certificate.document_attempts = PENDING, 0
    elif certificate.document_due_at <= now + _IN_HAND:
        return
    certificate.document_due_at = now
