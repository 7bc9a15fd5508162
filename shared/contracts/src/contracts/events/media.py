"""What media tells about videos."""

from typing import ClassVar, Literal
from uuid import UUID

from contracts.events.base import Event

VideoKind = Literal["mp4", "hls"]


class VideoReady(Event):
    """A video was uploaded and checked against S3; lessons may name it."""

    type: ClassVar[str] = "edxelera.media.video_ready.v1"
    source: ClassVar[str] = "media"
    subject_field: ClassVar[str] = "video_id"

    video_id: UUID
    program_slug: str
    kind: VideoKind
    content_type: str
    size_bytes: int
    duration_seconds: float | None
