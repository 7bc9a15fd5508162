"""The rules of instalments: what a plan may be, how a price is split, what an unpaid part does to access."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, Literal

from contracts.rules import CohortCalendar, resolve_local

Status = Literal["paid", "overdue", "due", "upcoming"]
Access = Literal["granted", "suspended", "revoked"]

OVERDUE: Final = "instalment_overdue"
MOST_PARTS: Final = 12


@dataclass(frozen=True, slots=True)
class PlanPart:
    """A share of the price or an amount, and the local day at whose end it is due (None: at the checkout)."""

    percent: int | None
    amount_minor: int | None
    due_date: date | None
    due_days: int | None

    def day(self, calendar: CohortCalendar) -> date | None:
        """The local day."""
        if self.due_days is not None:
            return calendar.start_date + timedelta(days=self.due_days)
        return self.due_date


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a cohort."""

    parts: tuple[PlanPart, ...]
    grace_days: int

    def full_amounts(self, price_minor: int) -> list[int]:
        """The parts of the whole price; a percentage is rounded down, the last part takes the rest."""
        if self.parts[0].percent is None:
            return [part.amount_minor or 0 for part in self.parts]
        amounts = [price_minor * (part.percent or 0) // 100 for part in self.parts[:-1]]
        return [*amounts, price_minor - sum(amounts)]


def ends_of_day(day: date, calendar: CohortCalendar, days_later: int = 0) -> datetime:
    """The local midnight that ends the day so many days after ``day``."""
    return resolve_local(day + timedelta(days=1 + days_later), time(0), calendar.timezone)


def find_plan_problem(
    plan: Plan, price_minor: int, currency: str, minimum_minor: int, calendar: CohortCalendar
) -> str | None:
    """What makes no sense about a plan for this price and these dates, in words; None when all does."""
    if price_minor == 0:
        return "a free cohort is not paid in instalments"
    return _find_amount_problem(plan, price_minor, currency, minimum_minor) or _find_date_problem(plan, calendar)


def _find_amount_problem(plan: Plan, price_minor: int, currency: str, minimum_minor: int) -> str | None:
    parts = plan.parts
    by_percent = [part for part in parts if part.percent is not None and part.amount_minor is None]
    by_amount = [part for part in parts if part.percent is None and part.amount_minor is not None]
    if len(parts) not in {len(by_percent), len(by_amount)}:
        return "either every part has a percent, or every part has an amountMinor"
    if by_percent and sum(part.percent or 0 for part in parts) != 100:
        return f"the percentages add up to {sum(part.percent or 0 for part in parts)}, not to 100"
    if by_amount and sum(part.amount_minor or 0 for part in parts) != price_minor:
        return f"the amounts add up to {sum(part.amount_minor or 0 for part in parts)}, the price is {price_minor}"
    if min(plan.full_amounts(price_minor)) < minimum_minor:
        return f"every part must be at least {minimum_minor}, the smallest charge in {currency}"
    return None


def _find_date_problem(plan: Plan, calendar: CohortCalendar) -> str | None:
    first, *rest = plan.parts
    if first.due_date is not None or first.due_days is not None:
        return "the first part is paid at the checkout and has no due date"
    if any((part.due_date is None) == (part.due_days is None) for part in rest):
        return "every part after the first has either a dueDate or dueDays"
    days = [part.day(calendar) or calendar.start_date for part in rest]
    for earlier, later in pairwise(days):
        if later <= earlier:
            return f"due dates must rise: {later} comes after {earlier}"
    last_access = calendar.end_date + timedelta(days=calendar.access_days)
    if days[-1] > last_access - timedelta(days=plan.grace_days) or days[0] < date(1970, 1, 2):
        return f"every part, with its grace, must fall due before access ends on {last_access}"
    return None


@dataclass(frozen=True, slots=True)
class Part:
    """A part as it is agreed. Access rests from ``suspends_at`` on while it is unpaid."""

    number: int
    amount_minor: int
    discount_minor: int
    due_at: datetime
    suspends_at: datetime


def split(
    plan: Plan, calendar: CohortCalendar, price_minor: int, discount_minor: int, minimum_minor: int, now: datetime
) -> tuple[Part, ...] | None:
    """The parts that a student agrees to now; None when there would be only one, or one too small to charge.

    What has fallen due already is paid with the first part. A discount is spread over the parts by their size, each
    rounded down; the last part takes the rest.
    """
    amounts, dues = plan.full_amounts(price_minor), _dues(plan, calendar)
    passed = sum(due_at <= now for due_at, _ in dues)
    full = [sum(amounts[: passed + 1]), *amounts[passed + 1 :]]
    whens = [(now, now), *dues[passed:]]
    if len(full) < 2:
        return None
    to_pay = [part * (price_minor - discount_minor) // price_minor for part in full[:-1]]
    to_pay.append(price_minor - discount_minor - sum(to_pay))
    if min(to_pay) < minimum_minor:
        return None
    return tuple(
        Part(number, amount, whole - amount, due_at, suspends_at)
        for number, (amount, whole, (due_at, suspends_at)) in enumerate(zip(to_pay, full, whens, strict=True), start=1)
    )


def _dues(plan: Plan, calendar: CohortCalendar) -> list[tuple[datetime, datetime]]:
    """When each part after the first is due, and when it suspends."""
    days = [day for part in plan.parts[1:] if (day := part.day(calendar)) is not None]
    return [(ends_of_day(day, calendar), ends_of_day(day, calendar, plan.grace_days)) for day in days]


def next_due_after(plan: Plan, calendar: CohortCalendar, now: datetime) -> datetime | None:
    """The next instant at which ``split`` answers otherwise."""
    return min((due_at for due_at, _ in _dues(plan, calendar) if due_at > now), default=None)


def renewed(due_at: datetime, suspends_at: datetime, grace_days: int, now: datetime) -> tuple[datetime, datetime]:
    """The dates of a part that is to be paid (again) from now on: never past, and with a grace of its own."""
    return max(due_at, now), max(suspends_at, now + timedelta(days=grace_days))


def statuses(paid: Sequence[bool], due: Sequence[datetime], now: datetime) -> list[Status]:
    """By number: paid; overdue from its due instant on; the first that is neither is due; the others are upcoming."""
    found: list[Status] = []
    for is_paid, due_at in zip(paid, due, strict=True):
        if is_paid:
            found.append("paid")
        elif due_at <= now:
            found.append("overdue")
        else:
            found.append("upcoming" if "due" in found else "due")
    return found


@dataclass(frozen=True, slots=True)
class ArrivalFacts:
    """What decides about verified money for a part. ``part_amount_minor`` None: there is no such part."""

    enrollment_status: str
    erased: bool
    amount_minor: int
    part_amount_minor: int | None
    part_is_paid: bool


def refuse_money(facts: ArrivalFacts) -> str | None:
    """Why the money goes back; None when it pays its part, however late: the seat was never given away."""
    if facts.erased:
        return "account_erased"
    if facts.enrollment_status == "revoked":
        return "enrollment_revoked"
    if facts.part_is_paid:
        return "instalment_paid_already"
    if facts.part_amount_minor != facts.amount_minor:
        return "instalment_changed"
    return None


@dataclass(frozen=True, slots=True)
class PartStanding:
    """A part, and what its payment alone would mean for access (None: it is unpaid)."""

    suspends_at: datetime
    access: Access | None = None
    reason: str | None = None


def decide_access(parts: Sequence[PartStanding], now: datetime) -> tuple[Access, str | None]:
    """The access of an enrollment that is paid in parts, and why it is not granted.

    A lost dispute over any part revokes, an open one suspends. Refunds revoke when no part is paid any more, and
    suspend while all that is left is on its way back. Access returns when every reason is gone.
    """
    paid = [part for part in parts if part.access is not None]
    if any(part.access == "revoked" and part.reason == "chargeback" for part in paid):
        return "revoked", "chargeback"
    kept = [part for part in paid if part.access != "revoked"]
    if not kept:
        return "revoked", "refund"
    if any(part.reason == "dispute" for part in kept):
        return "suspended", "dispute"
    if all(part.access == "suspended" for part in kept):
        return "suspended", kept[0].reason
    if any(part.suspends_at <= now for part in parts if part.access in {None, "revoked"}):
        return "suspended", OVERDUE
    return "granted", None
