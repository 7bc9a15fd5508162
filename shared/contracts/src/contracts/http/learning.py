"""HTTP models of the learning service. Fields are only ever added; ``preview`` is true for staff who look in."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, field_validator, model_validator

from contracts.http.base import AdminInput, ApiInput, ApiModel, Instant
from contracts.http.learning_document import (
    AssignmentDocument,
    CourseDocument,
    LessonDocument,
    LessonKind,
    LiveSessionDocument,
    ProgramDocument,
    VideoRef,
    WebUrl,
    WeekDocument,
)

__all__ = [
    "AccessOut",
    "AssignmentDocument",
    "CalendarTokenOut",
    "CompletionOut",
    "CourseDocument",
    "CourseProgressOut",
    "GradeIn",
    "HomeOut",
    "ImportOut",
    "InternalAccessOut",
    "LessonDocument",
    "LessonOut",
    "LiveSessionDocument",
    "ProgramDocument",
    "SubmissionIn",
    "SubmissionOut",
    "SubmissionsOut",
    "VideoRef",
    "WeekDocument",
    "WeekHubOut",
]

CohortStatus = Literal["upcoming", "running", "ended"]
WeekStatus = Literal["locked", "open"]
LessonStatus = Literal["locked", "available", "completed"]
AssignmentStatus = Literal["open", "submitted", "late", "graded", "overdue"]
UpcomingKind = Literal["assignment", "liveSession", "weekUnlock"]
Percent = Annotated[int, Field(ge=0, le=100)]


# --- program home -----------------------------------------------------------------------------------------------------


class ProgramHead(ApiModel):
    """A program in a few words."""

    slug: str
    title: str
    summary: str


class CohortHead(ApiModel):
    """The cohort whose calendar applies."""

    id: UUID
    slug: str
    starts_at: Instant
    ends_at: Instant
    timezone: str
    status: CohortStatus


class HomeWeek(ApiModel):
    """A week on the program home; ``unlocksAt`` is null only for staff of a program without a cohort."""

    number: int
    title: str
    unlocks_at: Instant | None
    status: WeekStatus
    completed_lessons: int
    total_lessons: int


class HomeCourse(ApiModel):
    """A course on the program home."""

    slug: str
    title: str
    completed_lessons: int
    total_lessons: int
    percent: Percent
    completed_at: Instant | None


class ProgressTotal(ApiModel):
    """How far the student has come; ``percent`` is over what is required, 100 exactly when complete."""

    completed_lessons: int
    total_lessons: int
    percent: Percent
    completed_at: Instant | None


class NextLesson(ApiModel):
    """Where to go on."""

    course_slug: str
    lesson_slug: str
    title: str
    week_number: int


class Upcoming(ApiModel):
    """Something that the calendar will bring."""

    kind: UpcomingKind
    title: str
    week_number: int
    at: Instant


class HomeOut(ApiModel):
    """GET /v1/programs/{programSlug}/home."""

    program: ProgramHead
    cohort: CohortHead | None
    current_week: int
    weeks: list[HomeWeek]
    courses: list[HomeCourse]
    progress: ProgressTotal
    next_lesson: NextLesson | None
    upcoming: list[Upcoming]
    preview: bool


# --- week hub ---------------------------------------------------------------------------------------------------------


class HubLesson(ApiModel):
    """A lesson in the week hub; ``reasons`` say why it is locked, ``requires`` which lessons come first."""

    course_slug: str
    slug: str
    title: str
    kind: LessonKind
    duration_minutes: int
    required: bool
    status: LessonStatus
    reasons: list[str]
    requires: list[str]
    completed_at: Instant | None


class HubAssignment(ApiModel):
    """An assignment in the week hub; ``instructions`` are Markdown."""

    slug: str
    title: str
    instructions: str
    due_at: Instant | None
    required: bool
    status: AssignmentStatus
    score: float | None


class HubLiveSession(ApiModel):
    """A live session in the week hub."""

    slug: str
    title: str
    starts_at: Instant | None
    ends_at: Instant | None
    join_url: str


class HubDiscussion(ApiModel):
    """The week's thread in numbers: visible posts without replies."""

    post_count: int
    last_post_at: Instant | None


class WeekHubOut(ApiModel):
    """GET /v1/programs/{programSlug}/weeks/{weekNumber}."""

    program_slug: str
    number: int
    title: str
    summary: str
    unlocks_at: Instant | None
    status: WeekStatus
    lessons: list[HubLesson]
    assignments: list[HubAssignment]
    live_sessions: list[HubLiveSession]
    discussion: HubDiscussion | None
    preview: bool


# --- lessons and progress ---------------------------------------------------------------------------------------------


class LessonLink(ApiModel):
    """A neighbour in the course."""

    slug: str
    title: str


class LessonOut(ApiModel):
    """A lesson's content: Markdown as written, and HTML that is safe to insert."""

    program_slug: str
    course_slug: str
    slug: str
    title: str
    kind: LessonKind
    week_number: int
    duration_minutes: int
    required: bool
    status: LessonStatus
    completed_at: Instant | None
    content: str
    content_html: str
    has_video: bool
    previous: LessonLink | None
    next: LessonLink | None
    preview: bool


class CompletedLesson(ApiModel):
    """The lesson that was completed, and when it was completed first."""

    course_slug: str
    slug: str
    completed_at: Instant


class CourseStanding(ApiModel):
    """The course after a completion."""

    slug: str
    completed_lessons: int
    total_lessons: int
    percent: Percent
    completed_at: Instant | None


class ProgramStanding(ApiModel):
    """The program after a completion."""

    slug: str
    percent: Percent
    completed_at: Instant | None


class UnlockedLesson(ApiModel):
    """A lesson that waited for the completed one and is open."""

    course_slug: str
    lesson_slug: str


class CompletionOut(ApiModel):
    """POST /v1/courses/{courseSlug}/lessons/{lessonSlug}/complete."""

    lesson: CompletedLesson
    course: CourseStanding
    program: ProgramStanding
    unlocked: list[UnlockedLesson]


class ProgressLesson(ApiModel):
    """A lesson in the course's progress."""

    slug: str
    week_number: int
    status: LessonStatus
    completed_at: Instant | None


class CourseProgressOut(ApiModel):
    """GET /v1/courses/{courseSlug}/progress."""

    course_slug: str
    program_slug: str
    completed_lessons: int
    total_lessons: int
    percent: Percent
    completed_at: Instant | None
    lessons: list[ProgressLesson]
    preview: bool


# --- access -----------------------------------------------------------------------------------------------------------


class AccessOut(ApiModel):
    """GET /v1/programs/{programSlug}/access: the decision and what it was made from."""

    allowed: bool
    reasons: list[str]
    unlocks_at: Instant | None
    requires: list[str]
    facts: dict[str, Any]


class InternalAccessOut(ApiModel):
    """GET /internal/access?program=&course=&lesson=&userId=&staff= (service token).

    ``staff`` is what the calling service read in the user's own token: whether they are staff of the program.
    Unknown program, course or lesson: 404. ``videoId`` is null when the lesson has no video.
    """

    allowed: bool
    reasons: list[str]
    unlocks_at: Instant | None
    requires: list[str]
    video_id: UUID | None
    preview: bool


# --- assignments ------------------------------------------------------------------------------------------------------


class SubmissionIn(ApiInput):
    """What a student hands in: a text, a link, or both."""

    text: Annotated[str, StringConstraints(max_length=50_000)] | None = None
    url: WebUrl | None = None

    @field_validator("text")
    @classmethod
    def blank_is_nothing(cls, text: str | None) -> str | None:
        """White space alone is empty."""
        return text if text and text.strip() else None

    @model_validator(mode="after")
    def need_something(self) -> "SubmissionIn":
        """An empty submission is a mistake."""
        if self.text is None and self.url is None:
            raise ValueError("send a text, a url, or both")
        return self


class SubmissionOut(ApiModel):
    """A submission; ``attempt`` counts from 1, and the last one counts."""

    id: UUID
    student_id: UUID
    assignment_slug: str
    week_number: int
    attempt: int
    text: str | None
    url: str | None
    submitted_at: Instant
    due_at: Instant | None
    late: bool
    status: AssignmentStatus
    score: float | None
    feedback: str | None
    graded_at: Instant | None


class SubmissionsOut(ApiModel):
    """The caller's submissions, newest first; for staff those of the cohort."""

    submissions: list[SubmissionOut]
    next_cursor: str | None
    preview: bool


class GradeIn(AdminInput):
    """A grade: 0 to 100, with words."""

    score: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
    feedback: Annotated[str, StringConstraints(max_length=20_000)] = ""


# --- calendar and administration --------------------------------------------------------------------------------------


class CalendarTokenOut(ApiModel):
    """A secret address of the student's calendar; making a new one ends the old."""

    token: str
    url: str


class Change(ApiModel):
    """One thing in the document: its path, and for a change the fields that differ."""

    path: str
    fields: list[str]


class DocumentDiff(ApiModel):
    """What a document changes."""

    added: list[str]
    removed: list[str]
    changed: list[Change]


class ImportOut(ApiModel):
    """PUT /v1/admin/programs/{programSlug}: what changed; the same document again changes nothing."""

    program_slug: str
    version: int
    changed: bool
    dry_run: bool
    diff: DocumentDiff
