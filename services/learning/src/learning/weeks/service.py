"""The week hub: all that a week holds, or, while it is locked, what it is going to hold."""

from datetime import datetime

from sqlalchemy.orm import Session

from chassis.cache import Fresh
from contracts.http.learning import HubAssignment, HubDiscussion, HubLesson, HubLiveSession, WeekHubOut
from learning.access import policy as access_policy
from learning.access import schedule
from learning.access import service as access
from learning.access.policy import Standing
from learning.auth import Caller
from learning.curriculum import repository as curriculum
from learning.curriculum.errors import WeekNotFound
from learning.curriculum.structure import Assignment, Lesson, LiveSession, Week
from learning.discussion import repository as discussion
from learning.weeks import policy


def week_hub(
    session: Session, caller: Caller, program_slug: str, number: int, cohort: str | None, now: datetime
) -> Fresh:
    """The hub as bytes, and until when they are right."""
    program = curriculum.get(session, program_slug)
    standing = access.view_program(session, caller, program, cohort, now)
    week = program.week(number)
    if week is None:
        raise WeekNotFound(f"The program has {program.week_count} weeks.")
    access.require_access(access_policy.decide_program(standing, now))
    assignments = [assignment for assignment in program.assignments() if assignment.week == number]
    if not standing.week_is_open(number, now):
        return Fresh(_locked(standing, week).model_dump_json().encode(), standing.next_change_after(now))
    answer = _open(session, standing, week, assignments, now)
    return Fresh(answer.model_dump_json().encode(), policy.changes_at(standing, assignments, now))


def _locked(standing: Standing, week: Week) -> WeekHubOut:
    """Titles and the unlock instant; of lessons only what is no content."""
    return WeekHubOut(
        program_slug=standing.program.slug,
        number=week.number,
        title=week.title,
        summary=week.summary,
        unlocks_at=standing.unlocks_at(week.number),
        status="locked",
        lessons=[_locked_lesson(lesson) for lesson in standing.program.lessons() if lesson.week == week.number],
        assignments=[],
        live_sessions=[],
        discussion=None,
        preview=False,
    )


def _open(session: Session, standing: Standing, week: Week, assignments: list[Assignment], now: datetime) -> WeekHubOut:
    program = standing.program
    return WeekHubOut(
        program_slug=program.slug,
        number=week.number,
        title=week.title,
        summary=week.summary,
        unlocks_at=standing.unlocks_at(week.number),
        status="open",
        lessons=[_lesson(standing, lesson, now) for lesson in program.lessons() if lesson.week == week.number],
        assignments=[_assignment(standing, assignment, now) for assignment in assignments],
        live_sessions=[_live_session(standing, each) for each in program.live_sessions if each.week == week.number],
        discussion=_discussion(session, standing, week.number),
        preview=standing.preview,
    )


def _lesson(standing: Standing, lesson: Lesson, now: datetime) -> HubLesson:
    decision = access_policy.decide_lesson(standing, lesson, now)
    return HubLesson(
        course_slug=lesson.course_slug,
        slug=lesson.slug,
        title=lesson.title,
        kind=lesson.kind,
        duration_minutes=lesson.duration_minutes,
        required=lesson.required,
        status=access_policy.status_of(standing, lesson, decision),
        reasons=list(decision.reasons),
        requires=list(decision.requires),
        completed_at=standing.record.completed.get(lesson.key),
    )


def _locked_lesson(lesson: Lesson) -> HubLesson:
    """As the fine print says: locked because of the week, whatever else may be in the way."""
    return HubLesson(
        course_slug=lesson.course_slug,
        slug=lesson.slug,
        title=lesson.title,
        kind=lesson.kind,
        duration_minutes=lesson.duration_minutes,
        required=lesson.required,
        status="locked",
        reasons=["week_locked"],
        requires=[],
        completed_at=None,
    )


def _assignment(standing: Standing, assignment: Assignment, now: datetime) -> HubAssignment:
    due_at = schedule.due_at(standing.cohort, assignment) if standing.cohort else None
    handed_in = standing.record.handed_in.get(assignment.slug)
    return HubAssignment(
        slug=assignment.slug,
        title=assignment.title,
        instructions=assignment.instructions,
        due_at=due_at,
        required=assignment.required,
        status=policy.assignment_status(handed_in, due_at, now),
        score=handed_in.score if handed_in else None,
    )


def _live_session(standing: Standing, session: LiveSession) -> HubLiveSession:
    return HubLiveSession(
        slug=session.slug,
        title=session.title,
        starts_at=schedule.starts_at(standing.cohort, session) if standing.cohort else None,
        ends_at=schedule.ends_at(standing.cohort, session) if standing.cohort else None,
        join_url=session.join_url,
    )


def _discussion(session: Session, standing: Standing, number: int) -> HubDiscussion:
    if standing.cohort is None:
        return HubDiscussion(post_count=0, last_post_at=None)
    count, last_at = discussion.count_posts(session, standing.cohort.id, number)
    return HubDiscussion(post_count=count, last_post_at=last_at)
