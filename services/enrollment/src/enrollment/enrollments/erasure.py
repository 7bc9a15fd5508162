"""AccountErased: no place, no open checkout, no personal data. What was paid stays in the books under a bare id."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from contracts.events import AccountErased
from enrollment.audit import RULES, record
from enrollment.enrollments import policy, steps
from enrollment.models import Enrollment, ErasedStudent, Payment, Webhook
from enrollment.payments import checkout
from enrollment.payments.locks import lock_enrollments, lock_payments
from enrollment.webhooks.inbox import ERASED_BODY


def erase(session: Session, event: AccountErased, now: datetime) -> None:
    """End every live enrollment, and remove what Paystack told us about the person."""
    student = event.account_id
    row = insert(ErasedStudent).values(id=student, erased_at=now)
    session.execute(row.on_duplicate_key_update(id=row.inserted.id))
    programs = session.scalars(
        select(Enrollment.live_program).where(Enrollment.student_id == student, Enrollment.live_program.is_not(None))
    ).all()
    for program in sorted(slug for slug in programs if slug):
        enrollments = lock_enrollments(session, student, program)
        payments = lock_payments(session, student, program)
        for enrollment in enrollments:
            if enrollment.status in policy.SEATED:
                steps.revoke(session, enrollment, "erased", now)
                record(session, now, RULES, "enrollment.revoked", ("enrollment", enrollment.id), reason="erased")
            open_payment = next((one for one in payments if one.open_enrollment == enrollment.id), None)
            checkout.close(session, enrollment, open_payment, now)
    _scrub_deliveries(session, event)


def _scrub_deliveries(session: Session, event: AccountErased) -> None:
    """Paystack's bodies carry e-mail addresses and card digits; those still to be processed are scrubbed after it."""
    references = session.scalars(select(Payment.reference).where(Payment.student_id == event.account_id)).all()
    if references:
        session.execute(
            update(Webhook)
            .where(Webhook.reference.in_(references), Webhook.next_attempt_at.is_(None))
            .values(body=ERASED_BODY)
        )
