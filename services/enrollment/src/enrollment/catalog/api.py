"""GET /v1/programs…: what is on sale, and whether the caller may enrol. Works without login."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from chassis.auth import MaybeCaller
from chassis.cache import Fresh, ReadCache
from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.routing import ServiceRoute
from enrollment.catalog import service
from enrollment.catalog.repository import ProgramNotFound
from enrollment.catalog.schemas import CanEnrollOut, ProgramOut, ProgramsOut
from enrollment.paging import Cursor, Limit

router = APIRouter(route_class=ServiceRoute, tags=["programs"])


@router.get(
    "/v1/programs/{program_slug}/can-enroll",
    response_model=CanEnrollOut,
    operation_id="canEnroll",
    responses=problems(ProgramNotFound),
)
async def can_enroll(
    request: Request,
    program_slug: str,
    caller: MaybeCaller,
    cohort: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
) -> Response:
    """May the caller enrol, why (not), and when that changes; exact to the instant at every boundary."""
    cache: ReadCache = request.app.state.cache
    student: UUID | None = caller.account_id if caller else None

    def build(session: Session, now: datetime) -> Fresh:
        return service.can_enroll(session, program_slug, cohort, student, now)

    tags = [f"program:{program_slug}", *([f"student:{student}"] if student else [])]
    key = f"can-enroll:{student or 'anyone'}:{program_slug}:{cohort or ''}"
    return await cache.read(request, key, tags, build)


@router.get("/v1/programs", response_model=ProgramsOut, operation_id="listPrograms")
def list_programs(tx: Tx, now: Now, limit: Limit = 20, cursor: Cursor = None) -> ProgramsOut:
    """Programs on sale, with the cohort on offer and its price."""
    return service.list_programs(tx, cursor, limit, now)


@router.get(
    "/v1/programs/{program_slug}",
    response_model=ProgramOut,
    operation_id="getProgram",
    responses=problems(ProgramNotFound),
)
def get_program(program_slug: str, tx: Tx, now: Now) -> ProgramOut:
    """One program on sale."""
    return service.get_program(tx, program_slug, now)
