"""Under which names answers are cached, and who forgets them when.

A tag is what an answer depends on: a student's own state, a program's content and calendars, a course (whose progress
is asked for without naming the program), a week's discussion. A change of a cohort forgets its whole program: cohorts
change rarely, and a cached answer is asked for before its cohort is known.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from chassis.cache import forget
from learning.auth import Caller
from learning.curriculum import repository as curriculum


def student_tag(student_id: UUID) -> str:
    """All that depends on what a student has done."""
    return f"student:{student_id}"


def program_tag(slug: str) -> str:
    """All that depends on a program's content or on its cohorts' calendars."""
    return f"program:{slug}"


def course_tag(slug: str) -> str:
    """The same, for answers that name only the course."""
    return f"course:{slug}"


def week_tag(program_slug: str, number: int) -> str:
    """What depends on the discussion of a week."""
    return f"week:{program_slug}:{number}"


def viewer_key(caller: Caller, cohort: str | None) -> str:
    """Who looks, as far as an answer depends on it: the account, and for staff their rights and the cohort named."""
    if not (caller.is_admin or caller.is_instructor):
        return str(caller.account_id)
    rights = "admin" if caller.is_admin else ",".join(sorted(caller.teaches))
    return f"{caller.account_id}:{rights}:{cohort or ''}"


def student_changed(session: Session, student_id: UUID) -> None:
    """A student's progress, submissions or enrollment changed."""
    forget(session, student_tag(student_id))


def program_changed(session: Session, slug: str) -> None:
    """A program's content changed, or one of its cohorts."""
    courses = curriculum.course_slugs(session, slug)
    forget(session, program_tag(slug), *(course_tag(course) for course in courses))


def discussion_changed(session: Session, program_slug: str, week_number: int) -> None:
    """A post came, went or came back."""
    forget(session, week_tag(program_slug, week_number))
