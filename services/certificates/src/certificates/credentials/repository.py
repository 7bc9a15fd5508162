"""What credentials are made from."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from certificates.credentials.documents import LIST_BITS, AchievementFacts
from certificates.models import Achievement, Certificate, Course, Program, StatusEntry


def find(session: Session, certificate_id: UUID) -> "Row[Certificate, Achievement, int, str] | None":
    """The certificate with its achievement, its place in the status lists, and what was achieved in words."""
    return session.execute(
        select(Certificate, Achievement, StatusEntry.position, func.coalesce(Course.description, Program.summary))
        .join(Achievement, Achievement.id == Certificate.achievement_id)
        .join(StatusEntry, StatusEntry.certificate_id == Certificate.id)
        .outerjoin(Course, Course.slug == Certificate.course_slug)
        .outerjoin(Program, (Program.slug == Certificate.program_slug) & Certificate.course_slug.is_(None))
        .where(Certificate.id == certificate_id)
    ).one_or_none()


def find_achievement(session: Session, kind: str, slug: str) -> AchievementFacts | None:
    """A course or a program as last published."""
    query = (
        select(Course.title, Course.description).where(Course.slug == slug)
        if kind == "course"
        else select(Program.title, Program.summary).where(Program.slug == slug)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else AchievementFacts(kind, slug, row[0], row[1])


def revoked_in(session: Session, number: int) -> Sequence[int] | None:
    """The indexes of revoked certificates in list ``number``; None if there is no such list."""
    start = number * LIST_BITS
    here = (StatusEntry.position >= start, StatusEntry.position < start + LIST_BITS)
    if number > 0 and session.scalar(select(StatusEntry.position).where(*here).limit(1)) is None:
        return None
    revoked = session.scalars(select(StatusEntry.position).where(*here, StatusEntry.revoked))
    return [position - start for position in revoked]
