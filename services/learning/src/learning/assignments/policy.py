"""Rules of submissions. Pure."""

from datetime import datetime


def is_late(submitted_at: datetime, due_at: datetime) -> bool:
    """A submission at the deadline's very instant is in time."""
    return submitted_at > due_at


def may_submit_again(*, graded: bool) -> bool:
    """A new attempt replaces the last one until that was graded."""
    return not graded


def same_grade(known: tuple[float | None, str | None], given: tuple[float, str]) -> bool:
    """Whether a grade says what is known already."""
    return known == given
