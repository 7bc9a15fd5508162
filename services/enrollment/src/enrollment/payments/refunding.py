"""Refunds: queued by staff or by the rules, made at Paystack by a job, or made there by somebody else.

Events about them are believed from the signed body. They carry no id of ours, so an event finds its refund by
Paystack's reference, else by the amount among those that have not ended; else it is a new one (made in Paystack's
dashboard).
"""

from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from chassis.errors import Conflict
from chassis.ids import new_id
from chassis.messaging import emit
from contracts.events import PaymentRefunded
from enrollment.audit import PAYSTACK, RULES, Actor, record
from enrollment.models import Payment, Refund
from enrollment.payments import policy
from enrollment.payments.locks import Case, lock_case
from enrollment.payments.standing import apply_standing, charged_back, disputes_of, gather, refunds_of
from enrollment.paystack import RefundNotice

Origin = Literal["staff", "automatic", "provider"]

GONE_ALREADY = "all of the money went back by other ways"


class NotRefundable(Conflict):
    code = "not_refundable"
    title = "This money cannot be refunded"


def queue(session: Session, payment: Payment, amount: int, origin: Origin, reason: str, now: datetime) -> Refund:
    """A refund to be made at Paystack by the worker, of more than nothing; the caller applies the standing."""
    if amount <= 0:
        raise ValueError(f"a refund of {amount} minor units of payment {payment.reference} cannot be made")
    refund = _new(payment, amount, origin, reason, now)
    session.add(refund)
    if origin == "automatic":
        record(session, now, RULES, "refund.queued", ("payment", payment.reference), reason=reason, amount=amount)
    return refund


def left_of(session: Session, payment: Payment) -> int:
    """What has neither gone back nor is on its way."""
    gone = (one.amount_minor for one in refunds_of(session, payment) if one.status in policy.UNDER_WAY | {"processed"})
    return max(0, (payment.received_minor or 0) - sum(gone) - charged_back(payment, disputes_of(session, payment)))


def _new(payment: Payment, amount: int, origin: Origin, reason: str, now: datetime) -> Refund:
    return Refund(
        id=new_id(),
        payment_id=payment.id,
        amount_minor=amount,
        currency=payment.received_currency or payment.currency,
        status="queued",
        origin=origin,
        reason=reason[:500],
        attempts=0,
        next_attempt_at=now,
        created_at=now,
    )


def ask_for_refund(
    session: Session, reference: str, amount: int | None, reason: str, by: Actor, now: datetime
) -> tuple[Payment, list[Refund]]:
    """Staff give money back: all that is left, or ``amount``; ``NotRefundable`` when there is not so much."""
    case = lock_case(session, reference, now)
    payment = case.payment
    if payment.received_minor is None or payment.status not in policy.REFUNDABLE or payment.received_minor == 0:
        raise NotRefundable(f"Payment {reference} is {payment.status}; there is nothing to refund.")
    left = left_of(session, payment)
    if left <= 0:
        raise NotRefundable(f"All of payment {reference} has been refunded, or is being refunded.")
    if amount is not None and amount > left:
        raise NotRefundable(f"At most {left} minor units are left to refund.", leftMinor=left)
    queue(session, payment, amount or left, "staff", reason, now)
    record(session, now, by, "refund.asked", ("payment", reference), reason=reason, amount=amount or left)
    apply_standing(session, case, now, by)
    return payment, refunds_of(session, payment)


def move(session: Session, case: Case, refund: Refund, told: str, now: datetime, *, error: str | None = None) -> None:
    """A refund's status moves on (or does not: old news); the payment and the enrollment follow."""
    if not policy.is_news(refund.status, told):
        return
    refund.status = told
    refund.error = error[:500] if error else None
    if told == "processed":
        refund.processed_at = now
    if told in {"processed", "failed"}:
        refund.next_attempt_at = None
    record(
        session,
        now,
        PAYSTACK,
        f"refund.{told}",
        ("payment", case.payment.reference),
        reason=error,
        refund=str(refund.id),
        amount=refund.amount_minor,
    )
    if told == "processed":
        _tell_refunded(session, case, refund, now)
    apply_standing(session, case, now)


def _tell_refunded(session: Session, case: Case, refund: Refund, now: datetime) -> None:
    payment = case.payment
    session.flush()
    facts = gather(payment, case.enrollment, refunds_of(session, payment), disputes_of(session, payment))
    payment.version += 1
    emit(
        session,
        PaymentRefunded(
            sequence=payment.version,
            payment_id=payment.id,
            reference=payment.reference,
            student_id=payment.student_id,
            program_slug=payment.program_slug,
            cohort_id=payment.cohort_id,
            refunded_minor=refund.amount_minor,
            total_refunded_minor=facts.refunded_minor,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            full=facts.is_all(facts.refunded_minor),
            refunded_at=now,
        ),
    )


def take_notice(session: Session, notice: RefundNotice, now: datetime) -> str:
    """A ``refund.*`` event; answers what came of it. The payment's money must have been noted before."""
    case = lock_case(session, notice.reference, now)
    refund = _match(refunds_of(session, case.payment), notice)
    if refund is None and 0 < (case.payment.received_minor or 0) <= case.payment.refunded_minor:
        return "all of the money had gone back already"
    if refund is None:
        session.add(refund := _made_there(case.payment, notice.amount_minor, "made at Paystack", now))
        session.flush()
    refund.provider_reference = notice.refund_reference or refund.provider_reference
    refund.provider_id = notice.provider_id or refund.provider_id
    before = refund.status
    move(session, case, refund, notice.status, now)
    if refund.origin == "provider":
        apply_standing(session, case, now)
    return f"refund {refund.id}: {before} → {refund.status}"


def _match(refunds: list[Refund], notice: RefundNotice) -> Refund | None:
    if notice.refund_reference is not None:
        for refund in refunds:
            if refund.provider_reference == notice.refund_reference:
                return refund
    same_amount = [one for one in refunds if one.amount_minor == notice.amount_minor]
    unnamed = [one for one in same_amount if one.provider_reference is None or notice.refund_reference is None]
    moving = [one for one in unnamed if one.status in policy.UNDER_WAY]
    # An ended refund without a name is older news of the same one: better one counted late than one counted twice.
    return next(iter(moving or unnamed), None)


def take_reversal(session: Session, case: Case, now: datetime) -> None:
    """Paystack says that all of the money went back: by refunds that it has accepted, by lost disputes, the rest by
    hand. A refund that finds nothing left was never made.
    """
    payment = case.payment
    refunds = refunds_of(session, payment)
    returned = sum(refund.amount_minor for refund in refunds if refund.status == "processed")
    missing = (payment.received_minor or 0) - returned - charged_back(payment, disputes_of(session, payment))
    under_way = [refund for refund in refunds if refund.status in policy.UNDER_WAY]
    for refund in sorted(under_way, key=lambda one: one.provider_id is None):
        if refund.amount_minor <= missing:
            missing -= refund.amount_minor
            move(session, case, refund, "processed", now)
        elif refund.provider_id is None and refund.origin != "provider":
            move(session, case, refund, "failed", now, error=GONE_ALREADY)
    if missing > 0:
        session.add(refund := _made_there(payment, missing, "reversed at Paystack", now))
        session.flush()
        move(session, case, refund, "processed", now)
    apply_standing(session, case, now)


def _made_there(payment: Payment, amount: int, reason: str, now: datetime) -> Refund:
    """A refund that somebody made at Paystack itself."""
    refund = _new(payment, amount, "provider", reason, now)
    refund.status, refund.next_attempt_at = "pending", None
    return refund
