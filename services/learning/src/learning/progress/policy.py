"""How far somebody has come. Pure: the curriculum and what was done go in, numbers and completions come out.

`percent` counts required lessons and required assignments, rounded down; 100 exactly when complete. What was once
reached stays: a mark holds the highest percentage told, and a completion is for good, however the curriculum grows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from learning.curriculum.structure import Course, LessonKey, Program

WHOLE_PROGRAM = ""
"""The name under which the program's own mark is kept."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What was reached before, in a course or the program."""

    percent: int = 0
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HandedIn:
    """The last attempt at an assignment."""

    late: bool
    graded: bool
    score: float | None


@dataclass(frozen=True, slots=True)
class Record:
    """What a student has done in a program, under whichever enrollment, and what this enrollment was told of it."""

    completed: Mapping[LessonKey, datetime] = field(default_factory=lambda: MappingProxyType({}))
    handed_in: Mapping[str, HandedIn] = field(default_factory=lambda: MappingProxyType({}))
    marks: Mapping[str, Mark] = field(default_factory=lambda: MappingProxyType({}))
    own_marks: Mapping[str, Mark] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Measure:
    """Progress in a course or a program; ``done`` of ``needed`` are required things."""

    completed_lessons: int
    total_lessons: int
    done: int
    needed: int
    percent: int
    completed_at: datetime | None

    @property
    def is_complete(self) -> bool:
        """Whether nothing required is left."""
        return self.done >= self.needed


@dataclass(frozen=True, slots=True)
class Advance:
    """What this enrollment has to be told: new marks, and the courses (and the program) that are complete now."""

    marks: Mapping[str, Mark]
    courses: tuple[Course, ...]
    program: bool


def measure_course(course: Course, record: Record) -> Measure:
    """Progress in a course."""
    mark = record.marks.get(course.slug, Mark())
    needed = len(course.required_lessons) + len(course.required_assignments)
    done = needed if mark.completed_at else _required_done(course, record)
    return Measure(
        completed_lessons=sum(lesson.key in record.completed for lesson in course.lessons),
        total_lessons=len(course.lessons),
        done=done,
        needed=needed,
        percent=_percent(done, needed, mark),
        completed_at=mark.completed_at,
    )


def measure_program(program: Program, record: Record) -> Measure:
    """Progress in the whole program; a completed course counts as done, whatever was added to it since."""
    mark = record.marks.get(WHOLE_PROGRAM, Mark())
    parts = [measure_course(course, record) for course in program.courses]
    needed = sum(part.needed for part in parts)
    done = needed if mark.completed_at else sum(part.done for part in parts)
    return Measure(
        completed_lessons=sum(part.completed_lessons for part in parts),
        total_lessons=sum(part.total_lessons for part in parts),
        done=done,
        needed=needed,
        percent=_percent(done, needed, mark),
        completed_at=mark.completed_at,
    )


def advance(program: Program, record: Record, now: datetime) -> Advance:
    """What has changed since this enrollment was last told. A completion under an earlier one keeps its time."""
    measures = {course.slug: measure_course(course, record) for course in program.courses}
    measures[WHOLE_PROGRAM] = measure_program(program, record)
    reached = {slug: _reached(measure, now) for slug, measure in measures.items()}
    news = {slug: mark for slug, mark in reached.items() if _is_news(record.own_marks.get(slug, Mark()), mark)}
    complete = {slug for slug, mark in news.items() if mark.completed_at is not None}
    return Advance(
        marks=news,
        courses=tuple(course for course in program.courses if course.slug in complete),
        program=WHOLE_PROGRAM in complete,
    )


def with_marks(record: Record, marks: Mapping[str, Mark]) -> Record:
    """The record after this enrollment was told."""
    return Record(
        record.completed, record.handed_in, {**record.marks, **marks}, own_marks={**record.own_marks, **marks}
    )


def _required_done(course: Course, record: Record) -> int:
    lessons = sum(key in record.completed for key in course.required_lessons)
    assignments = sum(slug in record.handed_in for slug in course.required_assignments)
    return lessons + assignments


def _percent(done: int, needed: int, mark: Mark) -> int:
    if done >= needed:
        return 100
    return min(99, max(mark.percent, 100 * done // needed))


def _reached(measure: Measure, now: datetime) -> Mark:
    return Mark(measure.percent, (measure.completed_at or now) if measure.is_complete else None)


def _is_news(known: Mark, reached: Mark) -> bool:
    if known.completed_at is not None:
        return False
    return reached.completed_at is not None or reached.percent > known.percent
