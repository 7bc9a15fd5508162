"""The program home: where the student stands, what is open, what comes next."""

from datetime import datetime

from sqlalchemy.orm import Session

from chassis.cache import Fresh
from contracts.http.learning import (
    CohortHead,
    HomeCourse,
    HomeOut,
    HomeWeek,
    NextLesson,
    ProgramHead,
    ProgressTotal,
    Upcoming,
)
from learning.access import service as access
from learning.access.policy import Standing
from learning.auth import Caller
from learning.curriculum import repository as curriculum
from learning.curriculum.structure import Course, Week
from learning.home import policy
from learning.progress.policy import measure_course, measure_program


def program_home(session: Session, caller: Caller, program_slug: str, cohort: str | None, now: datetime) -> Fresh:
    """The home as bytes, and until when they are right."""
    program = curriculum.get(session, program_slug)
    standing = access.view_program(session, caller, program, cohort, now)
    ahead = policy.coming(standing, now)
    answer = HomeOut(
        program=ProgramHead(slug=program.slug, title=program.title, summary=program.summary),
        cohort=_cohort(standing, now),
        current_week=standing.current_week(now),
        weeks=[_week(standing, week, now) for week in program.weeks],
        courses=[_course(standing, course) for course in program.courses],
        progress=_progress(standing),
        next_lesson=_next_lesson(standing, now),
        upcoming=[
            Upcoming(kind=item.kind, title=item.title, week_number=item.week, at=item.at)
            for item in ahead[: policy.MOST_UPCOMING]
        ],
        preview=standing.preview,
    )
    return Fresh(answer.model_dump_json().encode(), policy.changes_at(standing, ahead, now))


def _cohort(standing: Standing, now: datetime) -> CohortHead | None:
    cohort = standing.cohort
    if cohort is None:
        return None
    return CohortHead(
        id=cohort.id,
        slug=cohort.slug,
        starts_at=cohort.calendar.starts_at,
        ends_at=cohort.calendar.ends_at,
        timezone=cohort.calendar.timezone,
        status=cohort.status(now),
    )


def _week(standing: Standing, week: Week, now: datetime) -> HomeWeek:
    lessons = [lesson for lesson in standing.program.lessons() if lesson.week == week.number]
    return HomeWeek(
        number=week.number,
        title=week.title,
        unlocks_at=standing.unlocks_at(week.number),
        status="open" if standing.week_is_open(week.number, now) else "locked",
        completed_lessons=sum(lesson.key in standing.record.completed for lesson in lessons),
        total_lessons=len(lessons),
    )


def _course(standing: Standing, course: Course) -> HomeCourse:
    measure = measure_course(course, standing.record)
    return HomeCourse(
        slug=course.slug,
        title=course.title,
        completed_lessons=measure.completed_lessons,
        total_lessons=measure.total_lessons,
        percent=measure.percent,
        completed_at=measure.completed_at,
    )


def _progress(standing: Standing) -> ProgressTotal:
    measure = measure_program(standing.program, standing.record)
    return ProgressTotal(
        completed_lessons=measure.completed_lessons,
        total_lessons=measure.total_lessons,
        percent=measure.percent,
        completed_at=measure.completed_at,
    )


def _next_lesson(standing: Standing, now: datetime) -> NextLesson | None:
    lesson = policy.next_lesson(standing, now)
    if lesson is None:
        return None
    return NextLesson(
        course_slug=lesson.course_slug, lesson_slug=lesson.slug, title=lesson.title, week_number=lesson.week
    )
