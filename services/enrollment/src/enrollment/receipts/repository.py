"""Payments with what a receipt and the history need of them: columns, not entities (DESIGN §7)."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from enrollment.models import Cohort, Dispute, Payment, Program, Refund

_SHOWN: tuple[Any, ...] = (
    Payment.id,
    Payment.reference,
    Payment.student_id,
    Payment.status,
    Payment.program_slug,
    Program.title.label("program_title"),
    Payment.cohort_id,
    Cohort.slug.label("cohort_slug"),
    Payment.amount_minor,
    Payment.currency,
    Payment.received_minor,
    Payment.received_currency,
    Payment.refunded_minor,
    Payment.instalment,
    Payment.discount_minor,
    Payment.coupon_code,
    Payment.matched,
    Payment.created_at,
    Payment.paid_at,
)


def _select(*more: Any) -> Select[Any]:
    query: Select[Any] = select(*_SHOWN, *more).select_from(Payment)
    return query.outerjoin(Program, Program.slug == Payment.program_slug).outerjoin(
        Cohort, Cohort.id == Payment.cohort_id
    )


def find(session: Session, reference: str) -> Any:
    """One payment with its cohort's dates; None if there is no such reference."""
    query = _select(Cohort.timezone, Cohort.start_date, Cohort.end_date)
    return session.execute(query.where(Payment.reference == reference)).one_or_none()


def list_of_student(session: Session, student_id: UUID, after: UUID | None, limit: int) -> Sequence[Any]:
    """The student's payments of all programs, newest first."""
    query = _select().where(Payment.student_id == student_id).order_by(Payment.id.desc()).limit(limit)
    rows: Sequence[Any] = session.execute(query if after is None else query.where(Payment.id < after)).all()
    return rows


def refunds_of(session: Session, payments: Iterable[UUID]) -> Sequence[Any]:
    """Refunds of these payments, oldest first."""
    columns = (Refund.payment_id, Refund.amount_minor, Refund.status, Refund.created_at, Refund.processed_at)
    rows: Sequence[Any] = session.execute(
        select(*columns).where(Refund.payment_id.in_(list(payments))).order_by(Refund.id)
    ).all()
    return rows


def lost_disputes_of(session: Session, payment_id: UUID) -> Sequence[Any]:
    """Disputes by which the payer's bank took money back, oldest first."""
    columns = (Dispute.amount_minor, Dispute.opened_at, Dispute.resolved_at)
    rows: Sequence[Any] = session.execute(
        select(*columns).where(Dispute.payment_id == payment_id, Dispute.status == "lost").order_by(Dispute.id)
    ).all()
    return rows
