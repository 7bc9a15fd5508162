"""The page of a thread, and new posts in it."""

from datetime import datetime

from sqlalchemy.orm import Session

from contracts.http.discussion import DiscussionOut, PostOut, ThreadCohortOut, ThreadOut
from discussion.auth import Caller
from discussion.paging import Cursor
from discussion.posts import repository as posts
from discussion.posts.presenting import cut, posts_out
from discussion.posts.service import write_post
from discussion.rooms.policy import Room
from discussion.threads import repository


def read_thread(session: Session, room: Room, after: Cursor | None, limit: int, now: datetime) -> DiscussionOut:
    """A page of the room's thread. The number of queries does not depend on what is in it."""
    thread = repository.of_room(session, room, now)
    rows = posts.page_of_thread(session, thread.id, is_staff=room.is_staff, after=after, limit=limit)
    page, next_cursor = cut(rows, limit)
    replies = posts.first_replies(session, [row.id for row in page], is_staff=room.is_staff)
    return DiscussionOut(
        thread=ThreadOut(
            id=thread.id,
            program_slug=room.program_slug,
            cohort=ThreadCohortOut(id=room.cohort_id, slug=room.cohort_slug),
            week_number=room.week_number,
            post_count=posts.count_posts(session, thread.id),
        ),
        posts=posts_out(page, room.program_slug, replies),
        next_cursor=next_cursor,
        preview=room.is_staff,
    )


def create_post(session: Session, caller: Caller, room: Room, body: str, now: datetime) -> PostOut:
    """Post in the room's thread."""
    return write_post(session, caller, repository.of_room(session, room, now), None, body, now)
