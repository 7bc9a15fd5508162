"""HTTP: pins, hiding, reports."""

from typing import Annotated

from fastapi import APIRouter, Path

from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import Conflict, NotFound, Unprocessable, problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute
from discussion.auth import PRIVATE, AsCaller, StaffOnly
from discussion.moderation import service
from discussion.moderation.schemas import HiddenIn, PinIn, PostOut, ReportIn, ReportsOut
from discussion.paging import DEFAULT_LIMIT, Cursor, CursorText, Limit
from discussion.posts.parameters import PostId

router = APIRouter(
    route_class=ServiceRoute,
    tags=["discussion"],
    dependencies=[PRIVATE],
    responses=problems(StaffOnly, NotFound, Unprocessable),
)


@router.put("/v1/discussion/posts/{postId}/pin", operation_id="setPinnedPost", responses=problems(Conflict))
def set_pinned(post_id: PostId, pin: PinIn, caller: AsCaller, tx: Tx, now: Now) -> PostOut:
    """Pin a post to the top of its thread, or unpin it. For staff of the program."""
    return service.set_pinned(tx, caller, post_id, pin.pinned, now)


@router.put("/v1/discussion/posts/{postId}/hidden", operation_id="setHiddenPost", responses=problems(Conflict))
def set_hidden(post_id: PostId, change: HiddenIn, caller: AsCaller, tx: Tx, now: Now) -> PostOut:
    """Hide a post or reply from students, or show it again. For staff of the program."""
    return service.set_hidden(tx, caller, post_id, change.hidden, now)


@router.post(
    "/v1/discussion/posts/{postId}/report",
    operation_id="reportPost",
    status_code=204,
    responses=problems(Conflict),
)
@idempotent
def report(post_id: PostId, complaint: ReportIn, caller: AsCaller, tx: Tx, now: Now) -> None:
    """Ask staff to look at a post or reply."""
    service.report(tx, caller, post_id, complaint.reason, now)


@router.get("/v1/programs/{programSlug}/discussion/reports", operation_id="getReports")
def reports(
    program_slug: Annotated[str, Path(alias="programSlug", max_length=100)],
    caller: AsCaller,
    tx: Tx,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ReportsOut:
    """What was reported in a program's discussions, newest first. For staff of the program."""
    return service.list_reports(tx, caller, program_slug, Cursor.parse(cursor), limit)
