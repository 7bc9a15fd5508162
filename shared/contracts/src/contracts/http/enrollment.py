"""Enrollment's HTTP models: programs on sale, cohorts, the enrollment decision, payments, enrollments."""

from datetime import date, time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from contracts.http.base import AdminInput, ApiInput, ApiModel, Instant
from contracts.http.instalments import BillingInstalment, InstalmentOffer, InstalmentPlan

SLUG_PATTERN = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"

Slug = Annotated[str, Field(min_length=1, max_length=100, pattern=SLUG_PATTERN)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
#: Money in minor units; far below what a BIGINT or a float would lose.
Minor = Annotated[int, Field(ge=0, le=1_000_000_000_000)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]

EnrollmentStatus = Literal["pending", "active", "suspended", "revoked", "completed", "cancelled"]
BillingEnrollmentStatus = Literal["none", "pending", "active", "suspended", "revoked", "completed", "cancelled"]
PaymentStatus = Literal[
    "pending",
    "succeeded",
    "failed",
    "abandoned",
    "mismatched",
    "refunding",
    "refunded",
    "partially_refunded",
    "disputed",
]
RefundStatus = Literal["queued", "sending", "pending", "processing", "processed", "failed", "needs_attention"]
EnrollmentReason = Literal[
    "open",
    "late_join",
    "already_enrolled",
    "no_open_cohort",
    "closed_before_start",
    "late_join_not_offered",
    "week_two_unlocked",
    "late_join_ended",
    "cohort_full",
]


class Price(ApiModel):
    """What a cohort costs; ``instalments`` are the parts it may be paid in (null: in one sum; can-enroll tells)."""

    amount_minor: int
    currency: str
    instalments: list[InstalmentOffer] | None = None


class CohortSummary(ApiModel):
    """A cohort as students see it; ``seats_left`` is null when seats are unlimited."""

    id: UUID
    slug: str
    starts_at: Instant
    ends_at: Instant
    timezone: str
    seats_left: int | None


class CanEnrollOut(ApiModel):
    """May the caller enrol now, why, and when that changes."""

    allowed: bool
    reason: EnrollmentReason
    message: str
    opens_at: Instant | None
    closes_at: Instant | None
    cohort: CohortSummary | None
    price: Price | None


class ProgramWeek(ApiModel):
    number: int
    title: str


class ProgramCourse(ApiModel):
    slug: str
    title: str
    description: str


class ProgramSummary(ApiModel):
    """A published program with the cohort on offer: the one that can be joined, else the next to start."""

    slug: str
    title: str
    summary: str
    week_count: int
    cohort: CohortSummary | None
    price: Price | None


class ProgramsOut(ApiModel):
    programs: list[ProgramSummary]
    next_cursor: str | None


class ProgramOut(ProgramSummary):
    weeks: list[ProgramWeek]
    courses: list[ProgramCourse]


class CheckoutIn(ApiInput):
    """Begin (or find again) a checkout. ``cohort`` is a slug or an id; without it the one on offer is taken.
    Without a ``plan`` an open checkout stays as it is, and a new one is for the whole price. Who is enrolled and has
    parts to pay gets a checkout for the next one.
    """

    cohort: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    callback_url: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    coupon: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    plan: Literal["full", "instalments"] | None = None


class CheckoutOut(ApiModel):
    """A checkout. ``authorization_url`` keeps Paystack's name; it is null for a free program."""

    authorization_url: str | None = Field(alias="authorization_url")
    reference: str
    access_code: str | None
    status: PaymentStatus
    amount_minor: int
    currency: str
    expires_at: Instant | None
    discount_minor: int
    coupon_code: str | None
    instalment: int | None


class PaymentOut(ApiModel):
    """Where a payment stands."""

    reference: str
    status: PaymentStatus
    program_slug: str
    enrollment_status: EnrollmentStatus
    amount_minor: int
    currency: str
    paid_at: Instant | None


class BillingPayment(ApiModel):
    """A payment of one program; ``receipt_url`` is null until money came."""

    reference: str
    status: PaymentStatus
    amount_minor: int
    refunded_minor: int
    currency: str
    created_at: Instant
    paid_at: Instant | None
    discount_minor: int
    coupon_code: str | None
    instalment: int | None
    receipt_url: str | None


class BillingOut(ApiModel):
    """The caller's billing of one program. ``can_retry``: an unpaid attempt may be continued or begun again.
    ``instalments`` are the parts of an enrollment that is paid in parts, ``next_instalment`` the first unpaid one.
    """

    program_slug: str
    enrollment_status: BillingEnrollmentStatus
    has_access: bool
    cohort: CohortSummary | None
    payments: list[BillingPayment]
    can_retry: bool
    instalments: list[BillingInstalment]
    next_instalment: BillingInstalment | None


class CohortName(ApiModel):
    """A cohort by name; ``slug`` is null for one that is gone."""

    id: UUID
    slug: str | None


class PaymentRefund(ApiModel):
    """Money on its way back, or back: ``at`` is when it was processed, before that when it began."""

    amount_minor: int
    status: RefundStatus
    at: Instant


class PaymentInHistory(ApiModel):
    """A payment of the caller's. ``received_minor`` is what was paid, with fees that the payer bore."""

    reference: str
    status: PaymentStatus
    program_slug: str
    program_title: str | None
    cohort: CohortName
    amount_minor: int
    received_minor: int | None
    refunded_minor: int
    instalment: int | None
    discount_minor: int
    coupon_code: str | None
    currency: str
    created_at: Instant
    paid_at: Instant | None
    refunds: list[PaymentRefund]
    receipt_url: str | None


class PaymentHistoryOut(ApiModel):
    payments: list[PaymentInHistory]
    next_cursor: str | None


class EnrollmentOut(ApiModel):
    id: UUID
    program_slug: str
    program_title: str | None
    cohort: CohortSummary
    status: EnrollmentStatus
    has_access: bool
    access_ends_at: Instant
    created_at: Instant
    activated_at: Instant | None
    completed_at: Instant | None


class EnrollmentsOut(ApiModel):
    enrollments: list[EnrollmentOut]
    next_cursor: str | None


class WebhookOut(ApiModel):
    received: bool


class CohortIn(AdminInput):
    """A new cohort. Dates and ``unlock_time`` are local to ``timezone``; ``week_unlocks`` moves single weeks."""

    program_slug: Slug
    slug: Slug
    start_date: date
    end_date: date
    timezone: Annotated[str, Field(min_length=1, max_length=64)]
    unlock_time: time = time(0)
    week_unlocks: dict[Annotated[int, Field(ge=1, le=200)], date] = Field(default_factory=dict)
    seats: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    late_join: bool = False
    amount_minor: Minor
    currency: Currency
    published: bool = False
    archived: bool = False
    access_days: Annotated[int, Field(ge=0, le=3650)] = 365
    instalments: InstalmentPlan | None = None


class CohortPatch(AdminInput):
    """Changes to a cohort; what is left out stays. ``force`` allows weeks that have unlocked to lock again."""

    program_slug: Slug | None = None
    slug: Slug | None = None
    start_date: date | None = None
    end_date: date | None = None
    timezone: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    unlock_time: time | None = None
    week_unlocks: dict[Annotated[int, Field(ge=1, le=200)], date] | None = None
    seats: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    late_join: bool | None = None
    amount_minor: Minor | None = None
    currency: Currency | None = None
    published: bool | None = None
    archived: bool | None = None
    access_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    instalments: InstalmentPlan | None = None
    force: bool = False


class CohortOut(ApiModel):
    """A cohort as administrators see it. ``program_published``: its program is on sale (known and published);
    ``warnings`` say what is allowed but probably not meant.
    """

    id: UUID
    program_slug: str
    slug: str
    start_date: date
    end_date: date
    timezone: str
    unlock_time: time
    week_unlocks: dict[int, date]
    seats: int | None
    seats_left: int | None
    late_join: bool
    amount_minor: int
    currency: str
    published: bool
    archived: bool
    access_days: int
    instalments: InstalmentPlan | None
    version: int
    starts_at: Instant
    ends_at: Instant
    access_ends_at: Instant
    program_published: bool
    warnings: list[str]


class CohortsOut(ApiModel):
    cohorts: list[CohortOut]
    next_cursor: str | None


class FieldChange(ApiModel):
    """One changed field; values as they stand in a cohort document."""

    field: str
    before: str | int | bool | dict[str, Any] | None
    after: str | int | bool | dict[str, Any] | None


class WeekChange(ApiModel):
    """A week whose unlock moves; ``relocked`` when it is open now and would be locked again."""

    number: int
    unlocks_at_before: Instant
    unlocks_at_after: Instant
    relocked: bool


class CohortChangeOut(ApiModel):
    """What a change does, and to how many enrolled students."""

    dry_run: bool
    allowed: bool
    changes: list[FieldChange]
    weeks: list[WeekChange]
    relocked_weeks: list[int]
    affected_students: int
    cohort: CohortOut


class GrantIn(AdminInput):
    """Enrol a student without a payment."""

    user_id: UUID
    cohort: Annotated[str, Field(min_length=1, max_length=100)]
    reason: Reason


class RevokeIn(AdminInput):
    reason: Reason


class AdminEnrollmentOut(EnrollmentOut):
    user_id: UUID
    reason: str | None


class RefundIn(AdminInput):
    """Give money back; all that is left of the payment when ``amount_minor`` is left out."""

    amount_minor: Annotated[int, Field(ge=1, le=1_000_000_000_000)] | None = None
    reason: Reason


class RefundOut(ApiModel):
    id: UUID
    amount_minor: int
    currency: str
    status: RefundStatus
    origin: Literal["staff", "automatic", "provider"]
    reason: str
    created_at: Instant
    processed_at: Instant | None


class AdminPaymentOut(PaymentOut):
    """A payment as administrators see it. ``review`` says why it needs a person (mismatched payments)."""

    id: UUID
    user_id: UUID
    cohort_id: UUID
    enrollment_id: UUID
    received_minor: int | None
    received_currency: str | None
    refunded_minor: int
    review: str | None
    created_at: Instant
    expires_at: Instant | None
    discount_minor: int
    coupon_code: str | None
    instalment: int | None


class AdminPaymentDetailOut(AdminPaymentOut):
    refunds: list[RefundOut]


class AdminPaymentsOut(ApiModel):
    payments: list[AdminPaymentOut]
    next_cursor: str | None
