"""Discussion's posts in numbers: each row is whatever has been heard of one post, in whatever order."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from contracts.events import PostCreated, PostModerated
from contracts.events.discussion import PostEvent
from learning.models import DiscussionPost


def count_posts(session: Session, cohort_id: UUID, week_number: int) -> tuple[int, datetime | None]:
    """Visible posts without replies, and when the last of them was written."""
    visible = (DiscussionPost.created_at.is_not(None), ~DiscussionPost.deleted, ~DiscussionPost.hidden)
    query = select(func.count(), func.max(DiscussionPost.created_at)).where(
        DiscussionPost.cohort_id == cohort_id,
        DiscussionPost.week_number == week_number,
        ~DiscussionPost.is_reply,
        *visible,
    )
    row = session.execute(query).one()
    return row[0], row[1]


def note_created(session: Session, event: PostCreated) -> None:
    """The post exists."""
    _ensure(session, event)
    session.execute(
        update(DiscussionPost).where(DiscussionPost.id == event.post_id).values(created_at=event.created_at)
    )


def note_deleted(session: Session, event: PostModerated) -> None:
    """The post is deleted; nothing brings it back."""
    _ensure(session, event)
    session.execute(update(DiscussionPost).where(DiscussionPost.id == event.post_id).values(deleted=True))


def note_hidden(session: Session, event: PostModerated, *, hidden: bool) -> None:
    """The post is hidden or shown again, unless something newer is known."""
    _ensure(session, event)
    session.execute(
        update(DiscussionPost)
        .where(DiscussionPost.id == event.post_id, DiscussionPost.hidden_sequence < event.sequence)
        .values(hidden=hidden, hidden_sequence=event.sequence)
    )


def _ensure(session: Session, event: PostEvent) -> None:
    new = mysql.insert(DiscussionPost).values(
        id=event.post_id,
        cohort_id=event.cohort_id,
        week_number=event.week_number,
        is_reply=event.parent_id is not None,
        created_at=None,
        deleted=False,
        hidden=False,
        hidden_sequence=-1,
    )
    session.execute(new.on_duplicate_key_update(id=DiscussionPost.id))
