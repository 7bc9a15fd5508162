"""When a student is told about an unpaid part: before it is due, when it is overdue, before it suspends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["due", "overdue", "last_warning"]

LAST_WARNING_BEFORE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reminder:
    """One thing to tell; ``days`` before the due date for ``due``."""

    at: datetime
    kind: Kind
    days: int = 0

    @property
    def name(self) -> str:
        """Under which it is told once per due date."""
        return f"due_{self.days}" if self.kind == "due" else self.kind


def reminders_of(due_at: datetime, suspends_at: datetime, days_before: Sequence[int]) -> Iterator[Reminder]:
    """All there are for a part, whether past or not. The last warning needs a grace longer than itself."""
    for days in days_before:
        yield Reminder(due_at - timedelta(days=days), "due", days)
    yield Reminder(due_at, "overdue")
    if suspends_at - LAST_WARNING_BEFORE > due_at:
        yield Reminder(suspends_at - LAST_WARNING_BEFORE, "last_warning")


def due_reminders(
    due_at: datetime, suspends_at: datetime, days_before: Sequence[int], since: datetime, now: datetime
) -> list[Reminder]:
    """What to tell now of all that came up from ``since`` on.

    What has been overtaken is left out: of several reminders before the due date only the nearest is told, none of
    them after it, and no warning of a suspension that has come.
    """
    found = [one for one in reminders_of(due_at, suspends_at, days_before) if since <= one.at <= now]
    before = [one for one in found if one.kind == "due" and now < due_at]
    told = [min(before, key=lambda one: one.days)] if before else []
    told += [one for one in found if one.kind == "overdue"]
    told += [one for one in found if one.kind == "last_warning" and now < suspends_at]
    return told


def next_step_after(
    due_at: datetime, suspends_at: datetime, days_before: Sequence[int], now: datetime
) -> datetime | None:
    """When to look at an unpaid part again; None when it has suspended."""
    instants = [*(one.at for one in reminders_of(due_at, suspends_at, days_before)), suspends_at]
    return min((at for at in instants if at > now), default=None)
