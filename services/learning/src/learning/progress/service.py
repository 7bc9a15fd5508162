"""Completing lessons, and telling what is complete because of it.

The enrollment's row is the lock: whoever changes what a student has done holds it first, so of two last completions
at once the second sees the first, and each completion of a course is told exactly once.
"""

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from chassis import tracing
from chassis.cache import Fresh
from chassis.messaging import emit
from contracts.events import LessonCompleted
from contracts.http.learning import (
    CompletedLesson,
    CompletionOut,
    CourseProgressOut,
    CourseStanding,
    ProgramStanding,
    ProgressLesson,
    UnlockedLesson,
)
from learning import cached
from learning.access import policy as access_policy
from learning.access import service as access
from learning.access.errors import CohortNotHereYet, not_enrolled
from learning.access.policy import Standing
from learning.auth import Caller
from learning.curriculum import repository as curriculum
from learning.curriculum.errors import CourseNotFound, ProgramNotFound
from learning.curriculum.structure import Lesson, Program
from learning.enrollments import repository as enrollments
from learning.progress import policy, repository
from learning.progress.policy import WHOLE_PROGRAM, Record
from learning.progress.telling import course_completed, program_completed

log = structlog.get_logger(__name__)


def lock_standing(session: Session, caller: Caller, program: Program) -> Standing:
    """The caller's own standing as a student, with their progress locked until the commit."""
    enrollment = enrollments.find_live(session, caller.account_id, program.slug, lock=True)
    if enrollment is None:
        if program.published or caller.is_staff_of(program.slug):
            raise not_enrolled()
        raise ProgramNotFound
    standing = access.enrolled_standing(session, program, enrollment)
    if standing.cohort is None:
        raise CohortNotHereYet
    return standing


def complete_lesson(
    session: Session, caller: Caller, course_slug: str, lesson_slug: str, now: datetime
) -> CompletionOut:
    """Complete a lesson that the caller may open; again is the same answer."""
    program = curriculum.get_of_course(session, course_slug, shared_lock=True)
    lesson = access.find_lesson(program, course_slug, lesson_slug)
    standing = lock_standing(session, caller, program)
    if lesson.key in standing.record.completed:
        access.require_access(access_policy.decide_program(standing, now))
        return _outcome(standing, lesson, now)
    access.require_access(access_policy.decide_lesson(standing, lesson, now))
    return _outcome(_complete(session, standing, lesson, now), lesson, now)


def _complete(session: Session, standing: Standing, lesson: Lesson, now: datetime) -> Standing:
    enrollment, record = standing.enrollment, standing.record
    assert enrollment is not None
    repository.add_completion(session, enrollment, lesson, now)
    version = enrollment.progress_version + 1
    with tracing.following(enrollment.traceparent):
        emit(
            session,
            LessonCompleted(
                sequence=version,
                student_id=enrollment.student_id,
                enrollment_id=enrollment.id,
                program_slug=enrollment.program_slug,
                course_slug=lesson.course_slug,
                lesson_slug=lesson.slug,
                cohort_id=enrollment.cohort_id,
                week_number=lesson.week,
                completed_at=now,
            ),
        )
    done = Record({**record.completed, lesson.key: now}, record.handed_in, record.marks, record.own_marks)
    after = Standing(standing.program, False, standing.enrollment, standing.cohort, done)
    return settle(session, after, now, version=version)


def settle(session: Session, standing: Standing, now: datetime, *, version: int | None = None) -> Standing:
    """Mark what the locked enrollment has reached, and tell what is complete now. ``version``: the last event's."""
    enrollment = standing.enrollment
    assert enrollment is not None
    news = policy.advance(standing.program, standing.record, now)
    repository.put_marks(session, enrollment, news.marks)
    with tracing.following(enrollment.traceparent):
        last = _tell(session, standing, news, enrollment.progress_version if version is None else version)
    if last != enrollment.progress_version:
        enrollments.set_progress_version(session, enrollment.id, last)
    if news.marks or version is not None:
        cached.student_changed(session, enrollment.student_id)
    record = policy.with_marks(standing.record, news.marks)
    return Standing(standing.program, standing.preview, enrollment, standing.cohort, record)


def _tell(session: Session, standing: Standing, news: policy.Advance, version: int) -> int:
    """Emit the completions; answers the number of the last event."""
    enrollment, program = standing.enrollment, standing.program
    assert enrollment is not None
    for course in news.courses:
        version += 1
        at = _completed_at(news, course.slug)
        emit(session, course_completed(enrollment, version, program.title, course.slug, course.title, at))
        log.info("course_completed", enrollment_id=str(enrollment.id), course=course.slug)
    if news.program:
        version += 1
        emit(session, program_completed(enrollment, version, program.title, _completed_at(news, WHOLE_PROGRAM)))
        log.info("program_completed", enrollment_id=str(enrollment.id), program=program.slug)
    return version


def _completed_at(news: policy.Advance, slug: str) -> datetime:
    completed_at = news.marks[slug].completed_at
    assert completed_at is not None
    return completed_at


def _outcome(standing: Standing, lesson: Lesson, now: datetime) -> CompletionOut:
    program, record = standing.program, standing.record
    course = program.course(lesson.course_slug)
    assert course is not None
    in_course, in_program = policy.measure_course(course, record), policy.measure_program(program, record)
    return CompletionOut(
        lesson=CompletedLesson(
            course_slug=lesson.course_slug, slug=lesson.slug, completed_at=record.completed[lesson.key]
        ),
        course=CourseStanding(
            slug=course.slug,
            completed_lessons=in_course.completed_lessons,
            total_lessons=in_course.total_lessons,
            percent=in_course.percent,
            completed_at=in_course.completed_at,
        ),
        program=ProgramStanding(slug=program.slug, percent=in_program.percent, completed_at=in_program.completed_at),
        unlocked=[
            UnlockedLesson(course_slug=waiting.course_slug, lesson_slug=waiting.slug)
            for waiting in course.lessons
            if lesson.slug in waiting.requires and access_policy.decide_lesson(standing, waiting, now).allowed
        ],
    )


def course_progress(session: Session, caller: Caller, course_slug: str, cohort: str | None, now: datetime) -> Fresh:
    """The course with the caller's progress in it."""
    program = curriculum.get_of_course(session, course_slug)
    course = program.course(course_slug)
    if course is None:
        raise CourseNotFound
    standing = access.view_program(session, caller, program, cohort, now)
    measure = policy.measure_course(course, standing.record)
    answer = CourseProgressOut(
        course_slug=course.slug,
        program_slug=program.slug,
        completed_lessons=measure.completed_lessons,
        total_lessons=measure.total_lessons,
        percent=measure.percent,
        completed_at=measure.completed_at,
        lessons=[_progress_lesson(standing, lesson, now) for lesson in course.lessons],
        preview=standing.preview,
    )
    return Fresh(answer.model_dump_json().encode(), standing.next_change_after(now))


def _progress_lesson(standing: Standing, lesson: Lesson, now: datetime) -> ProgressLesson:
    decision = access_policy.decide_lesson(standing, lesson, now)
    return ProgressLesson(
        slug=lesson.slug,
        week_number=lesson.week,
        status=access_policy.status_of(standing, lesson, decision),
        completed_at=standing.record.completed.get(lesson.key),
    )


# --- after the curriculum or the enrollment changed -------------------------------------------------------------------


def reassess_enrollment(session: Session, enrollment_id: UUID, now: datetime) -> None:
    """Tell what an active enrollment has reached by earlier work or a changed curriculum."""
    enrollment = enrollments.lock(session, enrollment_id)
    program = curriculum.find(session, enrollment.program_slug)
    if program is None or enrollment.status != "active":
        return
    record = repository.record_of(session, enrollment.student_id, program.slug, enrollment.id)
    settle(session, Standing(program, enrollment=enrollment, record=record), now)
