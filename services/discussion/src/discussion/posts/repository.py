"""Reads and locks of posts. Pages select columns, and their number of queries does not depend on their length."""

from collections.abc import Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from chassis.errors import NotFound
from discussion.models import Account, Post, Thread
from discussion.paging import Cursor

PostRow: TypeAlias = Row[*tuple[Any, ...]]

FIRST_REPLIES = 3

_COLUMNS = (
    Post.id,
    Post.parent_id,
    Post.author_id,
    Post.body,
    Post.body_html,
    Post.html_version,
    Post.pinned,
    Post.created_at,
    Post.edited_at,
    Post.deleted_at,
    Post.hidden_at,
    Account.name,
    Account.roles,
    Account.teaches,
)


def _with_authors() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).outerjoin(Account, Account.id == Post.author_id)


def _shown(post: type[Post], *, is_staff: bool) -> ColumnElement[bool]:
    """Not deleted, and not hidden either unless staff look."""
    return post.deleted_at.is_(None) if is_staff else and_(post.deleted_at.is_(None), post.hidden_at.is_(None))


def _keeps_its_place(*, is_staff: bool) -> ColumnElement[bool]:
    """A post that is shown, or was deleted and still has replies that are."""
    reply = aliased(Post)
    has_replies = exists().where(reply.parent_id == Post.id, _shown(reply, is_staff=is_staff))
    deleted = Post.deleted_at.is_not(None) if is_staff else and_(Post.deleted_at.is_not(None), Post.hidden_at.is_(None))
    return or_(_shown(Post, is_staff=is_staff), and_(deleted, has_replies))


def count_posts(session: Session, thread_id: UUID) -> int:
    """How many posts, without replies, everybody in the room sees."""
    in_thread = and_(Post.thread_id == thread_id, Post.parent_id.is_(None), _shown(Post, is_staff=False))
    return session.scalar(select(func.count()).where(in_thread)) or 0


def page_of_thread(
    session: Session, thread_id: UUID, *, is_staff: bool, after: Cursor | None, limit: int
) -> Sequence[PostRow]:
    """Pinned posts first, then the newest; one row more than `limit` when there are more."""
    query = _with_authors().where(
        Post.thread_id == thread_id, Post.parent_id.is_(None), _keeps_its_place(is_staff=is_staff)
    )
    if after is not None:
        older = or_(Post.created_at < after.created_at, and_(Post.created_at == after.created_at, Post.id < after.id))
        same_group = and_(Post.pinned.is_(after.pinned), older)
        query = query.where(or_(same_group, Post.pinned.is_(False)) if after.pinned else same_group)
    query = query.order_by(Post.pinned.desc(), Post.created_at.desc(), Post.id.desc()).limit(limit + 1)
    return session.execute(query).all()


def page_of_replies(
    session: Session, parent_id: UUID, *, is_staff: bool, after: Cursor | None, limit: int
) -> Sequence[PostRow]:
    """Replies, oldest first; one row more than `limit` when there are more."""
    query = _with_authors().where(Post.parent_id == parent_id, _shown(Post, is_staff=is_staff))
    if after is not None:
        query = query.where(
            or_(Post.created_at > after.created_at, and_(Post.created_at == after.created_at, Post.id > after.id))
        )
    return session.execute(query.order_by(Post.created_at, Post.id).limit(limit + 1)).all()


def first_replies(session: Session, parent_ids: Sequence[UUID], *, is_staff: bool) -> Sequence[PostRow]:
    """The first three replies of each post, oldest first; each row's `total` is how many its post has."""
    if not parent_ids:
        return []
    order = (Post.created_at, Post.id)
    ranked = (
        select(
            Post.id,
            func.row_number().over(partition_by=Post.parent_id, order_by=order).label("place"),
            func.count().over(partition_by=Post.parent_id).label("total"),
        )
        .where(Post.parent_id.in_(parent_ids), _shown(Post, is_staff=is_staff))
        .subquery()
    )
    query = (
        _with_authors()
        .add_columns(ranked.c.total)
        .join(ranked, ranked.c.id == Post.id)
        .where(ranked.c.place <= FIRST_REPLIES)
        .order_by(*order)
    )
    return session.execute(query).all()


def get_row(session: Session, post_id: UUID) -> PostRow:
    """One post with its author, whatever its state."""
    return session.execute(_with_authors().where(Post.id == post_id)).one()


def rows_by_id(session: Session, post_ids: Sequence[UUID]) -> dict[UUID, PostRow]:
    """Posts with their authors, by id."""
    return {row.id: row for row in session.execute(_with_authors().where(Post.id.in_(post_ids)))}


def place_of(session: Session, post_id: UUID) -> PostRow:
    """Where a post stands and whether it can be seen there; `NotFound` when there is none."""
    parent = aliased(Post)
    row = session.execute(
        select(
            Post.id,
            Post.parent_id,
            Post.author_id,
            Post.deleted_at,
            Post.hidden_at,
            parent.hidden_at.label("parent_hidden_at"),
            Thread.id.label("thread_id"),
            Thread.program_slug,
            Thread.cohort_id,
            Thread.week_number,
        )
        .join(Thread, Thread.id == Post.thread_id)
        .outerjoin(parent, parent.id == Post.parent_id)
        .where(Post.id == post_id)
    ).first()
    if row is None:
        raise NotFound("There is no such post.")
    return row


def lock(session: Session, post_id: UUID) -> Post:
    """The post, locked for a change."""
    return session.execute(select(Post).where(Post.id == post_id).with_for_update()).scalar_one()
