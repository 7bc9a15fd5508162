"""Checkouts of enrolled students: the next unpaid part. Everybody else's begin as ever (``payments.checkout``)."""

from datetime import datetime

from sqlalchemy.orm import Session

from chassis.errors import Conflict
from enrollment.audit import record, student
from enrollment.enrollments.policy import SEATED
from enrollment.instalments import repository
from enrollment.models import Enrollment, Instalment, Payment
from enrollment.payments import checkout
from enrollment.payments.checkout import Order, Reservation
from enrollment.payments.locks import lock_enrollments, lock_payments
from enrollment.payments.references import new_payment


class RefundUnderWay(Conflict):
    code = "refund_under_way"
    title = "What was paid is on its way back"


class CouponComesTooLate(Conflict):
    code = "coupon_comes_too_late"
    title = "The price of your instalments is agreed already"


def reserve(session: Session, order: Order, now: datetime) -> Reservation:
    """The checkout of the next part for whoever has one to pay, on sale or not; else a place in the program."""
    if repository.has_unpaid(session, order.student_id, order.program_slug):
        found = _reserve_part(session, order, now)
        if found is not None:
            return found
    return checkout.reserve(session, order, now)


def _reserve_part(session: Session, order: Order, now: datetime) -> Reservation | None:
    enrollments = lock_enrollments(session, order.student_id, order.program_slug)
    payments = lock_payments(session, order.student_id, order.program_slug)
    enrollment = next((one for one in enrollments if one.status in SEATED), None)
    if enrollment is None:
        return None
    part = next((one for one in repository.list_locked(session, enrollment.id) if one.payment_id is None), None)
    if part is None:
        return None
    _require_payable(enrollment, order)
    open_payment = next((one for one in payments if one.open_enrollment == enrollment.id), None)
    if open_payment is not None:
        if open_payment.instalment == part.number and now < checkout.hold_of(open_payment):
            return checkout.resume(open_payment, order, now)
        checkout.abandon(session, open_payment, now)
        session.flush()
    first = next((one for one in payments if one.id == enrollment.payment_id), None)
    payment = _open(order, enrollment, part, first, now)
    session.add(payment)
    about = {"amount": part.amount_minor, "part": part.number}
    record(session, now, student(order.student_id), "payment.opened", ("payment", payment.reference), terms=about)
    return Reservation(payment, "initialise", created=True)


def _require_payable(enrollment: Enrollment, order: Order) -> None:
    if enrollment.status == "suspended" and enrollment.reason == "refund":
        raise RefundUnderWay("Wait until the refund has ended before you pay another part.")
    if order.coupon is not None:
        raise CouponComesTooLate("A coupon is used when you enrol; leave it out to pay the next part.")


def _open(order: Order, enrollment: Enrollment, part: Instalment, first: Payment | None, now: datetime) -> Payment:
    return new_payment(
        now=now,
        hold_expires_at=now + order.hold,
        lease=order.lease,
        student_id=order.student_id,
        program_slug=order.program_slug,
        cohort_id=enrollment.cohort_id,
        enrollment_id=enrollment.id,
        amount_minor=part.amount_minor,
        currency=part.currency,
        coupon_id=first.coupon_id if first else None,
        coupon_code=first.coupon_code if first else None,
        discount_minor=part.discount_minor,
        instalment=part.number,
    )
