"""Rows become answers."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from contracts.http.discussion import AuthorOut, PostOut
from discussion.markdown import RENDERER_VERSION, render
from discussion.paging import Cursor
from discussion.posts.policy import role_in
from discussion.posts.repository import PostRow


def post_out(row: PostRow, program_slug: str, replies: Sequence[PostRow] = ()) -> PostOut:
    """A post with the first of its replies; the text of a deleted one stays here."""
    deleted = row.deleted_at is not None
    return PostOut(
        id=row.id,
        parent_id=row.parent_id,
        author=author_out(row, program_slug),
        body="" if deleted else row.body,
        body_html="" if deleted else _html(row),
        pinned=row.pinned,
        created_at=row.created_at,
        edited_at=row.edited_at,
        deleted=deleted,
        hidden=row.hidden_at is not None,
        reply_count=replies[0].total if replies else 0,
        replies=[post_out(reply, program_slug) for reply in replies],
    )


def posts_out(rows: Sequence[PostRow], program_slug: str, replies: Sequence[PostRow]) -> list[PostOut]:
    """Posts, each with its own of these replies."""
    by_parent: defaultdict[UUID, list[PostRow]] = defaultdict(list)
    for reply in replies:
        by_parent[reply.parent_id].append(reply)
    return [post_out(row, program_slug, by_parent[row.id]) for row in rows]


def author_out(row: PostRow, program_slug: str) -> AuthorOut:
    """The author's display name, null once the account is erased, and role in the program."""
    return AuthorOut(id=row.author_id, name=row.name, role=role_in(program_slug, row.roles or [], row.teaches or []))


def cut(rows: Sequence[PostRow], limit: int) -> tuple[Sequence[PostRow], str | None]:
    """The page itself and, when a row was left over, the cursor to go on from."""
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], Cursor(last.pinned, last.created_at, last.id).to_text()


def _html(row: PostRow) -> str:
    html: str = row.body_html
    return html if row.html_version == RENDERER_VERSION else render(row.body)
