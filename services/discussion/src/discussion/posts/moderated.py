"""Tell other services what happened to a post."""

from datetime import datetime

from sqlalchemy.orm import Session

from chassis.messaging import emit
from contracts.events import PostModerated
from contracts.events.discussion import ModerationAction
from discussion.models import Post
from discussion.posts.access import Place


def tell(session: Session, place: Place, post: Post, action: ModerationAction, now: datetime) -> None:
    """Raise the post's version and emit `PostModerated` under it."""
    post.version += 1
    session.flush()
    emit(
        session,
        PostModerated(
            sequence=post.version,
            post_id=place.post_id,
            thread_id=place.thread_id,
            program_slug=place.program_slug,
            cohort_id=place.cohort_id,
            week_number=place.week_number,
            parent_id=place.parent_id,
            action=action,
            occurred_at=now,
        ),
    )
