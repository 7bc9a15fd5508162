"""Explaining access to people, and deciding it for other services."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime

from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.routing import ServiceRoute
from contracts.http.learning import AccessOut, InternalAccessOut
from learning.access import service
from learning.auth import AsCaller, AsService, StaffOnly
from learning.curriculum import repository as curriculum
from learning.curriculum.errors import LessonNotFound, ProgramNotFound


def _sane(at: datetime) -> datetime:
    """Years that every calendar calculation can handle, in whatever zone."""
    if not 1970 <= at.year < 9000:
        raise ValueError("must lie between the years 1970 and 9000")
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_sane)]

router = APIRouter(tags=["access"], route_class=ServiceRoute)


@router.get(
    "/v1/programs/{program_slug}/access",
    response_model=AccessOut,
    responses=problems(StaffOnly, ProgramNotFound, LessonNotFound),
)
def explain_access(
    program_slug: str,
    caller: AsCaller,
    tx: Tx,
    now: Now,
    course: str,
    lesson: str,
    user_id: Annotated[UUID | None, Query(alias="userId")] = None,
    at: Instant | None = None,
) -> AccessOut:
    """Why the caller may or may not open a lesson. Staff may ask about another user and another instant."""
    program = curriculum.get(tx, program_slug)
    asks_more = at is not None or (user_id is not None and user_id != caller.account_id)
    if asks_more and not caller.is_staff_of(program_slug):
        raise StaffOnly
    found = service.find_lesson(program, course, lesson)
    if asks_more:
        return service.explain_for(tx, program, found, user_id or caller.account_id, at or now)
    return service.explain_own(tx, caller, program, found, now)


@router.get("/internal/access", response_model=InternalAccessOut, include_in_schema=False)
def decide_access(
    program: str,
    course: str,
    lesson: str,
    user_id: Annotated[UUID, Query(alias="userId")],
    _: AsService,
    tx: Tx,
    now: Now,
    staff: bool = False,
) -> InternalAccessOut:
    """The decision and the lesson's video, for a service that is about to hand something out."""
    current = curriculum.get(tx, program)
    found = service.find_lesson(current, course, lesson)
    return service.answer_internal(tx, current, found, user_id, staff=staff, now=now)
