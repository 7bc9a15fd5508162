"""The page every student opens first."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from chassis.cache import Fresh
from chassis.errors import problems
from chassis.routing import ServiceRoute
from contracts.http.learning import HomeOut
from learning import cached
from learning.access.errors import AccessRefused
from learning.auth import AsCaller
from learning.curriculum.errors import ProgramNotFound
from learning.home import service

router = APIRouter(prefix="/v1/programs", tags=["home"], route_class=ServiceRoute)


@router.get("/{program_slug}/home", response_model=HomeOut, responses=problems(AccessRefused, ProgramNotFound))
async def get_program_home(
    request: Request, program_slug: str, caller: AsCaller, cohort: Annotated[str | None, Query()] = None
) -> Response:
    """The caller's program at a glance. Staff see it as a preview of a cohort."""

    def build(session: Session, now: datetime) -> Fresh:
        return service.program_home(session, caller, program_slug, cohort, now)

    key = f"home:{program_slug}:{cached.viewer_key(caller, cohort)}"
    tags = (cached.program_tag(program_slug), cached.student_tag(caller.account_id))
    response: Response = await request.app.state.cache.read(request, key, tags, build)
    return response
