"""The events that a completion is told by."""

from datetime import datetime

from contracts.events import CourseCompleted, ProgramCompleted
from learning.enrollments.policy import Enrollment


def course_completed(
    enrollment: Enrollment, version: int, program_title: str, course_slug: str, course_title: str, at: datetime
) -> CourseCompleted:
    """Everything that the course requires is done."""
    return CourseCompleted(
        sequence=version,
        student_id=enrollment.student_id,
        enrollment_id=enrollment.id,
        program_slug=enrollment.program_slug,
        program_title=program_title,
        course_slug=course_slug,
        course_title=course_title,
        cohort_id=enrollment.cohort_id,
        completed_at=at,
    )


def program_completed(enrollment: Enrollment, version: int, program_title: str, at: datetime) -> ProgramCompleted:
    """All courses are."""
    return ProgramCompleted(
        sequence=version,
        student_id=enrollment.student_id,
        enrollment_id=enrollment.id,
        program_slug=enrollment.program_slug,
        program_title=program_title,
        cohort_id=enrollment.cohort_id,
        completed_at=at,
    )
