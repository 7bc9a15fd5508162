"""Disputes: believed from the signed body, in whatever order their messages arrive."""

from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.ids import new_id
from chassis.messaging import emit
from contracts.events import PaymentDisputed
from contracts.events.enrollment import DisputeOutcome
from enrollment.audit import PAYSTACK, record
from enrollment.models import Dispute
from enrollment.payments import policy
from enrollment.payments.locks import Case, lock_case
from enrollment.payments.standing import apply_standing
from enrollment.paystack import DisputeNotice


def take_notice(session: Session, notice: DisputeNotice, now: datetime) -> str:
    """A ``charge.dispute.*`` event; answers what came of it. The payment's money must have been noted before."""
    case = lock_case(session, notice.reference, now)
    outcome = policy.dispute_outcome(notice.status, notice.resolution)
    dispute = session.scalars(select(Dispute).where(Dispute.provider_id == notice.provider_id)).one_or_none()
    if dispute is not None and (dispute.status != "open" or outcome == "open"):
        return f"dispute {notice.provider_id} is {dispute.status} already"
    if dispute is None:
        dispute = _new(case, notice, now)
        session.add(dispute)
    dispute.status = outcome
    dispute.resolution = notice.resolution
    dispute.resolved_at = None if outcome == "open" else now
    dispute.amount_minor = notice.amount_minor if notice.amount_minor is not None else dispute.amount_minor
    _tell(session, case, dispute, now)
    apply_standing(session, case, now)
    return f"dispute {notice.provider_id} is {outcome}"


def _new(case: Case, notice: DisputeNotice, now: datetime) -> Dispute:
    return Dispute(
        id=new_id(),
        payment_id=case.payment.id,
        provider_id=notice.provider_id,
        status="open",
        amount_minor=notice.amount_minor,
        opened_at=now,
    )


def _tell(session: Session, case: Case, dispute: Dispute, now: datetime) -> None:
    payment = case.payment
    payment.version += 1
    emit(
        session,
        PaymentDisputed(
            sequence=payment.version,
            payment_id=payment.id,
            reference=payment.reference,
            student_id=payment.student_id,
            program_slug=payment.program_slug,
            cohort_id=payment.cohort_id,
            outcome=cast(DisputeOutcome, "opened" if dispute.status == "open" else dispute.status),
            amount_minor=dispute.amount_minor,
            occurred_at=now,
        ),
    )
    record(
        session,
        now,
        PAYSTACK,
        f"dispute.{dispute.status}",
        ("payment", payment.reference),
        reason=dispute.resolution,
        dispute=dispute.provider_id,
        amount=dispute.amount_minor,
    )
