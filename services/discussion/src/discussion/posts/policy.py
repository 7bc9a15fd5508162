"""What may be done to a post. Pure: facts in, None or the reason against it out."""

from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

Refusal = Literal["not_author", "staff_only", "post_deleted", "reply_to_reply", "reply_not_pinnable"]

MESSAGES: Final[dict[Refusal, str]] = {
    "not_author": "Only its author and the program's staff may do this.",
    "staff_only": "Only instructors of the program and administrators may do this.",
    "post_deleted": "This post was deleted.",
    "reply_to_reply": "Replies cannot be replied to; reply to the post they belong to.",
    "reply_not_pinnable": "Only posts can be pinned, not replies.",
}


@dataclass(frozen=True, slots=True)
class PostFacts:
    """A post and its reader. `parent_hidden`: it is a reply below a hidden post."""

    author_id: UUID
    is_reply: bool
    is_deleted: bool
    is_hidden: bool
    parent_hidden: bool
    reader_id: UUID
    reader_is_staff: bool


def is_visible(post: PostFacts) -> bool:
    """Hidden posts, and what is below them, exist for staff only."""
    return post.reader_is_staff or not (post.is_hidden or post.parent_hidden)


def refuse_reply(post: PostFacts) -> Refusal | None:
    """Replies go one level deep, and not below what was deleted."""
    if post.is_deleted:
        return "post_deleted"
    return "reply_to_reply" if post.is_reply else None


def refuse_edit(post: PostFacts) -> Refusal | None:
    """Authors and staff edit what is not deleted."""
    return refuse_delete(post) or ("post_deleted" if post.is_deleted else None)


def refuse_delete(post: PostFacts) -> Refusal | None:
    """Authors and staff delete; twice is once."""
    return None if post.reader_is_staff or post.reader_id == post.author_id else "not_author"


def refuse_pin(post: PostFacts) -> Refusal | None:
    """Staff pin posts."""
    if not post.reader_is_staff:
        return "staff_only"
    if post.is_reply:
        return "reply_not_pinnable"
    return "post_deleted" if post.is_deleted else None


def refuse_hide(post: PostFacts) -> Refusal | None:
    """Staff hide posts and replies."""
    if not post.reader_is_staff:
        return "staff_only"
    return "post_deleted" if post.is_deleted else None


def role_in(program_slug: str, roles: list[str], teaches: list[str]) -> Literal["student", "instructor", "admin"]:
    """What an account is in a program."""
    if "admin" in roles:
        return "admin"
    return "instructor" if "instructor" in roles and program_slug in teaches else "student"
