"""A lesson's content, for those who may open it."""

from datetime import datetime

from sqlalchemy.orm import Session

from contracts.http.learning import LessonLink, LessonOut
from learning.access import policy as access_policy
from learning.access import service as access
from learning.access.policy import Standing
from learning.auth import Caller
from learning.curriculum import repository as curriculum
from learning.curriculum.structure import Course, Lesson
from learning.lessons.rendering import render_markdown


def open_lesson(
    session: Session,
    caller: Caller,
    program_slug: str,
    course_slug: str,
    lesson_slug: str,
    cohort: str | None,
    now: datetime,
) -> LessonOut:
    """The lesson; 403 with the decision's reasons when it is not open to the caller."""
    program = curriculum.get(session, program_slug)
    standing = access.view_program(session, caller, program, cohort, now)
    lesson = access.find_lesson(program, course_slug, lesson_slug)
    decision = access_policy.decide_lesson(standing, lesson, now)
    access.require_access(decision)
    course = program.course(course_slug)
    assert course is not None
    return _answer(standing, course, lesson, access_policy.status_of(standing, lesson, decision))


def _answer(standing: Standing, course: Course, lesson: Lesson, status: access_policy.LessonStatus) -> LessonOut:
    place = course.lessons.index(lesson)
    return LessonOut(
        program_slug=standing.program.slug,
        course_slug=lesson.course_slug,
        slug=lesson.slug,
        title=lesson.title,
        kind=lesson.kind,
        week_number=lesson.week,
        duration_minutes=lesson.duration_minutes,
        required=lesson.required,
        status=status,
        completed_at=standing.record.completed.get(lesson.key),
        content=lesson.content,
        content_html=render_markdown(lesson.content),
        has_video=lesson.video_id is not None,
        previous=_link(course.lessons[place - 1]) if place else None,
        next=_link(course.lessons[place + 1]) if place + 1 < len(course.lessons) else None,
        preview=standing.preview,
    )


def _link(lesson: Lesson) -> LessonLink:
    return LessonLink(slug=lesson.slug, title=lesson.title)
