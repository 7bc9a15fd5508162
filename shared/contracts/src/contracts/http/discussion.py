"""Discussion's HTTP models: threads, posts and replies, moderation."""

import unicodedata
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool

from contracts.http.base import ApiInput, ApiModel, Instant

BODY_LIMIT = 10_000
REASON_LIMIT = 1_000
_INVISIBLE = frozenset({"Cc", "Cf"})

AuthorRole = Literal["student", "instructor", "admin"]


def _need_something_visible(text: str) -> str:
    if not any(not char.isspace() and unicodedata.category(char) not in _INVISIBLE for char in text):
        raise ValueError("must not be empty; white space alone is empty")
    return text


Body = Annotated[str, Field(max_length=BODY_LIMIT), AfterValidator(_need_something_visible)]
Reason = Annotated[str, Field(max_length=REASON_LIMIT), AfterValidator(_need_something_visible)]


class PostIn(ApiInput):
    """A post, a reply or an edit: Markdown, at most 10,000 Unicode code points."""

    body: Body


class PinIn(ApiInput):
    """Pin or unpin."""

    pinned: StrictBool


class HiddenIn(ApiInput):
    """Hide or show again."""

    hidden: StrictBool


class ReportIn(ApiInput):
    """Why staff should look at a post."""

    reason: Reason


class AuthorOut(ApiModel):
    """Who wrote; `name` is null once the account is erased. `role` is what they are in this program."""

    id: UUID
    name: str | None
    role: AuthorRole


class PostOut(ApiModel):
    """A post, or a reply (`parentId` set; replies have none of their own).

    `bodyHtml` is safe to insert. A deleted post has empty bodies and keeps its place while it has replies; `hidden`
    ones are seen by staff only. `replies` are the first three, oldest first.
    """

    id: UUID
    parent_id: UUID | None
    author: AuthorOut
    body: str
    body_html: str
    pinned: bool
    created_at: Instant
    edited_at: Instant | None
    deleted: bool
    hidden: bool
    reply_count: int
    replies: list["PostOut"]


class ThreadCohortOut(ApiModel):
    """The cohort a thread belongs to."""

    id: UUID
    slug: str


class ThreadOut(ApiModel):
    """One cohort's thread of one week; `postCount` counts visible posts without replies."""

    id: UUID
    program_slug: str
    cohort: ThreadCohortOut
    week_number: int
    post_count: int


class DiscussionOut(ApiModel):
    """A page of a thread: pinned posts first, then the newest. `preview` is true for staff."""

    thread: ThreadOut
    posts: list[PostOut]
    next_cursor: str | None
    preview: bool


class RepliesOut(ApiModel):
    """A page of a post's replies, oldest first."""

    replies: list[PostOut]
    next_cursor: str | None


class ReportOut(ApiModel):
    """One person's report of one post."""

    post: PostOut
    cohort_id: UUID
    week_number: int
    reporter: AuthorOut
    reason: str
    created_at: Instant


class ReportsOut(ApiModel):
    """A page of a program's reports, newest first."""

    reports: list[ReportOut]
    next_cursor: str | None
