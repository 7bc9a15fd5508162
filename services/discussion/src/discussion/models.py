"""Discussion's tables: threads and posts, and projections of what other services tell.

A projection keeps the highest `sequence` it saw. No foreign keys: what they would guard is never deleted.
"""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from chassis.database import TABLE_OPTIONS, ModelBase, new_metadata
from chassis.types import BinString, Json, Slug, UtcDateTime, Uuid16


class Base(ModelBase):
    """Base of discussion's models."""

    __abstract__ = True
    metadata = new_metadata()


class Account(Base):
    """A person's display name and roles (projection of Account…). The name is null once the account is erased."""

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    name: Mapped[str | None] = mapped_column(String(300))
    roles: Mapped[list[str]] = mapped_column(Json)
    teaches: Mapped[list[str]] = mapped_column(Json)
    sequence: Mapped[int] = mapped_column(BigInteger)


class Program(Base):
    """A program and how many weeks it has (projection of ProgramPublished)."""

    __tablename__ = "programs"

    slug: Mapped[str] = mapped_column(Slug(), primary_key=True)
    published: Mapped[bool] = mapped_column(Boolean)
    week_count: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int] = mapped_column(BigInteger)


class Cohort(Base):
    """A cohort's calendar (projection of CohortScheduled)."""

    __tablename__ = "cohorts"
    __table_args__ = (Index(None, "program_slug"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    slug: Mapped[str] = mapped_column(Slug())
    program_slug: Mapped[str] = mapped_column(Slug())
    start_date: Mapped[date] = mapped_column(Date)
    end_date: Mapped[date] = mapped_column(Date)
    timezone: Mapped[str] = mapped_column(BinString(64))
    unlock_time: Mapped[time] = mapped_column(mysql.TIME(fsp=6))
    week_unlocks: Mapped[dict[str, str]] = mapped_column(Json)
    access_days: Mapped[int] = mapped_column(Integer)
    open_to_staff: Mapped[bool] = mapped_column(Boolean)
    sequence: Mapped[int] = mapped_column(BigInteger)


class Enrollment(Base):
    """Who is in which cohort (projection of Enrollment…); status is active, suspended or revoked."""

    __tablename__ = "enrollments"
    __table_args__ = (Index(None, "student_id", "program_slug"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    student_id: Mapped[UUID] = mapped_column(Uuid16)
    program_slug: Mapped[str] = mapped_column(Slug())
    cohort_id: Mapped[UUID] = mapped_column(Uuid16)
    status: Mapped[str] = mapped_column(BinString(20))
    sequence: Mapped[int] = mapped_column(BigInteger)


class Thread(Base):
    """One cohort's discussion of one week, made when somebody first comes."""

    __tablename__ = "threads"
    __table_args__ = (UniqueConstraint("cohort_id", "week_number"), TABLE_OPTIONS)

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    cohort_id: Mapped[UUID] = mapped_column(Uuid16)
    program_slug: Mapped[str] = mapped_column(Slug())
    week_number: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Post(Base):
    """A post, or a reply to one. `version` is the sequence of the last event about it."""

    __tablename__ = "posts"
    __table_args__ = (
        Index("ix_posts_page", "thread_id", "parent_id", "pinned", "created_at", "id"),
        Index("ix_posts_replies", "parent_id", "created_at", "id", "deleted_at", "hidden_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    thread_id: Mapped[UUID] = mapped_column(Uuid16)
    parent_id: Mapped[UUID | None] = mapped_column(Uuid16)
    author_id: Mapped[UUID] = mapped_column(Uuid16)
    body: Mapped[str] = mapped_column(mysql.MEDIUMTEXT)
    body_html: Mapped[str] = mapped_column(mysql.MEDIUMTEXT)
    html_version: Mapped[int] = mapped_column(SmallInteger)
    pinned: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    hidden_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    edits: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(BigInteger)


class PostEdit(Base):
    """What a post said before an edit."""

    __tablename__ = "post_edits"

    post_id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    body: Mapped[str] = mapped_column(mysql.MEDIUMTEXT)
    editor_id: Mapped[UUID] = mapped_column(Uuid16)
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Report(Base):
    """One person's report of one post."""

    __tablename__ = "reports"
    __table_args__ = (Index("ix_reports_page", "program_slug", "created_at", "post_id", "reporter_id"), TABLE_OPTIONS)

    post_id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    reporter_id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    program_slug: Mapped[str] = mapped_column(Slug())
    reason: Mapped[str] = mapped_column(mysql.TEXT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
