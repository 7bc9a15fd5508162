"""When the weeks of a cohort unlock: local dates in, UTC instants out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise

from contracts.rules.local_time import resolve_local, zone

__all__ = ["CohortCalendar", "resolve_local"]

MIDNIGHT = time(0)
EARLIEST = date(1970, 1, 1)
LATEST = date(9000, 1, 1)  # far below datetime.max, so that arithmetic on any accepted calendar cannot overflow


@dataclass(frozen=True)
class CohortCalendar:
    """A cohort's dates in its own time zone. `ValueError` with a sentence for people when they make no sense.

    Week *n* unlocks `7·(n-1)` days after `start_date` at `unlock_time`, or at its date in `week_unlocks`. Up to the
    last overridden week the dates must rise from week to week; see `weeks_out_of_order` for the weeks after it.
    """

    start_date: date
    end_date: date
    timezone: str
    unlock_time: time = MIDNIGHT
    week_unlocks: Mapping[int, date] = field(default_factory=dict, hash=False)
    access_days: int = 365

    def __post_init__(self) -> None:
        object.__setattr__(self, "week_unlocks", dict(sorted(self.week_unlocks.items())))
        zone(self.timezone)
        if self.unlock_time.tzinfo is not None:
            raise ValueError("unlock_time is a local time and carries no offset of its own")
        if self.end_date < self.start_date:
            raise ValueError(f"end_date {self.end_date} lies before start_date {self.start_date}")
        if self.access_days < 0:
            raise ValueError("access_days cannot be negative")
        self._require_sane_years()
        self._require_rising_weeks()

    def _require_sane_years(self) -> None:
        days = (self.start_date, self.end_date, *self.week_unlocks.values())
        too_late = max(days) >= LATEST or (LATEST - self.end_date).days <= self.access_days
        if min(days) < EARLIEST or too_late:
            raise ValueError(f"every date, the end of access too, must lie between {EARLIEST} and {LATEST}")

    def _require_rising_weeks(self) -> None:
        if not self.week_unlocks:
            return
        first, last = min(self.week_unlocks), max(self.week_unlocks)
        if first < 1 or last > 1000:
            raise ValueError(f"week_unlocks names week {first if first < 1 else last}; weeks count from 1 to 1000")
        for week in self.weeks_out_of_order(last):
            raise ValueError(
                f"week {week} would unlock on {self.local_date(week)}, not after week {week - 1} "
                f"on {self.local_date(week - 1)}: unlock dates must rise from week to week"
            )

    def weeks_out_of_order(self, week_count: int) -> tuple[int, ...]:
        """The weeks up to `week_count` whose date is not after the one of the week before."""
        dates = pairwise(self.local_date(week) for week in range(1, week_count + 1))
        return tuple(week for week, (earlier, later) in enumerate(dates, start=2) if later <= earlier)

    def local_date(self, week: int) -> date:
        """The local date on which a week unlocks; weeks count from 1."""
        if week < 1:
            raise ValueError("weeks count from 1")
        return self.week_unlocks.get(week) or self.start_date + timedelta(days=7 * (week - 1))

    def week_unlocks_at(self, week: int) -> datetime:
        """The instant at which a week unlocks."""
        return resolve_local(self.local_date(week), self.unlock_time, self.timezone)

    @cached_property
    def starts_at(self) -> datetime:
        """Week 1's unlock."""
        return self.week_unlocks_at(1)

    @cached_property
    def ends_at(self) -> datetime:
        """The local midnight that ends `end_date`."""
        return resolve_local(self.end_date + timedelta(days=1), MIDNIGHT, self.timezone)

    @cached_property
    def access_ends_at(self) -> datetime:
        """The local midnight `access_days` days after the end: from then on lessons are closed."""
        return resolve_local(self.end_date + timedelta(days=1 + self.access_days), MIDNIGHT, self.timezone)

    def is_unlocked(self, week: int, now: datetime) -> bool:
        """Whether a week is open; it is from its very unlock instant on."""
        return self.week_unlocks_at(week) <= now

    def current_week(self, now: datetime, week_count: int) -> int:
        """The last unlocked week of a program with `week_count` weeks; 0 before the start."""
        return next((week for week in range(week_count, 0, -1) if self.is_unlocked(week, now)), 0)

    def next_change_after(self, now: datetime, week_count: int) -> datetime | None:
        """The next instant at which a week unlocks, the cohort ends or access ends; None when all that is past."""
        return min((instant for instant in self._changes(week_count) if instant > now), default=None)

    def _changes(self, week_count: int) -> Iterator[datetime]:
        yield self.starts_at
        yield from map(self.week_unlocks_at, range(2, week_count + 1))
        yield self.ends_at
        yield self.access_ends_at

    def local_deadline(self, week: int, due_days: int, due_time: time) -> datetime:
        """`due_days` days after a week's local unlock date, at `due_time` there."""
        return resolve_local(self.local_date(week) + timedelta(days=due_days), due_time, self.timezone)

    def local_days_after_start(self, days: int) -> datetime:
        """The instant at which clocks there show what they showed at `starts_at`, `days` days later."""
        wall = self.starts_at.astimezone(zone(self.timezone)) + timedelta(days=days)
        return resolve_local(wall.date(), wall.time(), self.timezone)

    def is_over(self, now: datetime) -> bool:
        """Whether the cohort has ended; access lasts longer."""
        return self.ends_at <= now.astimezone(UTC)
