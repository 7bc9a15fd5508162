"""HTTP: the discussion of a week."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import Forbidden, NotFound, Unprocessable, problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute
from discussion.auth import PRIVATE, AsCaller
from discussion.paging import DEFAULT_LIMIT, Cursor, CursorText, Limit
from discussion.rooms.policy import Room
from discussion.rooms.service import enter
from discussion.threads import service
from discussion.threads.schemas import DiscussionOut, PostIn, PostOut

router = APIRouter(
    prefix="/v1/programs/{programSlug}/weeks/{weekNumber}/discussion",
    route_class=ServiceRoute,
    tags=["discussion"],
    dependencies=[PRIVATE],
    responses=problems(Forbidden, NotFound, Unprocessable),
)

CohortName = Annotated[str | None, Query(max_length=100, description="slug or id; staff choose, students need not")]


def _room(
    program_slug: Annotated[str, Path(alias="programSlug", max_length=100)],
    week_number: Annotated[int, Path(alias="weekNumber")],
    caller: AsCaller,
    tx: Tx,
    now: Now,
    cohort: CohortName = None,
) -> Room:
    return enter(tx, caller, program_slug, week_number, cohort, now)


InRoom = Annotated[Room, Depends(_room, scope="function")]


@router.get("", operation_id="getDiscussionThread")
def read_thread(
    room: InRoom, tx: Tx, now: Now, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> DiscussionOut:
    """A page of the thread: pinned posts first, then the newest, each with its first three replies."""
    return service.read_thread(tx, room, Cursor.parse(cursor), limit, now)


@router.post("/posts", operation_id="createPost", status_code=201)
@idempotent
def create_post(room: InRoom, post: PostIn, caller: AsCaller, tx: Tx, now: Now) -> PostOut:
    """Post in the thread."""
    return service.create_post(tx, caller, room, post.body, now)
