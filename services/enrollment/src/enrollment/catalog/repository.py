"""Rows of programs (a projection of ProgramPublished)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from chassis.errors import NotFound
from enrollment.models import Program


class ProgramNotFound(NotFound):
    title = "There is no such program"


def require_published(session: Session, slug: str) -> None:
    """Raise ``ProgramNotFound`` unless the program is on sale."""
    if session.scalar(select(Program.published).where(Program.slug == slug)) is not True:
        raise ProgramNotFound(f"There is no program {slug!r}.")


def require_known(session: Session, slug: str) -> None:
    """Raise ``ProgramNotFound`` unless the program exists, on sale or not."""
    if session.scalar(select(Program.slug).where(Program.slug == slug)) is None:
        raise ProgramNotFound(f"There is no program {slug!r}.")


def get_published(session: Session, slug: str) -> Row[Any]:
    """All about a program on sale."""
    row = session.execute(
        select(Program.slug, Program.title, Program.summary, Program.week_count, Program.outline).where(
            Program.slug == slug, Program.published.is_(True)
        )
    ).one_or_none()
    if row is None:
        raise ProgramNotFound(f"There is no program {slug!r}.")
    return row


def list_published(session: Session, after: str | None, limit: int) -> Sequence[Any]:
    """Programs on sale by slug."""
    query = (
        select(Program.slug, Program.title, Program.summary, Program.week_count)
        .where(Program.published.is_(True))
        .order_by(Program.slug)
        .limit(limit)
    )
    return session.execute(query if after is None else query.where(Program.slug > after)).all()


def find_week_count(session: Session, slug: str) -> int | None:
    """How many weeks a program has; None while it is not known here."""
    return session.scalar(select(Program.week_count).where(Program.slug == slug))
