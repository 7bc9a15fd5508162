"""Locks, always in one order: cohort, the student's enrollments of the program by id, their payments by id.

A settle, a checkout, an expiry and an administrator that meet at one student wait for each other and never deadlock
by design; where MySQL disagrees, the whole transaction runs again (``Database.run``, ``ServiceRoute``).

The rows are found through indexes on columns that never change. Through ``uq_enrollments_live`` a locking read that
waits for somebody who ends or begins an enrollment misses the row: its entry has moved behind the reader meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.errors import NotFound
from enrollment.cohorts.views import CohortView, select_cohorts
from enrollment.enrollments.policy import LIVE
from enrollment.models import Cohort, Enrollment, Payment


class PaymentNotFound(NotFound):
    title = "There is no such payment"


class EnrollmentGone(RuntimeError):
    """The row for which a payment was made was deleted, or lost with a backup: nothing can be decided about it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A payment with all that settling it may change, locked. ``cohort`` is locked only when seats may matter."""

    payment: Payment
    enrollment: Enrollment
    enrollments: Sequence[Enrollment]
    payments: Sequence[Payment]
    cohort: CohortView | None

    def other_live(self) -> list[Enrollment]:
        """The student's live enrollments of the program beside the payment's own."""
        return [one for one in self.enrollments if one.id != self.enrollment.id and one.status in LIVE]

    def open_payment_of(self, enrollment: Enrollment) -> Payment | None:
        """The checkout of an enrollment that can still be continued."""
        return next((one for one in self.payments if one.open_enrollment == enrollment.id), None)


def lock_enrollments(session: Session, student_id: UUID, program_slug: str) -> list[Enrollment]:
    """All enrollments of a student in a program, locked."""
    return list(
        session.scalars(
            select(Enrollment)
            .with_hint(Enrollment, "FORCE INDEX (ix_enrollments_student_id_program_slug)")
            .where(Enrollment.student_id == student_id, Enrollment.program_slug == program_slug)
            .order_by(Enrollment.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def lock_payments(session: Session, student_id: UUID, program_slug: str) -> list[Payment]:
    """All payments of a student for a program, locked."""
    return list(
        session.scalars(
            select(Payment)
            .with_hint(Payment, "FORCE INDEX (ix_payments_student_id_program_slug)")
            .where(Payment.student_id == student_id, Payment.program_slug == program_slug)
            .order_by(Payment.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def find_key(session: Session, reference: str) -> Any:
    """What never changes about a payment, enough to know what to lock; None for an unknown reference."""
    return session.execute(
        select(
            Payment.id,
            Payment.student_id,
            Payment.program_slug,
            Payment.cohort_id,
            Payment.enrollment_id,
            Payment.hold_expires_at,
        ).where(Payment.reference == reference)
    ).one_or_none()


def lock_case(session: Session, reference: str, now: datetime) -> Case:
    """The payment with what belongs to it; ``PaymentNotFound`` for an unknown reference, ``EnrollmentGone``."""
    key = find_key(session, reference)
    if key is None:
        raise PaymentNotFound(f"There is no payment {reference!r}.")
    cohort = None
    if key.hold_expires_at is not None and key.hold_expires_at <= now:  # late money needs a seat
        row = session.execute(select_cohorts(Cohort.id == key.cohort_id).with_for_update()).one()
        cohort = CohortView.of(row)
    enrollments = lock_enrollments(session, key.student_id, key.program_slug)
    payments = lock_payments(session, key.student_id, key.program_slug)
    enrollment = next((one for one in enrollments if one.id == key.enrollment_id), None)
    if enrollment is None:
        raise EnrollmentGone(f"enrollment {key.enrollment_id} of payment {reference} is gone: bring its row back")
    return Case(
        payment=next(one for one in payments if one.id == key.id),
        enrollment=enrollment,
        enrollments=enrollments,
        payments=payments,
        cohort=cohort,
    )
