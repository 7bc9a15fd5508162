"""Reports of posts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from discussion.models import Account, Post, Report, Thread
from discussion.paging import Cursor
from discussion.posts.repository import PostRow


def add_report(session: Session, report: dict[str, Any]) -> None:
    """Keep a person's report of a post; a second one replaces what they said."""
    new = insert(Report).values(**report)
    session.execute(new.on_duplicate_key_update(reason=new.inserted.reason))


def page_of_reports(session: Session, program_slug: str, after: Cursor | None, limit: int) -> Sequence[PostRow]:
    """A program's reports, newest first, with reporter and place; one more than `limit` when there are more.

    A cursor's id is the post's; of several reports in the same microsecond about one post, a page may skip some.
    """
    query = (
        select(
            Report.post_id.label("id"),
            Report.reporter_id.label("author_id"),
            Report.reason,
            Report.created_at,
            Account.name,
            Account.roles,
            Account.teaches,
            Thread.cohort_id,
            Thread.week_number,
            Post.pinned,
        )
        .join(Post, Post.id == Report.post_id)
        .join(Thread, Thread.id == Post.thread_id)
        .outerjoin(Account, Account.id == Report.reporter_id)
        .where(Report.program_slug == program_slug)
    )
    if after is not None:
        same = and_(Report.created_at == after.created_at, Report.post_id < after.id)
        query = query.where(or_(Report.created_at < after.created_at, same))
    return session.execute(query.order_by(Report.created_at.desc(), Report.post_id.desc()).limit(limit + 1)).all()
