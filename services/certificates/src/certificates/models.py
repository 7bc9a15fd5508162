"""The schema of certificates: what is known of people and enrollments, achievements, and certificates for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chassis.database import TABLE_OPTIONS, ModelBase, new_metadata
from chassis.types import BinString, Slug, UtcDateTime, Uuid16

#: Of a certificate.
ISSUED, REVOKED, SUPERSEDED = "issued", "revoked", "superseded"
#: Of its PDF: to be made, there, to be removed, removed.
PENDING, READY, DISCARD, GONE = "pending", "ready", "discard", "gone"
#: The revocation that only staff undo.
STAFF = "staff"

NAME_LENGTH = 200
TITLE_LENGTH = 300


class Base(ModelBase):
    """Base of the certificates' models."""

    __abstract__ = True
    metadata = new_metadata()


class Person(Base):
    """A student's name, from account events. The row is also the lock under which their certificates change."""

    __tablename__ = "people"

    account_id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    #: None until the account is known, and again once it was erased.
    name: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    erased: Mapped[bool] = mapped_column(Boolean)
    sequence: Mapped[int] = mapped_column(BigInteger)


class Enrollment(Base):
    """The state of an enrollment, as far as its certificates depend on it."""

    __tablename__ = "enrollments"
    __table_args__ = (Index(None, "student_id", "program_slug"), TABLE_OPTIONS)

    enrollment_id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    student_id: Mapped[UUID] = mapped_column(Uuid16)
    program_slug: Mapped[str] = mapped_column(Slug())
    cohort_id: Mapped[UUID] = mapped_column(Uuid16)
    #: Why it was revoked; None while it is live.
    revoked_reason: Mapped[str | None] = mapped_column(BinString(20))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sequence: Mapped[int] = mapped_column(BigInteger)


class Program(Base):
    """What a program is about, for achievement descriptions."""

    __tablename__ = "programs"

    slug: Mapped[str] = mapped_column(Slug(), primary_key=True)
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    summary: Mapped[str] = mapped_column(String(5000))
    sequence: Mapped[int] = mapped_column(BigInteger)


class Course(Base):
    """What a course is about."""

    __tablename__ = "courses"
    __table_args__ = (Index(None, "program_slug"), TABLE_OPTIONS)

    slug: Mapped[str] = mapped_column(Slug(), primary_key=True)
    program_slug: Mapped[str] = mapped_column(Slug())
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    description: Mapped[str] = mapped_column(String(5000))


class Achievement(Base):
    """What a student has completed: a course, or a program with a cohort. One row each, whatever is delivered."""

    __tablename__ = "achievements"
    __table_args__ = (UniqueConstraint("student_id", "scope"), Index(None, "student_id", "program_slug"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    student_id: Mapped[UUID] = mapped_column(Uuid16)
    #: ``course:<slug>`` or ``program:<slug>:<cohort>``.
    scope: Mapped[str] = mapped_column(BinString(160))
    kind: Mapped[str] = mapped_column(BinString(10))
    program_slug: Mapped[str] = mapped_column(Slug())
    course_slug: Mapped[str | None] = mapped_column(Slug())
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    program_title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    cohort_id: Mapped[UUID] = mapped_column(Uuid16)
    completed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Certificate(Base):
    """A certificate for an achievement. Of all of an achievement's certificates at most one is valid."""

    __tablename__ = "certificates"
    __table_args__ = (
        UniqueConstraint("valid_for"),
        UniqueConstraint("code"),
        Index(None, "student_id"),
        Index(None, "achievement_id"),
        Index(None, "program_slug"),
        Index(None, "document_state", "document_due_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    #: No foreign key: it would follow a table that is rebuilt and swapped (ADR 0015).
    achievement_id: Mapped[UUID] = mapped_column(Uuid16)
    #: The achievement while this certificate is valid, else null: the unique constraint allows one.
    valid_for: Mapped[UUID | None] = mapped_column(Uuid16)
    student_id: Mapped[UUID] = mapped_column(Uuid16)
    kind: Mapped[str] = mapped_column(BinString(10))
    program_slug: Mapped[str] = mapped_column(Slug())
    course_slug: Mapped[str | None] = mapped_column(Slug())
    cohort_id: Mapped[UUID] = mapped_column(Uuid16)
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    program_title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    #: None once the account was erased.
    recipient_name: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    #: The verification code without its dashes.
    code: Mapped[str] = mapped_column(BinString(40))
    status: Mapped[str] = mapped_column(BinString(12))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: refund, chargeback or staff.
    revocation: Mapped[str | None] = mapped_column(BinString(12))
    revoked_reason: Mapped[str | None] = mapped_column(String(500))
    revoked_by: Mapped[UUID | None] = mapped_column(Uuid16)
    supersedes_id: Mapped[UUID | None] = mapped_column(Uuid16)
    superseded_by_id: Mapped[UUID | None] = mapped_column(Uuid16)
    #: Where the PDF is or will be: unguessable.
    document_key: Mapped[str] = mapped_column(BinString(120))
    #: pending, ready, discard (to be removed) or gone.
    document_state: Mapped[str] = mapped_column(BinString(10))
    #: When a worker may (again) take the document in hand.
    document_due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    document_attempts: Mapped[int] = mapped_column(Integer)
    #: The trace that asked for the document's present state, and the one that this trace follows.
    document_traceparent: Mapped[str | None] = mapped_column(BinString(55))
    document_traceorigin: Mapped[str | None] = mapped_column(BinString(55))
    version: Mapped[int] = mapped_column(BigInteger)


class StatusEntry(Base):
    """A certificate's bit in the public status lists; handed out in the order of issue."""

    __tablename__ = "status_entries"
    __table_args__ = (UniqueConstraint("certificate_id"), TABLE_OPTIONS)

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    certificate_id: Mapped[UUID] = mapped_column(Uuid16)
    revoked: Mapped[bool] = mapped_column(Boolean)


class NameCorrection(Base):
    """A student's request that another name stand on a certificate."""

    __tablename__ = "name_corrections"
    __table_args__ = (UniqueConstraint("open_for"), Index(None, "certificate_id"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(Uuid16)
    #: The certificate while nobody has decided, else null: one open request each.
    open_for: Mapped[UUID | None] = mapped_column(Uuid16)
    student_id: Mapped[UUID] = mapped_column(Uuid16)
    program_slug: Mapped[str] = mapped_column(Slug())
    name: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    status: Mapped[str] = mapped_column(BinString(10))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[UUID | None] = mapped_column(Uuid16)
