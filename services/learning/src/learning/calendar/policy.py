"""What stands in a cohort's calendar. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from learning.access import schedule
from learning.access.policy import Standing
from learning.curriculum.structure import Program
from learning.enrollments.policy import Cohort


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; ``uid`` stays the same when its time changes, so that calendars move it instead of doubling it."""

    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime | None
    description: str
    url: str | None = None


def entries(standing: Standing, cohort: Cohort, now: datetime) -> list[Entry]:
    """Unlocks, deadlines and live sessions by time. A join link stands there once its week is open."""
    program = standing.program
    found = [*_unlocks(program, cohort), *_deadlines(program, cohort), *_live_sessions(standing, cohort, now)]
    return sorted(found, key=lambda entry: (entry.starts_at, entry.uid))


def _unlocks(program: Program, cohort: Cohort) -> Iterator[Entry]:
    for week in program.weeks:
        yield Entry(
            uid=f"week-{week.number}.{cohort.id}",
            title=f"Week {week.number} unlocks: {week.title}",
            starts_at=cohort.calendar.week_unlocks_at(week.number),
            ends_at=None,
            description=week.summary,
        )


def _deadlines(program: Program, cohort: Cohort) -> Iterator[Entry]:
    for assignment in program.assignments():
        yield Entry(
            uid=f"assignment-{assignment.slug}.{cohort.id}",
            title=f"Due: {assignment.title}",
            starts_at=schedule.due_at(cohort, assignment),
            ends_at=None,
            description="Required." if assignment.required else "Optional.",
        )


def _live_sessions(standing: Standing, cohort: Cohort, now: datetime) -> Iterator[Entry]:
    for session in standing.program.live_sessions:
        is_open = standing.week_is_open(session.week, now)
        yield Entry(
            uid=f"live-{session.slug}.{cohort.id}",
            title=session.title,
            starts_at=schedule.starts_at(cohort, session),
            ends_at=schedule.ends_at(cohort, session),
            description=session.join_url if is_open else "The link to join is here once the week has unlocked.",
            url=session.join_url if is_open else None,
        )
