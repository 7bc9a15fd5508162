"""What becomes of the parts of a price: agreed with the first payment, paid one by one, reopened by a refund."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from chassis.ids import new_id
from enrollment.audit import PAYSTACK, RULES, record
from enrollment.instalments import plans, policy, repository
from enrollment.models import Enrollment, ErasedStudent, Instalment, Payment

#: What a payment alone would mean for access, and why (of ``payments.policy``).
Verdict = Callable[[Payment], tuple[policy.Access, str | None]]


def begin(session: Session, enrollment: Enrollment, payment: Payment, now: datetime) -> None:
    """The payment that gave access was the first part of a plan: the others are to be paid from now on. Where they
    have begun before they go on, and are looked at again.
    """
    begun = repository.list_locked(session, enrollment.id) if payment.instalment is not None else []
    for one in begun:
        if one.payment_id is None and one.next_step_at is None:
            one.next_step_at = now
    if begun or payment.agreed_plan is None:
        return
    grace_days = payment.agreed_plan["grace_days"]
    for part in plans.parts_of(payment.agreed_plan):
        due_at, suspends_at = part.due_at, part.suspends_at
        if part.number > 1:
            due_at, suspends_at = policy.renewed(due_at, suspends_at, grace_days, now)
        first = part.number == payment.instalment
        session.add(
            Instalment(
                id=new_id(),
                enrollment_id=enrollment.id,
                number=part.number,
                amount_minor=part.amount_minor,
                discount_minor=part.discount_minor,
                currency=payment.currency,
                due_at=due_at,
                suspends_at=suspends_at,
                grace_days=grace_days,
                payment_id=payment.id if first else None,
                paid_at=payment.paid_at if first else None,
                next_step_at=None if first else now,
                version=1,
                created_at=now,
            )
        )
    parts = len(payment.agreed_plan["parts"])
    record(session, now, PAYSTACK, "instalments.begun", ("enrollment", enrollment.id), parts=parts)
    session.flush()


def pays(session: Session, enrollment: Enrollment, payment: Payment) -> bool:
    """Whether the payment pays a part of the enrollment already."""
    if payment.instalment is None:
        return False
    return any(part.payment_id == payment.id for part in repository.list_locked(session, enrollment.id))


def take_money(session: Session, enrollment: Enrollment, payment: Payment, now: datetime) -> tuple[bool, str] | None:
    """Verified money for a part of an enrollment that is paid in parts: whether it pays, and why (not).

    None when the payment is not for one; then it is judged like any other money.
    """
    if payment.instalment is None:
        return None
    parts = repository.list_locked(session, enrollment.id)
    if not parts:
        return None
    part = next((one for one in parts if one.number == payment.instalment), None)
    refusal = policy.refuse_money(
        policy.ArrivalFacts(
            enrollment_status=enrollment.status,
            erased=session.get(ErasedStudent, payment.student_id) is not None,
            amount_minor=payment.amount_minor,
            part_amount_minor=part.amount_minor if part else None,
            part_is_paid=part is not None and part.payment_id is not None,
        )
    )
    if refusal is not None or part is None:
        return False, refusal or "instalment_changed"
    part.payment_id, part.paid_at, part.next_step_at = payment.id, payment.paid_at, None
    part.version += 1
    number, reference = part.number, payment.reference
    record(session, now, PAYSTACK, "instalment.paid", ("enrollment", enrollment.id), number=number, payment=reference)
    session.flush()
    return True, "instalment_paid"


def follow(
    session: Session,
    enrollment: Enrollment,
    parts: Sequence[Instalment],
    payments: Sequence[Payment],
    verdict_of: Verdict,
    now: datetime,
) -> tuple[policy.Access, str | None]:
    """The access of an enrollment paid in parts. A part whose money went back is to be paid again, while any other
    part is still paid for.
    """
    by_id = {payment.id: payment for payment in payments}
    verdicts = {part.id: verdict_of(by_id[part.payment_id]) for part in parts if part.payment_id is not None}

    def decide() -> tuple[policy.Access, str | None]:
        paid = {part.id: verdicts[part.id] for part in parts if part.payment_id is not None}
        return policy.decide_access(
            [policy.PartStanding(part.suspends_at, *paid.get(part.id, (None, None))) for part in parts], now
        )

    access, reason = decide()
    returned = [part for part in parts if part.payment_id is not None and verdicts[part.id][0] == "revoked"]
    if access == "revoked" or not returned:
        return access, reason
    for part in returned:
        _reopen(session, enrollment, part, verdicts[part.id][1], now)
    paying = [part.payment_id for part in parts if part.payment_id is not None]
    if enrollment.payment_id not in paying:
        enrollment.payment_id = paying[0]
    session.flush()
    return decide()


def _reopen(session: Session, enrollment: Enrollment, part: Instalment, reason: str | None, now: datetime) -> None:
    """Its money went back: it is to be paid again, with a grace of its own."""
    part.payment_id = part.paid_at = None
    part.due_at, part.suspends_at = policy.renewed(part.due_at, part.suspends_at, part.grace_days, now)
    part.next_step_at = now
    part.version += 1
    number = part.number
    record(session, now, RULES, "instalment.reopened", ("enrollment", enrollment.id), reason=reason, number=number)


def release_kept(
    session: Session, enrollment: Enrollment, parts: Sequence[Instalment], payments: Sequence[Payment]
) -> list[Payment]:
    """The enrollment has ended over its money: payments of parts that we still keep pay for nothing any more."""
    paying = {part.payment_id: part for part in parts if part.payment_id is not None}
    kept = [payment for payment in payments if payment.id in paying and payment.status != "refunded"]
    enrollment.payment_id = next(one.id for one in payments if one.id in paying and one not in kept)
    for payment in kept:
        paying[payment.id].payment_id = None
        paying[payment.id].version += 1
    session.flush()
    return kept
