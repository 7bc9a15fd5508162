"""What anybody who holds a code may know."""

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from certificates.issuing.codes import shown, understood
from certificates.models import ISSUED, Certificate
from certificates.verification.schemas import VerificationOut


def verify(session: Session, typed: str) -> VerificationOut | None:
    """The certificate of a code as somebody typed it; None if there is none."""
    code = understood(typed)
    if code is None:
        return None
    newer = aliased(Certificate)
    row = session.execute(
        select(
            Certificate.status,
            Certificate.kind,
            Certificate.title,
            Certificate.recipient_name,
            Certificate.issued_at,
            Certificate.revoked_at,
            newer.code,
        )
        .outerjoin(newer, newer.id == Certificate.superseded_by_id)
        .where(Certificate.code == code)
    ).one_or_none()
    if row is None:
        return None
    status, kind, title, name, issued_at, revoked_at, newer_code = row
    return VerificationOut(
        valid=status == ISSUED,
        status=status,
        kind=kind,
        title=title,
        recipient_name=name,
        issued_at=issued_at,
        revoked_at=revoked_at,
        superseded_by=shown(newer_code) if newer_code else None,
    )
