"""Checkout in two transactions around the call to Paystack: reserve, then store what Paystack answered.

A request that dies in between leaves a payment without a checkout page. Its lease runs out, and the next request
verifies that reference with Paystack before it initialises it (DESIGN §4).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrollment.audit import RULES, Subject, record, student
from enrollment.catalog import offers
from enrollment.catalog import repository as catalog
from enrollment.catalog.offers import EnrollmentClosed
from enrollment.cohorts import repository as cohorts
from enrollment.cohorts.views import CohortView, parse_id
from enrollment.coupons.policy import normalise
from enrollment.coupons.quotes import Quote, quote
from enrollment.enrollments import steps
from enrollment.enrollments.policy import SEATED
from enrollment.instalments import plans
from enrollment.models import Enrollment, Payment
from enrollment.payments.locks import Case, lock_case, lock_enrollments, lock_payments
from enrollment.payments.references import new_payment

Step = Literal["done", "initialise", "verify", "wait"]


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants to enrol in what. ``hold`` is how long the seat is kept, ``lease`` the longest Paystack may take."""

    student_id: UUID
    program_slug: str
    cohort: str | None
    coupon: str | None
    plan: Literal["full", "instalments"] | None
    hold: timedelta
    lease: timedelta


@dataclass(frozen=True, slots=True)
class Reservation:
    """A payment and what to do about it next; ``created`` when this order made it."""

    payment: Payment
    step: Step
    created: bool = False


def reserve(session: Session, order: Order, now: datetime) -> Reservation:
    """Find the order's open checkout, or take a seat and a reference for a new one."""
    catalog.require_published(session, order.program_slug)
    ready = _find_ready(session, order, now)
    if ready is not None:
        return Reservation(ready, "done")
    running = cohorts.list_running(session, [order.program_slug], now, locked=True)
    enrollments = lock_enrollments(session, order.student_id, order.program_slug)
    payments = lock_payments(session, order.student_id, order.program_slug)
    live = next((one for one in enrollments if one.live_program is not None), None)
    checkout = next((one for one in payments if live is not None and one.open_enrollment == live.id), None)
    if checkout is not None and now < hold_of(checkout):
        if _is_wanted(session, checkout, order):
            return resume(checkout, order, now)
        order = _keep_the_rest(session, checkout, order)
    cohort = _choose(session, order, running, live, now)
    agreed = quote(session, order.student_id, cohort, order.coupon, now, locked=True)
    if live is not None:
        close(session, live, checkout, now)
    enrollment = _take_seat(session, order, cohort, enrollments, now)
    session.flush()
    return _open(session, order, cohort, enrollment, agreed, now)


def _find_ready(session: Session, order: Order, now: datetime) -> Payment | None:
    """Without a lock: the checkout that asking again usually finds."""
    payment = session.scalars(
        select(Payment).where(
            Payment.student_id == order.student_id,
            Payment.program_slug == order.program_slug,
            Payment.open_enrollment.is_not(None),
            Payment.authorization_url.is_not(None),
            Payment.hold_expires_at > now,
        )
    ).one_or_none()
    return payment if payment is not None and _is_wanted(session, payment, order) else None


def _is_wanted(session: Session, payment: Payment, order: Order) -> bool:
    """Whether the order leaves the checkout as it is: no other cohort, coupon or plan."""
    same_coupon = order.coupon is None or normalise(order.coupon) == payment.coupon_code
    same_plan = order.plan is None or order.plan == _plan_of(payment)
    return same_coupon and same_plan and _is_in(session, payment, order.cohort)


def _is_in(session: Session, payment: Payment, cohort: str | None) -> bool:
    if cohort is None or parse_id(cohort) == payment.cohort_id:
        return True
    found = cohorts.find(session, cohort)
    return found is not None and found.id == payment.cohort_id


def _plan_of(payment: Payment) -> Literal["full", "instalments"]:
    return "full" if payment.instalment is None else "instalments"


def _keep_the_rest(session: Session, payment: Payment, order: Order) -> Order:
    """The order changes its open checkout: what it does not name stays, unless it moves to another cohort."""
    if not _is_in(session, payment, order.cohort):
        return order
    return replace(
        order,
        cohort=str(payment.cohort_id),
        coupon=order.coupon or payment.coupon_code,
        plan=order.plan or _plan_of(payment),
    )


def hold_of(payment: Payment) -> datetime:
    """Until when an open checkout can be continued."""
    assert payment.hold_expires_at is not None, "an open payment has a hold"
    return payment.hold_expires_at


def resume(payment: Payment, order: Order, now: datetime) -> Reservation:
    """Go on with an open checkout: it has its page, or somebody is asking for it, or who asked for it has died."""
    if payment.authorization_url is not None:
        return Reservation(payment, "done")
    if payment.initialising_until is not None and now < payment.initialising_until:
        return Reservation(payment, "wait")
    payment.initialising_until = now + order.lease
    return Reservation(payment, "verify", created=True)


def _choose(
    session: Session, order: Order, running: list[CohortView], live: Enrollment | None, now: datetime
) -> CohortView:
    known = None if live is None else offers.LiveEnrollment(live.cohort_id, live.status, live.seat_until)
    if known is not None and known.status in SEATED:
        offer = offers.load_offer(session, order.program_slug, None, known, now)
        raise EnrollmentClosed.by(offer)
    if order.cohort is not None and not any(_is_named(one, order.cohort) for one in running):
        raise EnrollmentClosed.by(offers.load_offer(session, order.program_slug, order.cohort, known, now))
    candidates = [one for one in running if order.cohort is None or _is_named(one, order.cohort)]
    seats = cohorts.count_seats(session, [one.id for one in candidates], now)
    offer = offers.decide(candidates, candidates, seats, known, now)
    if not offer.decision.allowed or offer.cohort is None:
        raise EnrollmentClosed.by(offer)
    return offer.cohort


def _is_named(cohort: CohortView, name: str) -> bool:
    return cohort.slug == name or cohort.id == parse_id(name)


def close(session: Session, enrollment: Enrollment, payment: Payment | None, now: datetime) -> None:
    """End an unpaid checkout: its reference is abandoned (and still watched), a seat that was only held is free."""
    if payment is not None:
        abandon(session, payment, now)
    if enrollment.status == "pending":
        steps.cancel(session, enrollment, now)
    session.flush()


def abandon(session: Session, payment: Payment, now: datetime) -> None:
    """A reference that nobody is to pay any more. If somebody does, the money is settled all the same."""
    payment.status = "abandoned"
    payment.open_enrollment = None
    payment.initialising_until = None
    payment.version += 1
    record(session, now, RULES, "payment.abandoned", ("payment", payment.reference))


def end_rival(session: Session, case: Case, now: datetime, *, part: int | None = None) -> None:
    """The case's payment was paid: another checkout that is open for the same (part), or for the whole, is not to be
    paid any more.
    """
    case.payment.open_enrollment = None
    rival = case.open_payment_of(case.enrollment)
    if rival is not None and (part is None or rival.instalment in {None, part}):
        abandon(session, rival, now)
    session.flush()


def _take_seat(
    session: Session, order: Order, cohort: CohortView, enrollments: list[Enrollment], now: datetime
) -> Enrollment:
    until = now + order.hold
    earlier = [one for one in enrollments if one.cohort_id == cohort.id and one.status == "cancelled"]
    if earlier:
        steps.hold_again(session, earlier[-1], until)
        return earlier[-1]
    return steps.start(
        session,
        student_id=order.student_id,
        program_slug=order.program_slug,
        cohort_id=cohort.id,
        seat_until=until,
        now=now,
    )


def _open(
    session: Session, order: Order, cohort: CohortView, enrollment: Enrollment, agreed: Quote, now: datetime
) -> Reservation:
    free = agreed.amount_minor == 0
    by_parts = order.plan == "instalments" and not free
    parts = plans.require_split(cohort, agreed.discount_minor, now) if by_parts else None
    payment = new_payment(
        now=now,
        hold_expires_at=now + order.hold,
        lease=None if free else order.lease,
        student_id=order.student_id,
        program_slug=order.program_slug,
        cohort_id=cohort.id,
        enrollment_id=enrollment.id,
        amount_minor=parts[0].amount_minor if parts else agreed.amount_minor,
        currency=agreed.currency,
        coupon_id=agreed.coupon_id,
        coupon_code=agreed.coupon_code,
        discount_minor=parts[0].discount_minor if parts else agreed.discount_minor,
        instalment=1 if parts else None,
        agreed_plan=plans.agreed(cohort, parts) if parts else None,
    )
    session.add(payment)
    about: tuple[Subject, object] = ("payment", payment.reference)
    terms = {"amount": agreed.amount_minor, "discount": agreed.discount_minor, "coupon": agreed.coupon_code}
    terms |= {"parts": len(parts) if parts else 1}
    record(session, now, student(order.student_id), "payment.opened", about, terms=terms)
    if not free:
        return Reservation(payment, "initialise", created=True)
    payment.status = "succeeded"
    payment.open_enrollment = payment.hold_expires_at = payment.next_check_at = None
    payment.received_minor, payment.received_currency, payment.paid_at = 0, cohort.currency, now
    steps.activate(session, enrollment, "free", now, payment_id=payment.id)
    return Reservation(payment, "done", created=True)


def store(session: Session, reference: str, url: str, access_code: str, now: datetime) -> Payment | None:
    """Keep Paystack's answer; None when the reservation has ended meanwhile."""
    payment = lock_case(session, reference, now).payment
    if payment.open_enrollment is None:
        return None
    payment.authorization_url, payment.access_code = url, access_code
    payment.initialising_until = None
    payment.next_check_at = now + timedelta(minutes=1)
    payment.version += 1
    return payment


def replace_reference(session: Session, reference: str, now: datetime) -> Payment | None:
    """Paystack knows this reference, but its page is lost: go on under a new one, within the same hold."""
    case = lock_case(session, reference, now)
    old = case.payment
    if old.open_enrollment is None or old.authorization_url is not None:
        return None
    abandon(session, old, now)
    session.flush()
    payment = new_payment(old, now=now, hold_expires_at=hold_of(old), lease=timedelta(0))
    session.add(payment)
    record(session, now, RULES, "payment.replaced", ("payment", old.reference), by=payment.reference)
    return payment


def release(session: Session, reference: str, now: datetime) -> None:
    """Paystack gave no page: nobody can pay this reference, so the seat is free again at once."""
    case = lock_case(session, reference, now)
    if case.payment.open_enrollment is not None and case.payment.authorization_url is None:
        close(session, case.enrollment, case.payment, now)
