"""The page on which a student works through a week."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from chassis.cache import Fresh
from chassis.errors import problems
from chassis.routing import ServiceRoute
from contracts.http.learning import WeekHubOut
from learning import cached
from learning.access.errors import AccessRefused
from learning.auth import AsCaller
from learning.curriculum.errors import ProgramNotFound, WeekNotFound
from learning.weeks import service

router = APIRouter(prefix="/v1/programs", tags=["weeks"], route_class=ServiceRoute)


@router.get(
    "/{program_slug}/weeks/{week_number}",
    response_model=WeekHubOut,
    responses=problems(AccessRefused, ProgramNotFound, WeekNotFound),
)
async def get_week_hub(
    request: Request,
    program_slug: str,
    week_number: int,
    caller: AsCaller,
    cohort: Annotated[str | None, Query()] = None,
) -> Response:
    """A week with everything in it; while it is locked, its titles and when it unlocks."""

    def build(session: Session, now: datetime) -> Fresh:
        return service.week_hub(session, caller, program_slug, week_number, cohort, now)

    key = f"week:{program_slug}:{week_number}:{cached.viewer_key(caller, cohort)}"
    tags = (
        cached.program_tag(program_slug),
        cached.student_tag(caller.account_id),
        cached.week_tag(program_slug, week_number),
    )
    response: Response = await request.app.state.cache.read(request, key, tags, build)
    return response
