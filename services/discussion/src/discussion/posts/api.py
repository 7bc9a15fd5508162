"""HTTP: replies, edits, deletions."""

from fastapi import APIRouter

from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import Conflict, Forbidden, NotFound, Unprocessable, problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute
from discussion.auth import PRIVATE, AsCaller
from discussion.paging import DEFAULT_LIMIT, Cursor, CursorText, Limit
from discussion.posts import service
from discussion.posts.parameters import PostId
from discussion.posts.schemas import PostIn, PostOut, RepliesOut

router = APIRouter(
    prefix="/v1/discussion/posts/{postId}",
    route_class=ServiceRoute,
    tags=["discussion"],
    dependencies=[PRIVATE],
    responses=problems(Forbidden, NotFound, Unprocessable),
)


@router.post("/replies", operation_id="replyToPost", status_code=201, responses=problems(Conflict))
@idempotent
def reply(post_id: PostId, answer: PostIn, caller: AsCaller, tx: Tx, now: Now) -> PostOut:
    """Answer a post. Replies go one level deep."""
    return service.reply(tx, caller, post_id, answer.body, now)


@router.get("/replies", operation_id="getReplies")
def replies(
    post_id: PostId, caller: AsCaller, tx: Tx, now: Now, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> RepliesOut:
    """A post's replies, oldest first."""
    return service.list_replies(tx, caller, post_id, Cursor.parse(cursor), limit, now)


@router.patch("", operation_id="editPost", responses=problems(Conflict))
def edit(post_id: PostId, change: PostIn, caller: AsCaller, tx: Tx, now: Now) -> PostOut:
    """Change the text of a post or reply; authors their own, staff any. What it said before is kept."""
    return service.edit(tx, caller, post_id, change.body, now)


@router.delete("", operation_id="deletePost", status_code=204)
def delete(post_id: PostId, caller: AsCaller, tx: Tx, now: Now) -> None:
    """Delete a post or reply; authors their own, staff any. A post keeps its place while it has replies."""
    service.delete(tx, caller, post_id, now)
