"""Pin, hide and report posts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.errors import NotFound
from contracts.http.discussion import PostOut, ReportOut, ReportsOut
from discussion import projections
from discussion.auth import Caller, StaffOnly
from discussion.moderation import repository
from discussion.paging import Cursor
from discussion.posts import access, policy
from discussion.posts import repository as posts
from discussion.posts.moderated import tell
from discussion.posts.presenting import author_out, cut, post_out
from discussion.posts.service import show
from discussion.rooms.repository import find_program


def set_pinned(session: Session, caller: Caller, post_id: UUID, pinned: bool, now: datetime) -> PostOut:
    """Pin or unpin a post; twice is once."""
    place = access.find_place(session, caller, post_id, now)
    access.require(policy.refuse_pin(place.facts))
    post = posts.lock(session, post_id)
    if post.deleted_at is not None:
        access.require("post_deleted")
    if post.pinned != pinned:
        post.pinned = pinned
        tell(session, place, post, "pinned" if pinned else "unpinned", now)
    return show(session, place)


def set_hidden(session: Session, caller: Caller, post_id: UUID, hidden: bool, now: datetime) -> PostOut:
    """Hide a post or reply from students, or show it again; twice is once."""
    place = access.find_place(session, caller, post_id, now)
    access.require(policy.refuse_hide(place.facts))
    post = posts.lock(session, post_id)
    if post.deleted_at is not None:
        access.require("post_deleted")
    if (post.hidden_at is not None) != hidden:
        post.hidden_at = now if hidden else None
        tell(session, place, post, "hidden" if hidden else "unhidden", now)
    return show(session, place)


def report(session: Session, caller: Caller, post_id: UUID, reason: str, now: datetime) -> None:
    """Tell staff about a post; a second report by the same person replaces the first."""
    place = access.find_place(session, caller, post_id, now)
    if place.facts.is_deleted:
        access.require("post_deleted")
    projections.remember_author(session, caller)
    repository.add_report(
        session,
        {
            "post_id": post_id,
            "reporter_id": caller.account_id,
            "program_slug": place.program_slug,
            "reason": reason,
            "created_at": now,
        },
    )


def list_reports(session: Session, caller: Caller, program_slug: str, after: Cursor | None, limit: int) -> ReportsOut:
    """A program's reports, newest first, for its staff."""
    if find_program(session, program_slug) is None:
        raise NotFound(f"There is no program {program_slug!r}.")
    if not caller.is_staff_of(program_slug):
        raise StaffOnly
    page, next_cursor = cut(repository.page_of_reports(session, program_slug, after, limit), limit)
    reported = posts.rows_by_id(session, [row.id for row in page])
    reports = [
        ReportOut(
            post=post_out(reported[row.id], program_slug),
            cohort_id=row.cohort_id,
            week_number=row.week_number,
            reporter=author_out(row, program_slug),
            reason=row.reason,
            created_at=row.created_at,
        )
        for row in page
    ]
    return ReportsOut(reports=reports, next_cursor=next_cursor)
