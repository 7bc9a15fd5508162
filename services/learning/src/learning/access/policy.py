"""What a viewer may see of a program: their standing, and from it one decision for each lesson. Pure.

The rule itself is `contracts.rules.decide_access`; here the facts for it are put together, in one place for the week
hub, completion, playback and the explain call.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from contracts.rules import AccessDecision, LessonFacts, decide_access
from learning.curriculum.structure import Lesson, Program
from learning.enrollments.policy import Cohort, Enrollment
from learning.progress.policy import Record

LessonStatus = Literal["locked", "available", "completed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Who somebody is in a program, whose calendar applies, and what they have done.

    ``preview``: staff, who see everything. ``cohort`` is None when the viewer has none (or staff have none to show).
    """

    program: Program
    preview: bool = False
    enrollment: Enrollment | None = None
    cohort: Cohort | None = None
    record: Record = field(default_factory=Record)

    @property
    def enrollment_status(self) -> str | None:
        """As the access rule knows it."""
        return self.enrollment.status if self.enrollment else None

    @property
    def access_ends_at(self) -> datetime | None:
        """When lessons close."""
        return self.cohort.calendar.access_ends_at if self.cohort else None

    def unlocks_at(self, week: int) -> datetime | None:
        """When a week unlocks; None without a cohort."""
        return self.cohort.calendar.week_unlocks_at(week) if self.cohort else None

    def week_is_open(self, week: int, now: datetime) -> bool:
        """Whether the viewer may see into a week."""
        return self.preview or (self.cohort is not None and self.cohort.calendar.is_unlocked(week, now))

    def current_week(self, now: datetime) -> int:
        """The last unlocked week, 0 before the start."""
        return self.cohort.calendar.current_week(now, self.program.week_count) if self.cohort else 0

    def next_change_after(self, now: datetime) -> datetime | None:
        """The next instant at which the calendar changes what the viewer sees."""
        return self.cohort.calendar.next_change_after(now, self.program.week_count) if self.cohort else None


def facts_of(standing: Standing, lesson: Lesson) -> LessonFacts:
    """The facts from which a lesson's access is decided. A completed lesson has no prerequisites left."""
    done = standing.record.completed
    missing = () if lesson.key in done else _missing(standing, lesson)
    return LessonFacts(
        enrollment_status=standing.enrollment_status,
        access_ends_at=standing.access_ends_at,
        week_unlocks_at=standing.unlocks_at(lesson.week),
        missing_prerequisites=missing,
        is_staff=standing.preview,
    )


def decide_lesson(standing: Standing, lesson: Lesson, now: datetime) -> AccessDecision:
    """May the viewer open this lesson now?"""
    return decide_access(facts_of(standing, lesson), now)


def decide_week(standing: Standing, week: int, now: datetime) -> AccessDecision:
    """May the viewer work in this week now? A lesson's decision without prerequisites."""
    return decide_access(_facts(standing, standing.unlocks_at(week)), now)


def decide_program(standing: Standing, now: datetime) -> AccessDecision:
    """May the viewer look at the program now, whatever is unlocked in it?"""
    return decide_access(_facts(standing, now), now)


def status_of(standing: Standing, lesson: Lesson, decision: AccessDecision) -> LessonStatus:
    """What a list of lessons shows."""
    if lesson.key in standing.record.completed:
        return "completed"
    return "available" if decision.allowed else "locked"


def _facts(standing: Standing, unlocks_at: datetime | None) -> LessonFacts:
    return LessonFacts(standing.enrollment_status, standing.access_ends_at, unlocks_at, is_staff=standing.preview)


def _missing(standing: Standing, lesson: Lesson) -> tuple[str, ...]:
    done = standing.record.completed
    return tuple(slug for slug in lesson.requires if (lesson.course_slug, slug) not in done)
