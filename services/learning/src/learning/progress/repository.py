"""What students have done: completions, marks, and the last attempts at assignments."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from learning.curriculum.structure import Lesson, LessonKey
from learning.enrollments.policy import Enrollment
from learning.models import LessonCompletion, ProgressMark, Submission
from learning.progress.policy import HandedIn, Mark, Record


def record_of(session: Session, student_id: UUID, program_slug: str, enrollment_id: UUID | None) -> Record:
    """All that the student has done in the program: three queries, however much it is."""
    marks, own = _marks_of(session, student_id, program_slug, enrollment_id)
    return Record(
        completed=_completions_of(session, student_id, program_slug),
        handed_in=_handed_in_by(session, student_id, program_slug),
        marks=marks,
        own_marks=own,
    )


def add_completion(session: Session, enrollment: Enrollment, lesson: Lesson, at: datetime) -> None:
    """The student has completed the lesson."""
    session.execute(
        insert(LessonCompletion).values(
            student_id=enrollment.student_id,
            course_slug=lesson.course_slug,
            lesson_slug=lesson.slug,
            program_slug=enrollment.program_slug,
            enrollment_id=enrollment.id,
            completed_at=at,
        )
    )


def put_marks(session: Session, enrollment: Enrollment, marks: Mapping[str, Mark]) -> None:
    """What the enrollment has reached, in one statement."""
    if not marks:
        return
    rows: list[dict[str, Any]] = [
        {
            "enrollment_id": enrollment.id,
            "course_slug": slug,
            "student_id": enrollment.student_id,
            "program_slug": enrollment.program_slug,
            "percent": mark.percent,
            "completed_at": mark.completed_at,
        }
        for slug, mark in marks.items()
    ]
    new = mysql.insert(ProgressMark).values(rows)
    session.execute(new.on_duplicate_key_update(percent=new.inserted.percent, completed_at=new.inserted.completed_at))


def _completions_of(session: Session, student_id: UUID, program_slug: str) -> dict[LessonKey, datetime]:
    query = select(LessonCompletion.course_slug, LessonCompletion.lesson_slug, LessonCompletion.completed_at).where(
        LessonCompletion.student_id == student_id, LessonCompletion.program_slug == program_slug
    )
    return {(row.course_slug, row.lesson_slug): row.completed_at for row in session.execute(query)}


def _handed_in_by(session: Session, student_id: UUID, program_slug: str) -> dict[str, HandedIn]:
    query = (
        select(Submission.assignment_slug, Submission.late, Submission.graded_at, Submission.score)
        .where(Submission.student_id == student_id, Submission.program_slug == program_slug)
        .order_by(Submission.attempt)
    )
    rows = session.execute(query)
    return {row.assignment_slug: HandedIn(row.late, row.graded_at is not None, row.score) for row in rows}


def _marks_of(
    session: Session, student_id: UUID, program_slug: str, enrollment_id: UUID | None
) -> tuple[dict[str, Mark], dict[str, Mark]]:
    query = select(
        ProgressMark.enrollment_id, ProgressMark.course_slug, ProgressMark.percent, ProgressMark.completed_at
    ).where(ProgressMark.student_id == student_id, ProgressMark.program_slug == program_slug)
    marks: dict[str, Mark] = {}
    own: dict[str, Mark] = {}
    for row in session.execute(query):
        mark = Mark(row.percent, row.completed_at)
        marks[row.course_slug] = _higher(marks.get(row.course_slug, mark), mark)
        if row.enrollment_id == enrollment_id:
            own[row.course_slug] = mark
    return marks, own


def _higher(one: Mark, other: Mark) -> Mark:
    times = [mark.completed_at for mark in (one, other) if mark.completed_at is not None]
    return Mark(max(one.percent, other.percent), min(times, default=None))
