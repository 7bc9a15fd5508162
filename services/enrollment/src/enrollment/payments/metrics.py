"""Money in numbers: payments and refunds by state, deliveries that wait, and what must be zero: paid, not enrolled."""

from datetime import datetime, timedelta
from typing import Any, get_args

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from chassis.messaging import Gauge
from contracts.http.enrollment import PaymentStatus, RefundStatus
from enrollment.models import Enrollment, Instalment, Payment, Refund, Webhook

Numbers = dict[tuple[str, ...], float]


def count_payments(session: Session, _: datetime) -> Numbers:
    """By status, every status there is."""
    rows = session.execute(select(Payment.status, func.count()).group_by(Payment.status))
    return _none_of(PaymentStatus) | {(status,): count for status, count in rows}


def count_refunds(session: Session, _: datetime) -> Numbers:
    """By status, every status there is."""
    rows = session.execute(select(Refund.status, func.count()).group_by(Refund.status))
    return _none_of(RefundStatus) | {(status,): count for status, count in rows}


def _none_of(statuses: object) -> Numbers:
    return {(str(status),): 0.0 for status in get_args(statuses)}


def count_waiting(session: Session, _: datetime) -> Numbers:
    """Deliveries that have not taken effect yet."""
    return {(): session.scalar(select(func.count()).where(Webhook.next_attempt_at.is_not(None))) or 0}


def age_of_waiting(session: Session, now: datetime) -> Numbers:
    """Of the one that came first, in seconds; 0 when none waits."""
    came = session.scalar(select(func.min(Webhook.received_at)).where(Webhook.next_attempt_at.is_not(None)))
    return {(): max(0.0, (now - came).total_seconds()) if came else 0.0}


#: Statuses of money that we keep.
KEPT = ("succeeded", "partially_refunded")
#: Statuses of an enrollment that has not been active (again).
UNOPENED = ("pending", "cancelled")
#: The row of the enrollment was deleted, or lost with a backup.
GONE = Enrollment.id.is_(None)


def select_stranded(*columns: Any) -> Select[Any]:
    """Of money that we keep and that neither gave access nor is on its way back nor under review.

    Access that it gave may be complete, or have been taken away by staff or with the account. It may rest where it is
    paid in parts; otherwise it rests only over a refund or a dispute, and then the money is not kept. Money whose
    enrollment is gone is found too.
    """
    pays_a_part = exists().where(Instalment.payment_id == Payment.id)
    untied = and_(or_(Enrollment.payment_id.is_(None), Enrollment.payment_id != Payment.id), ~pays_a_part)
    rests = and_(Enrollment.status == "suspended", Payment.instalment.is_(None))
    query = select(*columns).select_from(Payment).outerjoin(Enrollment, Enrollment.id == Payment.enrollment_id)
    return query.where(Payment.status.in_(KEPT), or_(GONE, Enrollment.status.in_(UNOPENED), untied, rests))


def count_stranded(session: Session) -> int:
    """How much of that there is."""
    return session.scalar(select_stranded(func.count())) or 0


#: Looking at every payment costs more than looking at what waits.
_SELDOM = timedelta(seconds=30)

GAUGES = (
    Gauge("edx_payments", "Payments by status", count_payments, labels=("status",), every=_SELDOM),
    Gauge(
        "edx_paid_but_not_enrolled",
        "Kept money without access; must be 0",
        lambda session, _: {(): count_stranded(session)},
        every=_SELDOM,
    ),
    Gauge("edx_refunds", "Refunds by status", count_refunds, labels=("status",), every=_SELDOM),
    Gauge("edx_webhooks_waiting", "Deliveries stored and not yet processed", count_waiting),
    Gauge("edx_webhooks_oldest_waiting_seconds", "Age of the oldest of them", age_of_waiting),
)
