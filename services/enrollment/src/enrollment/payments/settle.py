"""The one place where money takes effect: webhook, verify call and reconciliation all end here, under locks.

A reference takes effect once, however often and in whatever order its charge arrives. What a charge can lead to:

    success, as asked for     PaymentVerified, then access (EnrollmentActivated) or an automatic refund
    success, but different    ``mismatched``: no access, visible for review
    failed                    the seat is free, a new checkout may begin
    reversed                  the money went back at Paystack
    anything else             nothing yet; reconciliation asks again
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.messaging import emit
from contracts.events import PaymentVerified
from contracts.events.enrollment import Origin
from contracts.rules import decide_enrollment
from enrollment.audit import PAYSTACK, record
from enrollment.cohorts.repository import count_seats
from enrollment.enrollments import steps
from enrollment.enrollments.policy import SEATED
from enrollment.instalments import service as instalments
from enrollment.models import Enrollment, ErasedStudent, Payment
from enrollment.payments import checkout, policy, refunding
from enrollment.payments.locks import Case, lock_case
from enrollment.payments.standing import apply_standing
from enrollment.paystack import Charge


@dataclass(frozen=True, slots=True)
class Terms:
    """What the work on money needs of the settings."""

    domain: str
    grace: timedelta
    #: Students are reminded so many days before an instalment is due.
    reminder_days: tuple[int, ...] = (7, 1)


def settle(session: Session, reference: str, charge: Charge, terms: Terms, now: datetime) -> Payment:
    """Let a verified charge take effect; answers the payment as it is then."""
    case = lock_case(session, reference, now)
    payment = case.payment
    if payment.received_minor is None:
        if charge.status == "success":
            _receive(session, case, charge, terms, now)
        elif charge.status == "failed":
            _fail(session, case, now)
        elif charge.status == "reversed":
            _receive_reversed(session, case, charge, terms, now)
    elif charge.status == "reversed":
        refunding.take_reversal(session, case, now)
    return payment


def _receive(session: Session, case: Case, charge: Charge, terms: Terms, now: datetime) -> None:
    payment = case.payment
    _note_money(case, charge, now)
    problem = policy.find_mismatch(
        policy.Price(payment.amount_minor, payment.currency, terms.domain),
        policy.Money(charge.amount_minor, charge.requested_minor, charge.currency, charge.domain),
    )
    if problem is not None:
        _put_under_review(session, case, problem, now)
        return
    _tell_verified(session, payment, now)
    honour(session, case, terms, now)


def honour(session: Session, case: Case, terms: Terms, now: datetime) -> None:
    """Verified money gives access, or what is left of it goes back."""
    payment = case.payment
    pays_a_part = instalments.pays(session, case.enrollment, payment)
    part = None if pays_a_part else instalments.take_money(session, case.enrollment, payment, now)
    if part:
        arrival = policy.Arrival(*part)
    else:
        arrival = policy.decide_arrival(_arrival_facts(session, case, terms, now, pays_a_part=pays_a_part))
    if part and arrival.honoured:
        checkout.end_rival(session, case, now, part=payment.instalment)
    elif arrival.honoured:
        _give_access(session, case, arrival.reason, now)
    else:
        _give_back(session, payment, arrival.reason, now)
        _cancel_own_checkout(session, case, now)
    apply_standing(session, case, now)


def origin_of(payment: Payment) -> Origin:
    """How an enrollment began to which this payment gave access."""
    return "payment" if payment.amount_minor else "free"


def _give_back(session: Session, payment: Payment, reason: str, now: datetime) -> None:
    """All that is left, if anything is: for a free place nothing came, and what came may be on its way already."""
    left = refunding.left_of(session, payment)
    if left > 0:
        refunding.queue(session, payment, left, "automatic", reason, now)


def _note_money(case: Case, charge: Charge, now: datetime) -> None:
    payment = case.payment
    payment.received_minor = charge.amount_minor if charge.amount_minor is not None else charge.requested_minor or 0
    payment.received_currency = (charge.currency or payment.currency)[:10]
    payment.provider_id = charge.provider_id
    payment.paid_at = min(charge.paid_at, now) if charge.paid_at else now
    payment.next_check_at = payment.initialising_until = None


def _put_under_review(session: Session, case: Case, problem: str, now: datetime) -> None:
    """Money that is not what was asked for: never access, never hidden."""
    payment = case.payment
    payment.matched = False
    payment.status = "mismatched"
    payment.review = problem[:500]
    payment.version += 1
    record(session, now, PAYSTACK, "payment.mismatched", ("payment", payment.reference), reason=problem)
    _cancel_own_checkout(session, case, now)
    apply_standing(session, case, now)


def _cancel_own_checkout(session: Session, case: Case, now: datetime) -> None:
    """The seat of a pending enrollment is free when it was this payment's to use; the reference is closed."""
    owns = case.payment.open_enrollment is not None
    case.payment.open_enrollment = None
    session.flush()
    if owns and case.enrollment.status == "pending":
        steps.cancel(session, case.enrollment, now)


def _tell_verified(session: Session, payment: Payment, now: datetime) -> None:
    payment.version += 1
    assert payment.paid_at is not None
    emit(
        session,
        PaymentVerified(
            sequence=payment.version,
            payment_id=payment.id,
            reference=payment.reference,
            student_id=payment.student_id,
            program_slug=payment.program_slug,
            cohort_id=payment.cohort_id,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            paid_at=payment.paid_at,
        ),
    )
    record(session, now, PAYSTACK, "payment.verified", ("payment", payment.reference), received=payment.received_minor)


def _arrival_facts(
    session: Session, case: Case, terms: Terms, now: datetime, *, pays_a_part: bool
) -> policy.ArrivalFacts:
    payment, enrollment = case.payment, case.enrollment
    seats_left, window_allows = _late_facts(session, case, now)
    assert payment.paid_at is not None
    return policy.ArrivalFacts(
        enrollment_status=enrollment.status,
        has_other_enrollment=any(one.status in SEATED for one in case.other_live()),
        erased=session.get(ErasedStudent, payment.student_id) is not None,
        paid_at=payment.paid_at,
        hold_expires_at=payment.hold_expires_at or payment.created_at,
        grace=terms.grace,
        keeps_seat=_keeps_seat(enrollment, now),
        seats_left=seats_left,
        window_allows=window_allows,
        pays_a_part=pays_a_part,
    )


def _keeps_seat(enrollment: Enrollment, now: datetime) -> bool:
    return enrollment.status == "pending" and enrollment.seat_until is not None and now < enrollment.seat_until


def _late_facts(session: Session, case: Case, now: datetime) -> tuple[int | None, bool]:
    """Seats left, and whether the window would let the student in now; asked only of late money, under the lock."""
    cohort = case.cohort
    if cohort is None:
        return None, False
    taken = count_seats(session, [cohort.id], now).of(cohort.id) - _keeps_seat(case.enrollment, now)
    decision = decide_enrollment(already_enrolled=False, cohorts=[cohort.facts(taken)], now=now)
    return cohort.seats_left(taken), decision.allowed


def _give_access(session: Session, case: Case, why: str, now: datetime) -> None:
    """This payment's enrollment is active; every other open checkout of the student in the program ends."""
    for enrollment in case.other_live():
        checkout.close(session, enrollment, case.open_payment_of(enrollment), now)
    checkout.end_rival(session, case, now, part=case.payment.instalment)
    steps.activate(session, case.enrollment, origin_of(case.payment), now, payment_id=case.payment.id)
    instalments.begin(session, case.enrollment, case.payment, now)
    record(session, now, PAYSTACK, "enrollment.activated", ("enrollment", case.enrollment.id), reason=why)


def _fail(session: Session, case: Case, now: datetime) -> None:
    payment = case.payment
    if payment.status == "failed":
        return
    payment.status = "failed"
    payment.next_check_at = payment.initialising_until = None
    payment.version += 1
    record(session, now, PAYSTACK, "payment.failed", ("payment", payment.reference))
    _cancel_own_checkout(session, case, now)
    steps.outdate(
        session, student_id=payment.student_id, program_slug=payment.program_slug, cohort_id=payment.cohort_id
    )


def _receive_reversed(session: Session, case: Case, charge: Charge, terms: Terms, now: datetime) -> None:
    """It was paid and went back before we knew of either."""
    payment = case.payment
    _note_money(case, charge, now)
    payment.matched = charge.domain == terms.domain
    _cancel_own_checkout(session, case, now)
    refunding.take_reversal(session, case, now)


def is_known(session: Session, reference: str) -> bool:
    """Whether a reference is one of ours."""
    return session.scalar(select(Payment.id).where(Payment.reference == reference)) is not None
