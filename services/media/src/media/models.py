"""The schema of media: videos and how far their uploads have come."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, String
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from chassis.database import TABLE_OPTIONS, ModelBase, new_metadata
from chassis.types import BinString, Json, Slug, UtcDateTime, Uuid16

UPLOADING, READY, REJECTED, ABANDONED = "uploading", "ready", "rejected", "abandoned"


class Base(ModelBase):
    """Base of media's models."""

    __abstract__ = True

    metadata = new_metadata()


class Video(Base):
    """A video of a program: announced, uploaded by a browser straight to S3, checked there, then ready."""

    __tablename__ = "videos"
    __table_args__ = (
        Index(None, "program_slug", "id"),
        Index(None, "status", "created_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[UUID] = mapped_column(Uuid16, primary_key=True)
    program_slug: Mapped[str] = mapped_column(Slug())
    filename: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(BinString(8))
    content_type: Mapped[str] = mapped_column(BinString(100))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    #: Of HLS: the files beside the master playlist, ``[[path, size], …]``.
    files: Mapped[list[list[Any]] | None] = mapped_column(Json)
    status: Mapped[str] = mapped_column(BinString(16))
    problem: Mapped[str | None] = mapped_column(String(500))
    object_key: Mapped[str] = mapped_column(BinString(255))
    #: Of a multipart upload; S3 gives no length, known ones stay far below this.
    upload_id: Mapped[str | None] = mapped_column(BinString(1024))
    part_bytes: Mapped[int | None] = mapped_column(Integer)
    etag: Mapped[str | None] = mapped_column(BinString(100))
    duration_seconds: Mapped[float | None] = mapped_column(mysql.DOUBLE)
    created_by: Mapped[UUID] = mapped_column(Uuid16)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Version of the aggregate, the ``sequence`` of its events.
    version: Mapped[int] = mapped_column(BigInteger)
