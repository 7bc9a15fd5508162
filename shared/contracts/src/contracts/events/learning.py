"""What learning tells about the curriculum, progress and submissions."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.events.base import Event, UtcTime


class PublishedWeek(BaseModel):
    """A week of a published program."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int
    title: str


class PublishedCourse(BaseModel):
    """A course of a published program."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    slug: str
    title: str
    description: str


class ProgramPublished(Event):
    """The curriculum has a new version. `version` is what authors see; `published` is false when it was withdrawn."""

    type: ClassVar[str] = "edxelera.learning.program_published.v1"
    source: ClassVar[str] = "learning"
    subject_field: ClassVar[str] = "program_slug"

    program_slug: str
    title: str
    summary: str
    version: int
    published: bool
    weeks: list[PublishedWeek]
    courses: list[PublishedCourse]


class ProgressEvent(Event):
    """A student came further within an enrollment."""

    source: ClassVar[str] = "learning"
    subject_field: ClassVar[str] = "enrollment_id"

    student_id: UUID
    enrollment_id: UUID
    program_slug: str
    cohort_id: UUID
    completed_at: UtcTime


class LessonCompleted(ProgressEvent):
    """A lesson was completed for the first time."""

    type: ClassVar[str] = "edxelera.learning.lesson_completed.v1"

    course_slug: str
    lesson_slug: str
    week_number: int


class CourseCompleted(ProgressEvent):
    """Everything a course requires is done."""

    type: ClassVar[str] = "edxelera.learning.course_completed.v1"

    program_title: str
    course_slug: str
    course_title: str


class ProgramCompleted(ProgressEvent):
    """All courses of the program are done."""

    type: ClassVar[str] = "edxelera.learning.program_completed.v1"

    program_title: str


class SubmissionEvent(Event):
    """Something happened to a submission."""

    source: ClassVar[str] = "learning"
    subject_field: ClassVar[str] = "submission_id"

    submission_id: UUID
    student_id: UUID
    program_slug: str
    cohort_id: UUID
    assignment_slug: str


class AssignmentSubmitted(SubmissionEvent):
    """A student handed in an assignment."""

    type: ClassVar[str] = "edxelera.learning.assignment_submitted.v1"

    week_number: int
    submitted_at: UtcTime
    late: bool


class AssignmentGraded(SubmissionEvent):
    """Staff graded a submission."""

    type: ClassVar[str] = "edxelera.learning.assignment_graded.v1"

    score: float
    graded_at: UtcTime
