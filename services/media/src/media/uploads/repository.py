"""Videos in the database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from media.models import ABANDONED, UPLOADING, Video


def find(session: Session, video_id: UUID) -> Video | None:
    """The video, if there is one."""
    return session.get(Video, video_id)


def lock(session: Session, video_id: UUID) -> Video:
    """The video, locked until the transaction ends; it must exist."""
    return session.execute(
        select(Video).where(Video.id == video_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()


def list_for(session: Session, programs: Collection[str] | None, before: UUID | None, limit: int) -> Sequence[Video]:
    """Videos newest first: of ``programs`` (None: of all), older than ``before``."""
    query = select(Video).order_by(Video.id.desc()).limit(limit)
    if programs is not None:
        query = query.where(Video.program_slug.in_(programs))
    if before is not None:
        query = query.where(Video.id < before)
    return session.scalars(query).all()


def abandon_stale(session: Session, started_before: datetime) -> None:
    """From now on nobody can complete uploads that were begun before then."""
    session.execute(
        update(Video)
        .where(Video.status == UPLOADING, Video.created_at < started_before)
        .values(status=ABANDONED, version=Video.version + 1)
    )


def list_unfreed(session: Session, limit: int) -> Sequence[Video]:
    """Abandoned uploads whose bytes may still be in S3."""
    return session.scalars(select(Video).where(Video.status == ABANDONED, Video.problem.is_(None)).limit(limit)).all()


def note_freed(session: Session, video_id: UUID) -> None:
    """Nothing of this upload is left in S3."""
    session.execute(update(Video).where(Video.id == video_id).values(problem="not completed in time"))
