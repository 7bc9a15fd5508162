"""What the program home says about what comes next. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from learning.access import schedule
from learning.access.policy import Standing, decide_lesson
from learning.curriculum.structure import Lesson
from learning.enrollments.policy import Cohort

MOST_UPCOMING = 10


@dataclass(frozen=True, slots=True)
class Coming:
    """Something that the calendar will bring."""

    kind: Literal["assignment", "liveSession", "weekUnlock"]
    title: str
    week: int
    at: datetime


def next_lesson(standing: Standing, now: datetime) -> Lesson | None:
    """Where to go on: the first open lesson that is not complete, by week; an optional one only when no other is."""
    done = standing.record.completed
    left = [lesson for lesson in standing.program.lessons_by_week if lesson.key not in done]
    open_ones = [lesson for lesson in left if decide_lesson(standing, lesson, now).allowed]
    required = (lesson for lesson in open_ones if lesson.required)
    return next(required, open_ones[0] if open_ones else None)


def coming(standing: Standing, now: datetime) -> list[Coming]:
    """All that lies ahead, by time. An assignment that was handed in is behind."""
    if standing.cohort is None:
        return []
    ahead = (item for item in _all(standing, standing.cohort) if item.at > now)
    return sorted(ahead, key=lambda item: (item.at, item.week, item.kind, item.title))


def _all(standing: Standing, cohort: Cohort) -> Iterator[Coming]:
    program = standing.program
    for week in program.weeks:
        yield Coming("weekUnlock", week.title, week.number, cohort.calendar.week_unlocks_at(week.number))
    for assignment in program.assignments():
        if assignment.slug not in standing.record.handed_in:
            yield Coming("assignment", assignment.title, assignment.week, schedule.due_at(cohort, assignment))
    for session in program.live_sessions:
        yield Coming("liveSession", session.title, session.week, schedule.starts_at(cohort, session))


def changes_at(standing: Standing, ahead: list[Coming], now: datetime) -> datetime | None:
    """The next instant at which time alone changes the home: the calendar's next change, or the next thing passing."""
    instants = [standing.next_change_after(now), *(item.at for item in ahead[:1])]
    return min((instant for instant in instants if instant is not None), default=None)
