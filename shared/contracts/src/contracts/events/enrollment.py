"""What enrollment tells about cohorts, payments and enrollments."""

from datetime import date, time
from typing import ClassVar, Literal
from uuid import UUID

from contracts.events.base import Currency, Event, Minor, UtcTime

Origin = Literal["payment", "free", "grant", "restored"]
DisputeOutcome = Literal["opened", "won", "lost"]
RevokeReason = Literal["refund", "chargeback", "staff", "erased"]
OverdueStage = Literal["overdue", "last_warning"]


class CohortScheduled(Event):
    """A cohort exists, or something about it has changed; everything about it is told again."""

    type: ClassVar[str] = "edxelera.enrollment.cohort_scheduled.v1"
    source: ClassVar[str] = "enrollment"
    subject_field: ClassVar[str] = "cohort_id"

    cohort_id: UUID
    slug: str
    program_slug: str
    start_date: date
    end_date: date
    timezone: str
    unlock_time: time
    week_unlocks: dict[int, date]
    seats: int | None
    late_join: bool
    amount_minor: Minor
    currency: Currency
    published: bool
    archived: bool
    access_days: int


class PaymentEvent(Event):
    """Something happened to a payment."""

    source: ClassVar[str] = "enrollment"
    subject_field: ClassVar[str] = "payment_id"

    payment_id: UUID
    reference: str
    student_id: UUID
    program_slug: str
    cohort_id: UUID


class PaymentVerified(PaymentEvent):
    """Paystack confirmed that the amount asked for has been paid."""

    type: ClassVar[str] = "edxelera.enrollment.payment_verified.v1"

    amount_minor: Minor
    currency: Currency
    paid_at: UtcTime


class PaymentRefunded(PaymentEvent):
    """Money went back: `refunded_minor` now, `total_refunded_minor` so far; `full` when nothing is left."""

    type: ClassVar[str] = "edxelera.enrollment.payment_refunded.v1"

    refunded_minor: Minor
    total_refunded_minor: Minor
    amount_minor: Minor
    currency: Currency
    full: bool
    refunded_at: UtcTime


class PaymentDisputed(PaymentEvent):
    """The payer's bank opened a dispute, or it ended; `won` means won by us. `amount_minor` is the disputed part,
    null for all of it.
    """

    type: ClassVar[str] = "edxelera.enrollment.payment_disputed.v1"

    outcome: DisputeOutcome
    amount_minor: Minor | None = None
    occurred_at: UtcTime


class EnrollmentEvent(Event):
    """Something happened to an enrollment."""

    source: ClassVar[str] = "enrollment"
    subject_field: ClassVar[str] = "enrollment_id"

    enrollment_id: UUID
    student_id: UUID
    program_slug: str
    cohort_id: UUID


class EnrollmentActivated(EnrollmentEvent):
    """The student has access now (`restored`: has it again)."""

    type: ClassVar[str] = "edxelera.enrollment.enrollment_activated.v1"

    origin: Origin
    activated_at: UtcTime


class EnrollmentSuspended(EnrollmentEvent):
    """Access rests until the reason is gone."""

    type: ClassVar[str] = "edxelera.enrollment.enrollment_suspended.v1"

    reason: str
    suspended_at: UtcTime


class EnrollmentRevoked(EnrollmentEvent):
    """Access has ended for good."""

    type: ClassVar[str] = "edxelera.enrollment.enrollment_revoked.v1"

    reason: RevokeReason
    revoked_at: UtcTime


class InstalmentEvent(Event):
    """Something about one part of a price that is paid in parts: part `number` of `parts`."""

    source: ClassVar[str] = "enrollment"
    subject_field: ClassVar[str] = "instalment_id"

    instalment_id: UUID
    enrollment_id: UUID
    student_id: UUID
    program_slug: str
    cohort_id: UUID
    number: int
    parts: int
    amount_minor: Minor
    currency: Currency
    due_at: UtcTime
    suspends_at: UtcTime


class InstalmentDue(InstalmentEvent):
    """An unpaid part falls due in about `days_left` days. Told once per part, due date and number of days."""

    type: ClassVar[str] = "edxelera.enrollment.instalment_due.v1"

    days_left: int


class InstalmentOverdue(InstalmentEvent):
    """An unpaid part has fallen due (`overdue`), or access rests a day from now (`last_warning`). Each told once."""

    type: ClassVar[str] = "edxelera.enrollment.instalment_overdue.v1"

    stage: OverdueStage
