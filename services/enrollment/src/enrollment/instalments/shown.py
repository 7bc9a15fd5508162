"""The parts of an enrollment as its student sees them."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from enrollment.enrollments.policy import SEATED
from enrollment.instalments import policy, repository
from enrollment.instalments.schemas import BillingInstalment


def list_parts(session: Session, enrollment: Any, now: datetime) -> list[BillingInstalment]:
    """By number; none when the enrollment is not paid in parts, or has ended. Always one query."""
    rows = repository.list_shown(session, enrollment.id if enrollment else None)
    if enrollment is None or enrollment.status not in SEATED:
        return []
    found = policy.statuses([row.paid_at is not None for row in rows], [row.due_at for row in rows], now)
    return [
        BillingInstalment(
            number=row.number,
            amount_minor=row.amount_minor,
            currency=row.currency,
            due_at=row.due_at,
            suspends_at=row.suspends_at,
            status=status,
            paid_at=row.paid_at,
            reference=row.reference,
        )
        for row, status in zip(rows, found, strict=True)
    ]
