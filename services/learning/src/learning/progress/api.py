"""Completing lessons and reading a course's progress."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from chassis.cache import Fresh
from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.routing import ServiceRoute
from contracts.http.learning import CompletionOut, CourseProgressOut
from learning import cached
from learning.access.errors import AccessRefused
from learning.auth import AsCaller
from learning.curriculum.errors import CourseNotFound, LessonNotFound
from learning.progress import service

router = APIRouter(prefix="/v1/courses", tags=["progress"], route_class=ServiceRoute)


@router.get(
    "/{course_slug}/progress",
    response_model=CourseProgressOut,
    responses=problems(AccessRefused, CourseNotFound),
)
async def get_course_progress(
    request: Request, course_slug: str, caller: AsCaller, cohort: Annotated[str | None, Query()] = None
) -> Response:
    """How far the caller has come in a course. Staff read it as a preview of a cohort."""

    def build(session: Session, now: datetime) -> Fresh:
        return service.course_progress(session, caller, course_slug, cohort, now)

    key = f"progress:{course_slug}:{cached.viewer_key(caller, cohort)}"
    tags = (cached.course_tag(course_slug), cached.student_tag(caller.account_id))
    response: Response = await request.app.state.cache.read(request, key, tags, build)
    return response


@router.post(
    "/{course_slug}/lessons/{lesson_slug}/complete",
    response_model=CompletionOut,
    responses=problems(AccessRefused, CourseNotFound, LessonNotFound),
)
def complete_lesson(course_slug: str, lesson_slug: str, caller: AsCaller, tx: Tx, now: Now) -> CompletionOut:
    """Complete a lesson. Doing it again changes nothing and answers the same."""
    return service.complete_lesson(tx, caller, course_slug, lesson_slug, now)
