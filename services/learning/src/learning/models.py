"""Learning's own tables: the curriculum, projections of other services, and what students have done.

The curriculum is kept as whole, immutable documents (one row a version): a program is imported as one document, read
as one, and cached as one. Progress names lessons and assignments by slug, so it outlives every version.
Projections hold the highest ``sequence`` they have seen and carry no constraint that another order of events could
break.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BINARY, BigInteger, Boolean, Date, Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from chassis.database import TABLE_OPTIONS, ModelBase, new_metadata
from chassis.types import BinString, Json, Slug, UtcDateTime, Uuid16

#: In ``ProgressMark.course_slug``: the mark of the program as a whole.
WHOLE_PROGRAM = ""


class Base(ModelBase):
    """Base of learning's models."""

    __abstract__ = True
    metadata = new_metadata()


# --- curriculum -------------------------------------------------------------------------------------------------------


class Program(Base):
    """A program's current version, and the last one by which every student's progress has been assessed.

    The row is the lock of the curriculum: an import takes it alone, a completion shares it.
    """

    __tablename__ = "programs"

    slug: Mapped[str] = mapped_column(Slug(), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    published: Mapped[bool] = mapped_column(Boolean)
    assessed_version: Mapped[int] = mapped_column(Integer, server_default="0")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProgramVersion(Base):
    """One version of a program's document, never changed."""

    __tablename__ = "program_versions"

    program_slug: Mapped[str] = mapped_column(Slug(), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    document: Mapped[dict[str, Any]] = mapped_column(Json)
    imported_by: Mapped[UUID] = mapped_column(Uuid16)
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Course(Base):
    """Which program a course belongs to: its slug is unique on the platform."""

    __tablename__ = "courses"

    slug: Mapped[str] = mapped_column(Slug(), primary_key=True)
    program_slug: Mapped[str] = mapped_column(Slug(), index=True)


# --- projections ------------------------------------------------------------------------------------------------------


class Cohort(Base):
    """Enrollment's cohorts, as far as the calendar needs them."""

    __tablename__ = "cohorts"

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    slug: Mapped[str] = mapped_column(Slug(), index=True)
    program_slug: Mapped[str] = mapped_column(Slug(), index=True)
    start_date: Mapped[date] = mapped_column(Date)
    end_date: Mapped[date] = mapped_column(Date)
    timezone: Mapped[str] = mapped_column(BinString(64))
    unlock_time: Mapped[str] = mapped_column(BinString(15))
    week_unlocks: Mapped[dict[str, str]] = mapped_column(Json)
    access_days: Mapped[int] = mapped_column(Integer)
    published: Mapped[bool] = mapped_column(Boolean)
    archived: Mapped[bool] = mapped_column(Boolean)


class Enrollment(Base):
    """Enrollment's enrollments: ``active``, ``suspended`` or ``revoked``.

    ``progress_version`` counts the events that learning has told about it. The row is the lock of the student's
    progress: two completions at once take turns.
    """

    __tablename__ = "enrollments"
    __table_args__ = (Index(None, "student_id", "program_slug"), Index(None, "program_slug", "id"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    student_id: Mapped[UUID] = mapped_column(Uuid16)
    program_slug: Mapped[str] = mapped_column(Slug())
    cohort_id: Mapped[UUID] = mapped_column(Uuid16)
    status: Mapped[str] = mapped_column(BinString(16))
    progress_version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    #: Of the event that made it what it is: what is completed under it follows that trace.
    traceparent: Mapped[str | None] = mapped_column(BinString(55))


class Account(Base):
    """Who is staff, from the gateway's accounts; no names. An erased account is staff of nothing."""

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    roles: Mapped[list[str]] = mapped_column(Json)
    teaches: Mapped[list[str]] = mapped_column(Json)


class DiscussionPost(Base):
    """Discussion's posts, in numbers. ``created_at`` is null while only news of its moderation has arrived."""

    __tablename__ = "discussion_posts"
    __table_args__ = (Index(None, "cohort_id", "week_number"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    cohort_id: Mapped[UUID] = mapped_column(Uuid16)
    week_number: Mapped[int] = mapped_column(SmallInteger)
    is_reply: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted: Mapped[bool] = mapped_column(Boolean)
    hidden: Mapped[bool] = mapped_column(Boolean)
    hidden_sequence: Mapped[int] = mapped_column(BigInteger)


# --- what students have done ------------------------------------------------------------------------------------------


class LessonCompletion(Base):
    """One completion per student and lesson, for good."""

    __tablename__ = "lesson_completions"
    __table_args__ = (
        Index(None, "course_slug", "lesson_slug"),
        Index(None, "student_id", "program_slug"),
        TABLE_OPTIONS,
    )

    student_id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    course_slug: Mapped[str] = mapped_column(Slug(), primary_key=True)
    lesson_slug: Mapped[str] = mapped_column(Slug(), primary_key=True)
    program_slug: Mapped[str] = mapped_column(Slug())
    enrollment_id: Mapped[UUID] = mapped_column(Uuid16)
    completed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProgressMark(Base):
    """How far an enrollment has come in a course, or in the whole program (``course_slug`` empty).

    ``percent`` only ever rises; ``completed_at`` is set once, together with the event that tells it.
    """

    __tablename__ = "progress_marks"
    __table_args__ = (Index(None, "student_id", "program_slug"), TABLE_OPTIONS)

    enrollment_id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    course_slug: Mapped[str] = mapped_column(Slug(), primary_key=True)
    student_id: Mapped[UUID] = mapped_column(Uuid16)
    program_slug: Mapped[str] = mapped_column(Slug())
    percent: Mapped[int] = mapped_column(SmallInteger)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Submission(Base):
    """What a student handed in. A new attempt is a new row; the last one counts."""

    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("student_id", "program_slug", "assignment_slug", "attempt"),
        Index(None, "program_slug", "assignment_slug", "cohort_id", "id"),
        TABLE_OPTIONS,
    )

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    student_id: Mapped[UUID] = mapped_column(Uuid16)
    enrollment_id: Mapped[UUID] = mapped_column(Uuid16)
    cohort_id: Mapped[UUID] = mapped_column(Uuid16)
    program_slug: Mapped[str] = mapped_column(Slug())
    week_number: Mapped[int] = mapped_column(SmallInteger)
    assignment_slug: Mapped[str] = mapped_column(Slug())
    attempt: Mapped[int] = mapped_column(SmallInteger)
    text: Mapped[str | None] = mapped_column(mysql.LONGTEXT)
    url: Mapped[str | None] = mapped_column(String(2000))
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    late: Mapped[bool] = mapped_column(Boolean)
    score: Mapped[float | None] = mapped_column(mysql.DOUBLE(asdecimal=False))
    feedback: Mapped[str | None] = mapped_column(mysql.LONGTEXT)
    graded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    graded_by: Mapped[UUID | None] = mapped_column(Uuid16)


class CalendarToken(Base):
    """The secret address of a calendar, as a SHA-256: one for each person and program."""

    __tablename__ = "calendar_tokens"
    __table_args__ = (UniqueConstraint("token_hash"), TABLE_OPTIONS)

    account_id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    program_slug: Mapped[str] = mapped_column(Slug(), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(BINARY(32))
    cohort_id: Mapped[UUID | None] = mapped_column(Uuid16)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
