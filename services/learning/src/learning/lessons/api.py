"""Opening a lesson."""

from typing import Annotated

from fastapi import APIRouter, Query

from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.routing import ServiceRoute
from contracts.http.learning import LessonOut
from learning.access.errors import AccessRefused
from learning.auth import AsCaller
from learning.curriculum.errors import LessonNotFound, ProgramNotFound
from learning.lessons import service

router = APIRouter(prefix="/v1/programs", tags=["lessons"], route_class=ServiceRoute)


@router.get(
    "/{program_slug}/courses/{course_slug}/lessons/{lesson_slug}",
    response_model=LessonOut,
    responses=problems(AccessRefused, ProgramNotFound, LessonNotFound),
)
def get_lesson(
    program_slug: str,
    course_slug: str,
    lesson_slug: str,
    caller: AsCaller,
    tx: Tx,
    now: Now,
    cohort: Annotated[str | None, Query()] = None,
) -> LessonOut:
    """The lesson's content, as Markdown and as safe HTML."""
    return service.open_lesson(tx, caller, program_slug, course_slug, lesson_slug, cohort, now)
