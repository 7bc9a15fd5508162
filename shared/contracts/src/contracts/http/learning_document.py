"""The administrative document of a program: PUT /v1/admin/programs/{programSlug}, as JSON or YAML.

Unknown fields are refused. What one field alone cannot show (weeks without gaps, prerequisites that exist) is judged
by the learning service, which answers with the path of each field that is wrong.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from contracts.http.base import AdminInput

LessonKind = Literal["video", "reading", "exercise"]

SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"

#: Lower-case letters, digits and single hyphens.
SlugText = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, max_length=100)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
PlainText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]
Markdown = Annotated[str, StringConstraints(max_length=200_000)]

#: A local wall-clock time, ``HH:MM`` or ``HH:MM:SS``.
LocalTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$")]
WebUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=2_000)]
WeekNumber = Annotated[int, Field(strict=True, ge=1, le=104)]
Days = Annotated[int, Field(strict=True, ge=0, le=366)]
Minutes = Annotated[int, Field(strict=True, ge=0, le=1440)]
Flag = Annotated[bool, Field(strict=True)]


class DocumentPart(AdminInput):
    """A part of the document. Where it is read, too, its schema is the one for writing: defaults are optional."""

    model_config = ConfigDict(json_schema_mode_override="validation")


class WeekDocument(DocumentPart):
    """A week of the program; numbers run 1, 2, 3 … without gaps."""

    number: WeekNumber
    title: Title
    summary: PlainText = ""


class VideoRef(DocumentPart):
    """A video by the id that the media service gave it."""

    id: UUID


class LessonDocument(DocumentPart):
    """A lesson. ``prerequisites`` null means the lesson before it in its course; an empty list means none."""

    slug: SlugText
    title: Title
    kind: LessonKind
    week: WeekNumber
    duration_minutes: Minutes
    required: Flag = True
    prerequisites: Annotated[list[SlugText], Field(max_length=50)] | None = None
    video: VideoRef | None = None
    content: Markdown = ""


class AssignmentDocument(DocumentPart):
    """An assignment; due ``due_days`` after its week's unlock date, at ``due_time`` in the cohort's time zone."""

    slug: SlugText
    title: Title
    week: WeekNumber
    instructions: Markdown = ""
    due_days: Days
    due_time: LocalTime = "23:59:59"
    required: Flag = True


class CourseDocument(DocumentPart):
    """A course: its lessons in the order of study."""

    slug: SlugText
    title: Title
    description: PlainText = ""
    lessons: Annotated[list[LessonDocument], Field(min_length=1, max_length=500)]
    assignments: Annotated[list[AssignmentDocument], Field(max_length=200)] = Field(default_factory=list)


class LiveSessionDocument(DocumentPart):
    """A live session: ``day`` days after its week's unlock date, at ``start_time`` in the cohort's time zone."""

    slug: SlugText
    week: WeekNumber
    title: Title
    day: Days
    start_time: LocalTime
    duration_minutes: Annotated[int, Field(strict=True, ge=1, le=1440)]
    join_url: WebUrl


class ProgramDocument(DocumentPart):
    """A whole program. ``slug`` may be left out; given, it must be the one in the address."""

    slug: SlugText | None = None
    title: Title
    summary: PlainText = ""
    published: Flag = False
    weeks: Annotated[list[WeekDocument], Field(min_length=1, max_length=104)]
    courses: Annotated[list[CourseDocument], Field(min_length=1, max_length=100)]
    live_sessions: Annotated[list[LiveSessionDocument], Field(max_length=500)] = Field(default_factory=list)
