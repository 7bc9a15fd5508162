"""Enrollment's tables. Unique constraints carry the rules; no foreign keys, so that it also runs on Vitess.

Rows that are aggregates have a ``version``: it is the ``sequence`` of the next event about them.
Locks are always taken in one order: cohort, then the student's enrollments, then payments (see ``payments.locks``).
"""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, Index, Integer, String, Time, UniqueConstraint, text
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from chassis.database import TABLE_OPTIONS, ModelBase, new_metadata
from chassis.types import BinString, Blob, Json, Slug, UtcDateTime, Uuid16

#: A payment's reference: well under Paystack's limit, no underscore.
REFERENCE = BinString(50)
STATUS = BinString(20)
CURRENCY = BinString(3)
COUPON_CODE = BinString(40)


class Base(ModelBase):
    """Base of enrollment's models."""

    __abstract__ = True
    metadata = new_metadata()


class Program(Base):
    """A program as learning published it last (projection of ProgramPublished)."""

    __tablename__ = "programs"

    slug: Mapped[str] = mapped_column(Slug(), primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(mysql.TEXT)
    published: Mapped[bool] = mapped_column(Boolean)
    week_count: Mapped[int] = mapped_column(Integer)
    #: ``{"weeks": [{number, title}], "courses": [{slug, title, description}]}``
    outline: Mapped[dict[str, Any]] = mapped_column(Json)
    sequence: Mapped[int] = mapped_column(BigInteger)


class Cohort(Base):
    """One run of a program: its calendar, seats and price."""

    __tablename__ = "cohorts"
    __table_args__ = (UniqueConstraint("slug"), Index(None, "program_slug"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    slug: Mapped[str] = mapped_column(Slug())
    program_slug: Mapped[str] = mapped_column(Slug())
    start_date: Mapped[date] = mapped_column(Date)
    end_date: Mapped[date] = mapped_column(Date)
    timezone: Mapped[str] = mapped_column(BinString(64))
    unlock_time: Mapped[time] = mapped_column(Time)
    week_unlocks: Mapped[dict[str, str]] = mapped_column(Json)
    seats: Mapped[int | None] = mapped_column(Integer)
    late_join: Mapped[bool] = mapped_column(Boolean)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(CURRENCY)
    published: Mapped[bool] = mapped_column(Boolean)
    archived: Mapped[bool] = mapped_column(Boolean)
    access_days: Mapped[int] = mapped_column(Integer)
    #: How its price may be paid in parts, as a document of the API; null means in one sum.
    instalments: Mapped[dict[str, Any] | None] = mapped_column(Json)
    version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Enrollment(Base):
    """A student's place in a cohort. ``live_program`` is set while the enrollment is live: one per program."""

    __tablename__ = "enrollments"
    __table_args__ = (
        UniqueConstraint("student_id", "live_program", name="uq_enrollments_live"),
        Index(None, "student_id", "program_slug"),
        Index("ix_enrollments_seats", "cohort_id", "status", "seat_until"),
        TABLE_OPTIONS,
    )

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    student_id: Mapped[UUID] = mapped_column(Uuid16)
    program_slug: Mapped[str] = mapped_column(Slug())
    cohort_id: Mapped[UUID] = mapped_column(Uuid16)
    status: Mapped[str] = mapped_column(STATUS)
    live_program: Mapped[str | None] = mapped_column(Slug())
    #: While pending: the seat is held until then.
    seat_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    origin: Mapped[str | None] = mapped_column(STATUS)
    #: The payment that gave access; its refunds and disputes take it away.
    payment_id: Mapped[UUID | None] = mapped_column(Uuid16)
    #: Why it is suspended or revoked, or why staff granted it.
    reason: Mapped[str | None] = mapped_column(String(500))
    version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Payment(Base):
    """One reference at Paystack (or a free place). ``open_enrollment`` is set while it can be continued."""

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("reference"),
        UniqueConstraint("open_enrollment"),
        Index(None, "student_id", "program_slug"),
        Index(None, "enrollment_id"),
        Index("ix_payments_status", "status", "hold_expires_at"),
        Index(None, "next_check_at"),
        Index(None, "coupon_id"),
        TABLE_OPTIONS,
    )

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    reference: Mapped[str] = mapped_column(REFERENCE)
    student_id: Mapped[UUID] = mapped_column(Uuid16)
    program_slug: Mapped[str] = mapped_column(Slug())
    cohort_id: Mapped[UUID] = mapped_column(Uuid16)
    enrollment_id: Mapped[UUID] = mapped_column(Uuid16)
    open_enrollment: Mapped[UUID | None] = mapped_column(Uuid16)
    status: Mapped[str] = mapped_column(STATUS)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(CURRENCY)
    hold_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Paystack's answer; null until it has been stored.
    authorization_url: Mapped[str | None] = mapped_column(String(1000))
    access_code: Mapped[str | None] = mapped_column(BinString(200))
    #: A request is asking Paystack for the checkout until then; later that request is taken to have died.
    initialising_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: What Paystack took, fees passed to the customer included; null until money came.
    received_minor: Mapped[int | None] = mapped_column(BigInteger)
    received_currency: Mapped[str | None] = mapped_column(BinString(10))
    provider_id: Mapped[int | None] = mapped_column(mysql.BIGINT(unsigned=True))
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: What the coupon took off: the full price is ``amount_minor + discount_minor``.
    coupon_id: Mapped[UUID | None] = mapped_column(Uuid16)
    coupon_code: Mapped[str | None] = mapped_column(COUPON_CODE)
    discount_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    #: Which part of the price it is; null for the whole.
    instalment: Mapped[int | None] = mapped_column(Integer)
    #: With the first part: all the parts as the student agreed to them (``instalments.plans``).
    agreed_plan: Mapped[dict[str, Any] | None] = mapped_column(Json)
    refunded_minor: Mapped[int] = mapped_column(BigInteger)
    #: False once money came that is not what was asked for.
    matched: Mapped[bool] = mapped_column(Boolean)
    #: Why a person must look at this money; null when nobody must.
    review: Mapped[str | None] = mapped_column(String(500))
    #: When reconciliation asks Paystack next; null when it is final.
    next_check_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checks: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Instalment(Base):
    """A part of a price that an enrolled student pays in parts; its dates are the student's own from then on."""

    __tablename__ = "instalments"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "number"),
        UniqueConstraint("payment_id"),
        Index(None, "next_step_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(Uuid16)
    number: Mapped[int] = mapped_column(Integer)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(CURRENCY)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: From then on access rests while it is unpaid.
    suspends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    grace_days: Mapped[int] = mapped_column(Integer)
    #: The payment that pays it; null while it is unpaid, and again when its money went back.
    payment_id: Mapped[UUID | None] = mapped_column(Uuid16)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When the worker looks at it next, to remind or to suspend; null when there is nothing to do.
    next_step_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class InstalmentNotice(Base):
    """A reminder that was told as an event: each kind once per part and due date."""

    __tablename__ = "instalment_notices"
    __table_args__ = (UniqueConstraint("instalment_id", "kind", "due_at"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    instalment_id: Mapped[UUID] = mapped_column(Uuid16)
    kind: Mapped[str] = mapped_column(STATUS)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Refund(Base):
    """Money on its way back: asked for by staff, by the rules (``automatic``) or at Paystack itself (``provider``)."""

    __tablename__ = "refunds"
    __table_args__ = (Index(None, "payment_id"), Index(None, "next_attempt_at"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(Uuid16)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(BinString(10))
    status: Mapped[str] = mapped_column(STATUS)
    origin: Mapped[str] = mapped_column(STATUS)
    reason: Mapped[str] = mapped_column(String(500))
    provider_id: Mapped[int | None] = mapped_column(mysql.BIGINT(unsigned=True))
    provider_reference: Mapped[str | None] = mapped_column(BinString(100))
    attempts: Mapped[int] = mapped_column(Integer)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    processed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Dispute(Base):
    """A payer's bank asks its money back: ``open``, then ``won`` or ``lost`` (by us)."""

    __tablename__ = "disputes"
    __table_args__ = (UniqueConstraint("provider_id"), Index(None, "payment_id"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(Uuid16)
    provider_id: Mapped[int] = mapped_column(mysql.BIGINT(unsigned=True))
    status: Mapped[str] = mapped_column(STATUS)
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    resolution: Mapped[str | None] = mapped_column(String(100))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Webhook(Base):
    """A delivery whose signature was right, as it came. ``dedupe_key`` names what it says, not its bytes."""

    __tablename__ = "webhooks"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        Index(None, "next_attempt_at"),
        Index(None, "reference"),
        TABLE_OPTIONS,
    )

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    dedupe_key: Mapped[bytes] = mapped_column(mysql.BINARY(32))
    event: Mapped[str] = mapped_column(BinString(100))
    reference: Mapped[str | None] = mapped_column(BinString(100))
    body: Mapped[bytes] = mapped_column(Blob())
    status: Mapped[str] = mapped_column(STATUS)
    #: Of the request that brought it: what it causes belongs to that trace.
    traceparent: Mapped[str | None] = mapped_column(BinString(55))
    #: What came of it, or why it failed last.
    outcome: Mapped[str | None] = mapped_column(String(500))
    deliveries: Mapped[int] = mapped_column(Integer)
    attempts: Mapped[int] = mapped_column(Integer)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    processed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AuditEntry(Base):
    """Who changed what, and why. Rows are only ever added."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "subject_kind", "subject_id"), Index(None, "at"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: ``admin``, ``student``, ``paystack`` or ``rules``; ``actor_id`` is the account of a person.
    actor: Mapped[str] = mapped_column(STATUS)
    actor_id: Mapped[UUID | None] = mapped_column(Uuid16)
    action: Mapped[str] = mapped_column(BinString(60))
    subject_kind: Mapped[str] = mapped_column(STATUS)
    subject_id: Mapped[str] = mapped_column(BinString(100))
    reason: Mapped[str | None] = mapped_column(String(500))
    details: Mapped[dict[str, Any]] = mapped_column(Json)


class Coupon(Base):
    """A discount for whoever knows its code. Its uses are counted over the payments that carry it."""

    __tablename__ = "coupons"
    __table_args__ = (UniqueConstraint("code"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    #: Capital letters, digits and hyphens: as ``coupons.policy.normalise`` writes it.
    code: Mapped[str] = mapped_column(COUPON_CODE)
    kind: Mapped[str] = mapped_column(STATUS)
    percent: Mapped[int | None] = mapped_column(Integer)
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(CURRENCY)
    max_uses: Mapped[int | None] = mapped_column(Integer)
    max_uses_per_student: Mapped[int] = mapped_column(Integer)
    valid_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Slugs of programs, ids of cohorts; null means all.
    programs: Mapped[list[str] | None] = mapped_column(Json)
    cohorts: Mapped[list[str] | None] = mapped_column(Json)
    disabled: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ErasedStudent(Base):
    """An account that is gone: money that still arrives for it goes back."""

    __tablename__ = "erased_students"

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(UtcDateTime)
