"""Local times of the curriculum as instants of a cohort. Pure."""

from datetime import datetime, timedelta

from learning.curriculum.structure import Assignment, LiveSession
from learning.enrollments.policy import Cohort


def due_at(cohort: Cohort, assignment: Assignment) -> datetime:
    """When an assignment is due: days after its week's unlock date, at a local time."""
    return cohort.calendar.local_deadline(assignment.week, assignment.due_days, assignment.due_time)


def starts_at(cohort: Cohort, session: LiveSession) -> datetime:
    """When a live session begins."""
    return cohort.calendar.local_deadline(session.week, session.day, session.start_time)


def ends_at(cohort: Cohort, session: LiveSession) -> datetime:
    """When a live session ends; its length is real time, also on the day the clocks change."""
    return starts_at(cohort, session) + timedelta(minutes=session.duration_minutes)
