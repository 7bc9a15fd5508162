"""Rows of instalments. They are locked after the student's enrollments and payments (``payments.locks``)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrollment.models import Enrollment, Instalment, Payment


def list_locked(session: Session, enrollment_id: UUID) -> list[Instalment]:
    """The parts of an enrollment by number, locked; empty when it is not paid in parts."""
    return list(
        session.scalars(
            select(Instalment)
            .where(Instalment.enrollment_id == enrollment_id)
            .order_by(Instalment.number)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def list_shown(session: Session, enrollment_id: UUID | None) -> Sequence[Any]:
    """The parts of an enrollment with the references that paid them."""
    columns = (
        Instalment.number,
        Instalment.amount_minor,
        Instalment.currency,
        Instalment.due_at,
        Instalment.suspends_at,
        Instalment.paid_at,
        Payment.reference,
    )
    query = select(*columns).outerjoin(Payment, Payment.id == Instalment.payment_id)
    return session.execute(query.where(Instalment.enrollment_id == enrollment_id).order_by(Instalment.number)).all()


def has_unpaid(session: Session, student_id: UUID, program_slug: str) -> bool:
    """Whether the student's live enrollment of the program has a part to pay."""
    query = (
        select(Instalment.id)
        .join(Enrollment, Enrollment.id == Instalment.enrollment_id)
        .where(
            Enrollment.student_id == student_id,
            Enrollment.live_program == program_slug,
            Instalment.payment_id.is_(None),
        )
    )
    return session.scalar(query.limit(1)) is not None


def list_due(session: Session, now: datetime, limit: int) -> Sequence[Any]:
    """Enrollments of which a part is to be looked at."""
    query = (
        select(Enrollment.id, Enrollment.student_id, Enrollment.program_slug)
        .join(Instalment, Instalment.enrollment_id == Enrollment.id)
        .where(Instalment.next_step_at <= now)
    )
    return session.execute(query.distinct().limit(limit)).all()
