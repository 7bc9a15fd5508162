"""States of the things in a week. Pure."""

from datetime import datetime, timedelta
from typing import Literal

from learning.access import schedule
from learning.access.policy import Standing
from learning.curriculum.structure import Assignment
from learning.progress.policy import HandedIn

#: The finest step of a stored instant.
INSTANT = timedelta(microseconds=1)

AssignmentStatus = Literal["open", "submitted", "late", "graded", "overdue"]


def assignment_status(handed_in: HandedIn | None, due_at: datetime | None, now: datetime) -> AssignmentStatus:
    """A grade says more than a submission, a submission more than the deadline."""
    if handed_in is not None:
        if handed_in.graded:
            return "graded"
        return "late" if handed_in.late else "submitted"
    return "overdue" if due_at is not None and now > due_at else "open"


def changes_at(standing: Standing, assignments: list[Assignment], now: datetime) -> datetime | None:
    """The next instant at which time alone changes the hub: the calendar's next change or the next deadline."""
    instants = [standing.next_change_after(now)]
    if standing.cohort is not None:
        deadlines = (schedule.due_at(standing.cohort, assignment) for assignment in assignments)
        # A deadline is still met at its very instant; what is overdue begins just after it.
        instants += [deadline + INSTANT for deadline in deadlines if deadline >= now]
    return min((instant for instant in instants if instant is not None), default=None)
