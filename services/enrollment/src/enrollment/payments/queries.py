"""Reading payments for answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from contracts.http.enrollment import AdminPaymentDetailOut, AdminPaymentOut, AdminPaymentsOut, PaymentOut, RefundOut
from enrollment import paging
from enrollment.models import Enrollment, Payment, Refund
from enrollment.payments import policy
from enrollment.payments.locks import PaymentNotFound

_SHOWN: tuple[Any, ...] = (
    Payment.id,
    Payment.reference,
    Payment.status,
    Payment.program_slug,
    Payment.cohort_id,
    Payment.enrollment_id,
    Payment.student_id.label("user_id"),
    Payment.amount_minor,
    Payment.currency,
    Payment.received_minor,
    Payment.received_currency,
    Payment.refunded_minor,
    Payment.discount_minor,
    Payment.coupon_code,
    Payment.instalment,
    Payment.review,
    Payment.paid_at,
    Payment.created_at,
    Payment.hold_expires_at.label("expires_at"),
    Enrollment.status.label("enrollment_status"),
)


def _select() -> Select[Any]:
    query: Select[Any] = select(*_SHOWN)
    return query.join(Enrollment, Enrollment.id == Payment.enrollment_id)


def get_own(session: Session, reference: str, student_id: UUID) -> PaymentOut:
    """The student's payment; another's does not exist for them."""
    row = session.execute(_select().where(Payment.reference == reference)).one_or_none()
    if row is None or row.user_id != student_id:
        raise PaymentNotFound(f"There is no payment {reference!r}.")
    return PaymentOut.model_validate(row)


def is_unpaid(payment: PaymentOut) -> bool:
    """Whether Paystack may know more about it than we do."""
    return payment.status in policy.UNPAID


def get_detail(session: Session, reference: str) -> AdminPaymentDetailOut:
    """A payment with its refunds, for administrators."""
    row = session.execute(_select().where(Payment.reference == reference)).one_or_none()
    if row is None:
        raise PaymentNotFound(f"There is no payment {reference!r}.")
    refunds = session.scalars(select(Refund).where(Refund.payment_id == row.id).order_by(Refund.id))
    return AdminPaymentDetailOut(
        **dict(AdminPaymentOut.model_validate(row)), refunds=[RefundOut.model_validate(refund) for refund in refunds]
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which payments a list shows; what is not given does not matter. ``review``: a person must look at them."""

    status: str | None = None
    review: bool | None = None


def list_page(session: Session, wanted: Wanted, cursor: str | None, limit: int) -> AdminPaymentsOut:
    """Payments newest first, for administrators."""
    query = _select().order_by(Payment.id.desc()).limit(limit + 1)
    if wanted.status is not None:
        query = query.where(Payment.status == wanted.status)
    if wanted.review is not None:
        query = query.where(Payment.review.is_not(None) if wanted.review else Payment.review.is_(None))
    after = paging.decode_id(cursor)
    if after is not None:
        query = query.where(Payment.id < after)
    rows: Sequence[Any] = session.execute(query).all()
    page = rows[:limit]
    return AdminPaymentsOut(
        payments=[AdminPaymentOut.model_validate(row) for row in page],
        next_cursor=paging.encode(str(page[-1].id)) if len(rows) > limit else None,
    )
