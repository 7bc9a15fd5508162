"""The calendar file and its secret address."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute
from contracts.http.learning import CalendarTokenOut
from learning.access.errors import AccessRefused
from learning.auth import AsCaller
from learning.calendar import service
from learning.calendar.service import InvalidToken
from learning.curriculum.errors import ProgramNotFound

router = APIRouter(prefix="/v1/programs", tags=["calendar"], route_class=ServiceRoute)


@router.post(
    "/{program_slug}/calendar-token",
    status_code=201,
    response_model=CalendarTokenOut,
    responses=problems(AccessRefused, ProgramNotFound),
)
@idempotent
def make_calendar_token(
    request: Request,
    response: Response,
    program_slug: str,
    caller: AsCaller,
    tx: Tx,
    now: Now,
    cohort: Annotated[str | None, Query()] = None,
) -> CalendarTokenOut:
    """A secret address to give to a calendar program; a new one ends the old one."""
    response.headers["Cache-Control"] = "no-store"
    return service.make_token(tx, caller, program_slug, cohort, request.app.state.settings.public_url, now)


@router.get(
    "/{program_slug}/calendar.ics",
    response_class=Response,
    responses={**problems(InvalidToken, AccessRefused), 200: {"content": {"text/calendar": {}}}},
)
def get_calendar(request: Request, program_slug: str, token: str, tx: Tx, now: Now) -> Response:
    """Unlocks, deadlines and live sessions of the token's cohort."""
    body = service.calendar_file(tx, program_slug, token, request.app.state.settings.public_url, now)
    headers = {"Cache-Control": "private, no-cache", "Content-Disposition": f'inline; filename="{program_slug}.ics"'}
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)
