"""What a cohort may be, and what a change of one does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from contracts.rules import CohortCalendar

#: Paystack's minimum charge in minor units (facts); other currencies it does not take.
MINIMUM_CHARGE = {"NGN": 5_000, "USD": 200, "GHS": 10, "ZAR": 100, "KES": 300, "XOF": 100}


def find_price_problem(amount_minor: int, currency: str) -> tuple[str, str] | None:
    """Why Paystack could never charge this price: the field and what is wrong; None when it could, or it is free."""
    if currency not in MINIMUM_CHARGE:
        return "currency", f"Paystack charges in {', '.join(MINIMUM_CHARGE)}"
    minimum = MINIMUM_CHARGE[currency]
    if 0 < amount_minor < minimum:
        return "amountMinor", f"the smallest charge in {currency} is {minimum}; 0 makes the cohort free"
    return None


@dataclass(frozen=True, slots=True)
class WeekMove:
    """A week whose unlock moves."""

    number: int
    before: datetime
    after: datetime
    relocked: bool


def moved_weeks(before: CohortCalendar, after: CohortCalendar, week_count: int, now: datetime) -> list[WeekMove]:
    """The weeks whose unlock a change moves; ``relocked`` when students have the week now and would lose it."""
    moves = []
    for number in range(1, week_count + 1):
        old, new = before.week_unlocks_at(number), after.week_unlocks_at(number)
        if old != new:
            moves.append(WeekMove(number, old, new, relocked=old <= now < new))
    return moves


def weeks_to_compare(calendars: tuple[CohortCalendar, CohortCalendar], program_weeks: int | None) -> int:
    """How many weeks to look at: the program's, or as many as the dates have room for while it is not known."""
    named = max((max(calendar.week_unlocks, default=1) for calendar in calendars), default=1)
    if program_weeks is not None:
        return max(program_weeks, named)
    room = max((calendar.end_date - calendar.start_date).days // 7 + 1 for calendar in calendars)
    return min(max(room, named), 200)


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Field by field what a change changes, as values of a JSON document."""
    return {
        name: (as_json(before[name]), as_json(after[name]))
        for name in before
        if as_json(before[name]) != as_json(after[name])
    }


def as_json(value: object) -> Any:
    """A column's value as it stands in a cohort document."""
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value
