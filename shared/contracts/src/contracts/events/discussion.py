"""What discussion tells about posts."""

from typing import ClassVar, Literal
from uuid import UUID

from contracts.events.base import Event, UtcTime

ModerationAction = Literal["deleted", "hidden", "unhidden", "pinned", "unpinned"]


class PostEvent(Event):
    """Something happened to a post; `parent_id` is null for a post that is no reply."""

    source: ClassVar[str] = "discussion"
    subject_field: ClassVar[str] = "post_id"

    post_id: UUID
    thread_id: UUID
    program_slug: str
    cohort_id: UUID
    week_number: int
    parent_id: UUID | None


class PostCreated(PostEvent):
    """Somebody posted or replied."""

    type: ClassVar[str] = "edxelera.discussion.post_created.v1"

    author_id: UUID
    created_at: UtcTime


class PostModerated(PostEvent):
    """A post was deleted, hidden, shown again, pinned or unpinned."""

    type: ClassVar[str] = "edxelera.discussion.post_moderated.v1"

    action: ModerationAction
    occurred_at: UtcTime
