"""What playback reads of videos."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from media.models import READY, Video


@dataclass(frozen=True, slots=True)
class PlayableVideo:
    """A ready video."""

    kind: str
    content_type: str
    object_key: str
    duration_seconds: float | None


def find_ready(session: Session, video_id: UUID, program_slug: str) -> PlayableVideo | None:
    """The video if it is ready and of this program: a lesson cannot borrow another program's video."""
    row = session.execute(
        select(Video.kind, Video.content_type, Video.object_key, Video.duration_seconds).where(
            Video.id == video_id, Video.program_slug == program_slug, Video.status == READY
        )
    ).one_or_none()
    return None if row is None else PlayableVideo(*row)
