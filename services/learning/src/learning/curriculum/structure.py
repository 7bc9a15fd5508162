"""A version of a program, ready to be asked: frozen, shared between threads, its prerequisites resolved.

Nothing here knows a student, a cohort or a clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time
from functools import cached_property
from uuid import UUID

from contracts.http.learning import ProgramDocument
from contracts.http.learning_document import (
    AssignmentDocument,
    CourseDocument,
    LessonDocument,
    LessonKind,
    LiveSessionDocument,
)

#: A lesson's name within its program.
LessonKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Week:
    """A week of the program."""

    number: int
    title: str
    summary: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson; ``requires`` are the slugs of the lessons in its course that must be complete before it opens."""

    course_slug: str
    slug: str
    title: str
    kind: LessonKind
    week: int
    duration_minutes: int
    required: bool
    requires: tuple[str, ...]
    video_id: UUID | None
    content: str = field(repr=False)

    @property
    def key(self) -> LessonKey:
        """Course and lesson."""
        return (self.course_slug, self.slug)


@dataclass(frozen=True, slots=True)
class Assignment:
    """An assignment: it belongs to a course and stands in a week."""

    course_slug: str
    slug: str
    title: str
    week: int
    instructions: str = field(repr=False)
    due_days: int
    due_time: time
    required: bool


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A live session, at a local time some days after its week's unlock date."""

    slug: str
    title: str
    week: int
    day: int
    start_time: time
    duration_minutes: int
    join_url: str


@dataclass(frozen=True)
class Course:
    """A course: lessons in the order of study."""

    slug: str
    title: str
    description: str
    lessons: tuple[Lesson, ...]
    assignments: tuple[Assignment, ...]

    @cached_property
    def required_lessons(self) -> frozenset[LessonKey]:
        """What must be completed."""
        return frozenset(lesson.key for lesson in self.lessons if lesson.required)

    @cached_property
    def required_assignments(self) -> frozenset[str]:
        """What must be handed in."""
        return frozenset(assignment.slug for assignment in self.assignments if assignment.required)


@dataclass(frozen=True)
class Program:
    """One version of a program."""

    slug: str
    version: int
    title: str
    summary: str
    published: bool
    weeks: tuple[Week, ...]
    courses: tuple[Course, ...]
    live_sessions: tuple[LiveSession, ...]

    @property
    def week_count(self) -> int:
        """Weeks are numbered from 1 to this."""
        return len(self.weeks)

    def week(self, number: int) -> Week | None:
        """The week of that number."""
        return self.weeks[number - 1] if 1 <= number <= len(self.weeks) else None

    def course(self, slug: str) -> Course | None:
        """The course of that slug."""
        return self._courses.get(slug)

    def lesson(self, course_slug: str, lesson_slug: str) -> Lesson | None:
        """The lesson of those slugs."""
        return self._lessons.get((course_slug, lesson_slug))

    def assignment(self, slug: str) -> Assignment | None:
        """The assignment of that slug; assignments' slugs are unique in the program."""
        return self._assignments.get(slug)

    @cached_property
    def lessons_by_week(self) -> tuple[Lesson, ...]:
        """All lessons: by week, and within it in the order of courses and lessons."""
        return tuple(sorted(self.lessons(), key=lambda lesson: lesson.week))

    def lessons(self) -> Iterator[Lesson]:
        """All lessons in the document's order."""
        return (lesson for course in self.courses for lesson in course.lessons)

    def assignments(self) -> Iterator[Assignment]:
        """All assignments in the document's order."""
        return (assignment for course in self.courses for assignment in course.assignments)

    @cached_property
    def _courses(self) -> dict[str, Course]:
        return {course.slug: course for course in self.courses}

    @cached_property
    def _lessons(self) -> dict[LessonKey, Lesson]:
        return {lesson.key: lesson for lesson in self.lessons()}

    @cached_property
    def _assignments(self) -> dict[str, Assignment]:
        return {assignment.slug: assignment for assignment in self.assignments()}


def build_program(slug: str, version: int, document: ProgramDocument) -> Program:
    """The structure that a sound document describes."""
    return Program(
        slug=slug,
        version=version,
        title=document.title,
        summary=document.summary,
        published=document.published,
        weeks=tuple(Week(week.number, week.title, week.summary) for week in document.weeks),
        courses=tuple(_course(course) for course in document.courses),
        live_sessions=tuple(_live_session(session) for session in document.live_sessions),
    )


def prerequisites_of(course: CourseDocument, index: int) -> tuple[str, ...]:
    """What the lesson at ``index`` waits for: its own list, else the lesson before it."""
    own = course.lessons[index].prerequisites
    if own is not None:
        return tuple(dict.fromkeys(own))
    return (course.lessons[index - 1].slug,) if index else ()


def _course(course: CourseDocument) -> Course:
    lessons = enumerate(course.lessons)
    return Course(
        slug=course.slug,
        title=course.title,
        description=course.description,
        lessons=tuple(_lesson(course.slug, lesson, prerequisites_of(course, index)) for index, lesson in lessons),
        assignments=tuple(_assignment(course.slug, assignment) for assignment in course.assignments),
    )


def _lesson(course_slug: str, lesson: LessonDocument, requires: tuple[str, ...]) -> Lesson:
    return Lesson(
        course_slug=course_slug,
        slug=lesson.slug,
        title=lesson.title,
        kind=lesson.kind,
        week=lesson.week,
        duration_minutes=lesson.duration_minutes,
        required=lesson.required,
        requires=requires,
        video_id=lesson.video.id if lesson.video else None,
        content=lesson.content,
    )


def _assignment(course_slug: str, assignment: AssignmentDocument) -> Assignment:
    return Assignment(
        course_slug=course_slug,
        slug=assignment.slug,
        title=assignment.title,
        week=assignment.week,
        instructions=assignment.instructions,
        due_days=assignment.due_days,
        due_time=time.fromisoformat(assignment.due_time),
        required=assignment.required,
    )


def _live_session(session: LiveSessionDocument) -> LiveSession:
    return LiveSession(
        slug=session.slug,
        title=session.title,
        week=session.week,
        day=session.day,
        start_time=time.fromisoformat(session.start_time),
        duration_minutes=session.duration_minutes,
        join_url=session.join_url,
    )
