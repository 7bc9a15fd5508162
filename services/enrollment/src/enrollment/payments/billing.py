"""The student's billing of one program: cached, and exact until the next instant that changes it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.cache import Fresh
from contracts.http.enrollment import BillingOut, BillingPayment
from enrollment.catalog import offers
from enrollment.catalog import repository as catalog
from enrollment.catalog.offers import LiveEnrollment, Offer
from enrollment.cohorts import repository as cohorts
from enrollment.enrollments import policy
from enrollment.instalments import shown
from enrollment.models import Enrollment, Payment
from enrollment.receipts.service import Issuer

#: The newest are shown; more than that only a machine makes.
MOST_PAYMENTS = 100


def get_billing(session: Session, program_slug: str, student_id: UUID, issuer: Issuer, now: datetime) -> Fresh:
    """The ready answer, and the instant until which it is right. Always six queries."""
    catalog.require_known(session, program_slug)
    enrollment = _current(_list_enrollments(session, program_slug, student_id))
    payments = _list_payments(session, program_slug, student_id)
    parts = shown.list_parts(session, enrollment, now)
    also = [enrollment.cohort_id] if enrollment else []
    running = cohorts.list_running(session, [program_slug], now, also=also)
    seats = cohorts.count_seats(session, [cohort.id for cohort in running], now)
    live = _live(enrollment)
    offer = offers.decide(running, [one for one in running if one.on_offer], seats, live, now)
    cohort = offer.view(enrollment.cohort_id) if enrollment else None
    access_ends_at = cohort.calendar.access_ends_at if cohort else now
    answer = BillingOut(
        program_slug=program_slug,
        enrollment_status=enrollment.status if enrollment else "none",
        has_access=enrollment is not None and policy.has_access(enrollment.status, access_ends_at, now),
        cohort=cohort.summary(offer.taken.get(cohort.id, 0)) if cohort else None,
        payments=[_present(payment, issuer) for payment in payments],
        can_retry=can_retry(enrollment, payments, offer, now),
        instalments=parts,
        next_instalment=next((part for part in parts if part.paid_at is None), None),
    )
    dues = [part.due_at for part in parts if part.due_at > now]
    instants = [offer.valid_until, access_ends_at if access_ends_at > now else None, *dues]
    return Fresh(answer.model_dump_json().encode(), min((at for at in instants if at), default=None))


def can_retry(enrollment: Any, payments: Sequence[Any], offer: Offer, now: datetime) -> bool:
    """Whether an unpaid attempt may be continued or begun again; not while its money is under review."""
    if enrollment is None or enrollment.status not in {"pending", "cancelled"}:
        return False
    if payments and payments[0].status == "mismatched":
        return False
    holds = enrollment.status == "pending" and enrollment.seat_until is not None and now < enrollment.seat_until
    return holds or offer.decision.allowed


def _live(enrollment: Any) -> LiveEnrollment | None:
    if enrollment is None or enrollment.status not in policy.LIVE:
        return None
    return LiveEnrollment(enrollment.cohort_id, enrollment.status, enrollment.seat_until)


def _list_enrollments(session: Session, program_slug: str, student_id: UUID) -> Sequence[Any]:
    return session.execute(
        select(
            Enrollment.id,
            Enrollment.cohort_id,
            Enrollment.status,
            Enrollment.seat_until,
            Enrollment.live_program,
            Enrollment.ended_at,
            Enrollment.created_at,
        ).where(Enrollment.student_id == student_id, Enrollment.program_slug == program_slug)
    ).all()


def _current(enrollments: Sequence[Any]) -> Any:
    """The live one, else the one that ended last."""
    live = next((one for one in enrollments if one.live_program is not None), None)
    return live or max(enrollments, key=lambda one: one.ended_at or one.created_at, default=None)


def _list_payments(session: Session, program_slug: str, student_id: UUID) -> Sequence[Any]:
    return session.execute(
        select(
            Payment.reference,
            Payment.status,
            Payment.amount_minor,
            Payment.refunded_minor,
            Payment.discount_minor,
            Payment.coupon_code,
            Payment.instalment,
            Payment.currency,
            Payment.created_at,
            Payment.paid_at,
            Payment.received_minor,
        )
        .where(Payment.student_id == student_id, Payment.program_slug == program_slug)
        .order_by(Payment.id.desc())
        .limit(MOST_PAYMENTS)
    ).all()


def _present(payment: Any, issuer: Issuer) -> BillingPayment:
    return BillingPayment.model_validate({**payment._mapping, "receipt_url": issuer.receipt_url(payment)})
