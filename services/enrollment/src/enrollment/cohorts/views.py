"""A cohort as the rules and the answers need it: columns, not an entity (DESIGN §7)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, time
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from contracts.events import CohortScheduled
from contracts.http.enrollment import CohortSummary, Price
from contracts.rules import CohortCalendar, CohortFacts
from enrollment.models import Cohort


@dataclass(frozen=True)
class CohortView:
    """One cohort; ``of`` makes it from a row of ``select_cohorts`` or from the entity."""

    id: UUID
    slug: str
    program_slug: str
    start_date: date
    end_date: date
    timezone: str
    unlock_time: time
    week_unlocks: Mapping[str, str]
    seats: int | None
    late_join: bool
    amount_minor: int
    currency: str
    published: bool
    archived: bool
    access_days: int
    instalments: Mapping[str, Any] | None
    version: int

    @classmethod
    def of(cls, source: Any) -> "CohortView":
        """From anything with these attributes."""
        return cls(**{name: getattr(source, name) for name in FIELDS})

    @cached_property
    def calendar(self) -> CohortCalendar:
        """The cohort's dates in its time zone."""
        return CohortCalendar(
            start_date=self.start_date,
            end_date=self.end_date,
            timezone=self.timezone,
            unlock_time=self.unlock_time,
            week_unlocks=self.overrides,
            access_days=self.access_days,
        )

    @property
    def overrides(self) -> dict[int, date]:
        """The weeks that unlock on a date of their own."""
        return {int(week): date.fromisoformat(day) for week, day in self.week_unlocks.items()}

    @property
    def on_offer(self) -> bool:
        """Whether students can see it as something to join."""
        return self.published and not self.archived

    def seats_left(self, taken: int) -> int | None:
        """How many can still join; None without a limit."""
        return None if self.seats is None else max(0, self.seats - taken)

    def facts(self, taken: int) -> CohortFacts:
        """What the enrollment rules need."""
        return CohortFacts(
            id=self.id,
            calendar=self.calendar,
            late_join=self.late_join,
            seats_left=self.seats_left(taken),
            published=self.on_offer,
        )

    def summary(self, taken: int) -> CohortSummary:
        """The cohort as students see it."""
        return CohortSummary(
            id=self.id,
            slug=self.slug,
            starts_at=self.calendar.starts_at,
            ends_at=self.calendar.ends_at,
            timezone=self.timezone,
            seats_left=self.seats_left(taken),
        )

    @property
    def price(self) -> Price:
        """What it costs."""
        return Price(amount_minor=self.amount_minor, currency=self.currency)

    @property
    def scheduled(self) -> CohortScheduled:
        """The event that tells all about it."""
        return CohortScheduled(
            sequence=self.version,
            cohort_id=self.id,
            slug=self.slug,
            program_slug=self.program_slug,
            start_date=self.start_date,
            end_date=self.end_date,
            timezone=self.timezone,
            unlock_time=self.unlock_time,
            week_unlocks=self.overrides,
            seats=self.seats,
            late_join=self.late_join,
            amount_minor=self.amount_minor,
            currency=self.currency,
            published=self.published,
            archived=self.archived,
            access_days=self.access_days,
        )


FIELDS = tuple(field.name for field in fields(CohortView))
_COLUMNS = [getattr(Cohort, name) for name in FIELDS]


def select_cohorts(*conditions: ColumnElement[bool]) -> Select[Any]:
    """A query for rows that ``CohortView.of`` takes."""
    return select(*_COLUMNS).where(*conditions)


def parse_id(name: str) -> UUID | None:
    """The id that ``name`` is, if it is one; cohorts may be named by slug or id everywhere (API.md)."""
    try:
        return UUID(name) if len(name) == 36 else None
    except ValueError:
        return None


def named(name: str) -> ColumnElement[bool]:
    """The condition for a cohort named by slug or id."""
    identity = parse_id(name)
    return Cohort.slug == name if identity is None else Cohort.id == identity
