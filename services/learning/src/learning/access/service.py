"""Who looks, and what the one decision says about them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.http.base import to_wire
from contracts.http.learning import AccessOut, InternalAccessOut
from contracts.rules import AccessDecision
from learning.access import policy
from learning.access.errors import CohortNotFound, CohortNotHereYet, refusal
from learning.access.policy import Standing
from learning.auth import Caller
from learning.curriculum.errors import LessonNotFound, ProgramNotFound
from learning.curriculum.structure import Lesson, Program
from learning.enrollments import repository as enrollments
from learning.enrollments.policy import Enrollment, choose_cohort
from learning.progress import repository as progress
from learning.progress.policy import Record


def view_program(session: Session, caller: Caller, program: Program, cohort: str | None, now: datetime) -> Standing:
    """The caller's standing: staff as a preview of the cohort they name, students as enrolled.

    A stranger gets 403 ``not_enrolled``, or 404 while the program is not published; a suspended student 403. After
    the access period a student still sees their record, so that is for `require_access` to refuse.
    """
    if caller.is_staff_of(program.slug):
        return preview(session, program, cohort, now)
    standing = standing_of(session, caller.account_id, program)
    if standing.enrollment is None and not program.published:
        raise ProgramNotFound
    decision = policy.decide_program(standing, now)
    if not decision.allowed and decision.reasons != ("access_ended",):
        raise refusal(decision)
    if standing.cohort is None:
        raise CohortNotHereYet
    return standing


def require_access(decision: AccessDecision) -> None:
    """Raise what the decision refuses."""
    if not decision.allowed:
        raise refusal(decision)


def preview(session: Session, program: Program, cohort: str | None, now: datetime) -> Standing:
    """What staff see: everything, by the calendar of the cohort they name or the running one."""
    chosen = choose_cohort(enrollments.cohorts_of(session, program.slug), cohort, now)
    if chosen is None and cohort is not None:
        raise CohortNotFound
    return Standing(program, preview=True, cohort=chosen)


def standing_of(session: Session, student_id: UUID, program: Program) -> Standing:
    """A student's standing: five queries, or one for a stranger."""
    enrollment = enrollments.find_live(session, student_id, program.slug)
    if enrollment is None:
        return Standing(program)
    return enrolled_standing(session, program, enrollment)


def enrolled_standing(session: Session, program: Program, enrollment: Enrollment) -> Standing:
    """The standing that an enrollment gives."""
    cohort = enrollments.find_cohort(session, enrollment.cohort_id)
    record = progress.record_of(session, enrollment.student_id, program.slug, enrollment.id)
    return Standing(program, enrollment=enrollment, cohort=cohort, record=record)


def find_lesson(program: Program, course_slug: str, lesson_slug: str) -> Lesson:
    """The lesson; raises ``LessonNotFound``."""
    lesson = program.lesson(course_slug, lesson_slug)
    if lesson is None:
        raise LessonNotFound
    return lesson


def answer_internal(
    session: Session, program: Program, lesson: Lesson, user_id: UUID, *, staff: bool, now: datetime
) -> InternalAccessOut:
    """The decision for another service, with what it needs to go on."""
    standing = Standing(program, preview=True) if staff else standing_of(session, user_id, program)
    decision = policy.decide_lesson(standing, lesson, now)
    return InternalAccessOut(
        allowed=decision.allowed,
        reasons=list(decision.reasons),
        unlocks_at=decision.unlocks_at,
        requires=list(decision.requires),
        video_id=lesson.video_id,
        preview=standing.preview,
    )


def explain_own(session: Session, caller: Caller, program: Program, lesson: Lesson, now: datetime) -> AccessOut:
    """Why the caller may or may not open the lesson now."""
    if caller.is_staff_of(program.slug):
        return _explain(preview(session, program, None, now), lesson, caller.account_id, now)
    standing = standing_of(session, caller.account_id, program)
    if standing.enrollment is None and not program.published:
        raise ProgramNotFound
    return _explain(standing, lesson, caller.account_id, now)


def explain_for(session: Session, program: Program, lesson: Lesson, user_id: UUID, at: datetime) -> AccessOut:
    """The same about somebody else, at another instant: what they had completed by then counts."""
    if enrollments.is_staff(session, user_id, program.slug):
        return _explain(preview(session, program, None, at), lesson, user_id, at)
    standing = standing_of(session, user_id, program)
    return _explain(_as_of(standing, at), lesson, user_id, at)


def _as_of(standing: Standing, at: datetime) -> Standing:
    done = {key: completed_at for key, completed_at in standing.record.completed.items() if completed_at <= at}
    record = Record(done, standing.record.handed_in, standing.record.marks, standing.record.own_marks)
    return Standing(standing.program, standing.preview, standing.enrollment, standing.cohort, record)


def _explain(standing: Standing, lesson: Lesson, user_id: UUID, at: datetime) -> AccessOut:
    decision = policy.decide_lesson(standing, lesson, at)
    return AccessOut(
        allowed=decision.allowed,
        reasons=list(decision.reasons),
        unlocks_at=decision.unlocks_at,
        requires=list(decision.requires),
        facts=_facts(standing, lesson, user_id, at),
    )


def _facts(standing: Standing, lesson: Lesson, user_id: UUID, at: datetime) -> dict[str, Any]:
    facts = policy.facts_of(standing, lesson)
    completed_at = standing.record.completed.get(lesson.key)
    return {
        "userId": str(user_id),
        "at": to_wire(at),
        "isStaff": facts.is_staff,
        "enrollmentStatus": facts.enrollment_status,
        "cohort": standing.cohort.slug if standing.cohort else None,
        "timezone": standing.cohort.calendar.timezone if standing.cohort else None,
        "accessEndsAt": to_wire(facts.access_ends_at) if facts.access_ends_at else None,
        "weekNumber": lesson.week,
        "weekUnlocksAt": to_wire(facts.week_unlocks_at) if facts.week_unlocks_at else None,
        "prerequisites": list(lesson.requires),
        "missingPrerequisites": list(facts.missing_prerequisites),
        "completedAt": to_wire(completed_at) if completed_at else None,
    }
