"""Posts and replies: write, read, edit, delete."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.ids import new_id
from chassis.messaging import emit
from contracts.events import PostCreated
from contracts.http.discussion import PostOut, RepliesOut
from discussion import projections
from discussion.auth import Caller
from discussion.markdown import RENDERER_VERSION, render
from discussion.models import Post, PostEdit, Thread
from discussion.paging import Cursor
from discussion.posts import access, policy, repository
from discussion.posts.moderated import tell
from discussion.posts.presenting import cut, post_out


def write_post(
    session: Session, caller: Caller, thread: Thread, parent_id: UUID | None, body: str, now: datetime
) -> PostOut:
    """Put a post, or a reply to one, into a thread that the caller may write to."""
    projections.remember_author(session, caller)
    post = Post(
        id=new_id(),
        thread_id=thread.id,
        parent_id=parent_id,
        author_id=caller.account_id,
        body=body,
        body_html=render(body),
        html_version=RENDERER_VERSION,
        pinned=False,
        created_at=now,
        edits=0,
        version=1,
    )
    session.add(post)
    session.flush()
    emit(
        session,
        PostCreated(
            sequence=post.version,
            post_id=post.id,
            thread_id=thread.id,
            program_slug=thread.program_slug,
            cohort_id=thread.cohort_id,
            week_number=thread.week_number,
            parent_id=parent_id,
            author_id=caller.account_id,
            created_at=now,
        ),
    )
    return post_out(repository.get_row(session, post.id), thread.program_slug)


def reply(session: Session, caller: Caller, post_id: UUID, body: str, now: datetime) -> PostOut:
    """Answer a post."""
    place = access.find_place(session, caller, post_id, now)
    access.require(policy.refuse_reply(place.facts))
    thread = session.get_one(Thread, place.thread_id)
    return write_post(session, caller, thread, post_id, body, now)


def list_replies(
    session: Session, caller: Caller, post_id: UUID, after: Cursor | None, limit: int, now: datetime
) -> RepliesOut:
    """A page of a post's replies, oldest first."""
    place = access.find_place(session, caller, post_id, now)
    rows = repository.page_of_replies(session, post_id, is_staff=place.is_staff, after=after, limit=limit)
    page, next_cursor = cut(rows, limit)
    return RepliesOut(replies=[post_out(row, place.program_slug) for row in page], next_cursor=next_cursor)


def edit(session: Session, caller: Caller, post_id: UUID, body: str, now: datetime) -> PostOut:
    """Change the text; what it said before is kept."""
    place = access.find_place(session, caller, post_id, now)
    access.require(policy.refuse_edit(place.facts))
    post = repository.lock(session, post_id)
    if post.deleted_at is not None:
        access.require("post_deleted")
    if post.body != body:
        post.edits += 1
        session.add(
            PostEdit(post_id=post_id, number=post.edits, body=post.body, editor_id=caller.account_id, replaced_at=now)
        )
        post.body, post.body_html, post.html_version = body, render(body), RENDERER_VERSION
        post.edited_at = now
        session.flush()
    return show(session, place)


def delete(session: Session, caller: Caller, post_id: UUID, now: datetime) -> None:
    """Take the text away; the post keeps its place while it has replies. Twice is once."""
    place = access.find_place(session, caller, post_id, now)
    access.require(policy.refuse_delete(place.facts))
    post = repository.lock(session, post_id)
    if post.deleted_at is None:
        post.deleted_at = now
        post.pinned = False
        tell(session, place, post, "deleted", now)


def show(session: Session, place: access.Place) -> PostOut:
    """The post as the caller sees it after a change."""
    replies = repository.first_replies(session, [place.post_id], is_staff=place.is_staff)
    return post_out(repository.get_row(session, place.post_id), place.program_slug, replies)
