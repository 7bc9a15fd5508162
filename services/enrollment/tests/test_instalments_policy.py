"""The rules of instalments as tables: plans, parts, reminders, and what an unpaid part does to access."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from contracts.rules import CohortCalendar
from enrollment.instalments import policy
from enrollment.instalments.policy import ArrivalFacts, PartStanding, Plan, PlanPart
from enrollment.instalments.reminders import due_reminders, next_step_after

CALENDAR = CohortCalendar(date(2026, 3, 2), date(2026, 5, 31), "America/New_York", access_days=30)
BEFORE = datetime(2026, 2, 1, 12, tzinfo=UTC)
INSTANT, DAY = timedelta(microseconds=1), timedelta(days=1)
FIRST = (None, None)


def by_percent(*parts: tuple[int, date | int | None], grace: int = 7) -> Plan:
    return Plan(tuple(PlanPart(share, None, *_due(when)) for share, when in parts), grace)


def by_amount(*parts: tuple[int, date | int | None], grace: int = 7) -> Plan:
    return Plan(tuple(PlanPart(None, share, *_due(when)) for share, when in parts), grace)


def _due(when: date | int | None) -> tuple[date | None, int | None]:
    return (None, when) if isinstance(when, int) else (when, None)


THIRDS = by_percent((34, None), (33, 7), (33, date(2026, 4, 8)))


@pytest.mark.parametrize(
    ("plan", "price", "problem"),
    [
        (THIRDS, 100_000, None),
        (by_amount((60_000, None), (40_000, 14)), 100_000, None),
        (by_amount((60_000, None), (30_000, 14)), 100_000, "add up to 90000, the price is 100000"),
        (by_percent((50, None), (49, 14)), 100_000, "add up to 99"),
        (by_percent((98, None), (2, 14)), 100_000, "at least 5000"),
        (by_percent((50, None), (50, 14)), 0, "free"),
        (Plan((PlanPart(50, None, *FIRST), PlanPart(None, 50_000, None, 7)), 7), 100_000, "every part has a percent"),
        (Plan((PlanPart(50, 1, *FIRST), PlanPart(50, 1, None, 7)), 7), 100_000, "every part has a percent"),
        (by_percent((50, 0), (50, 14)), 100_000, "first part"),
        (by_percent((50, date(2026, 3, 2)), (50, 14)), 100_000, "first part"),
        (by_percent((50, None), (50, None)), 100_000, "either a dueDate or dueDays"),
        (Plan((PlanPart(50, None, *FIRST), PlanPart(50, None, date(2026, 4, 1), 7)), 7), 100_000, "either a dueDate"),
        (by_percent((40, None), (30, 14), (30, 14)), 100_000, "must rise"),
        (by_percent((40, None), (30, 14), (30, date(2026, 3, 10))), 100_000, "must rise"),
        (by_percent((50, None), (50, date(2026, 6, 23))), 100_000, None),
        (by_percent((50, None), (50, date(2026, 6, 24))), 100_000, "before access ends on 2026-06-30"),
        (by_percent((50, None), (50, date(9999, 12, 31))), 100_000, "before access ends"),
        (by_percent((50, None), (50, date(1, 1, 1))), 100_000, "before access ends"),
    ],
)
def test_what_a_plan_may_be(plan: Plan, price: int, problem: str | None) -> None:
    found = policy.find_plan_problem(plan, price, "NGN", 5_000, CALENDAR)
    assert (found is None) if problem is None else (found is not None and problem in found), found


@pytest.mark.parametrize(
    ("plan", "price", "discount", "amounts", "discounts"),
    [
        (THIRDS, 100_000, 0, [34_000, 33_000, 33_000], [0, 0, 0]),
        (THIRDS, 100_001, 0, [34_000, 33_000, 33_001], [0, 0, 0]),  # the last part takes the rest
        (THIRDS, 100_000, 50_000, [17_000, 16_500, 16_500], [17_000, 16_500, 16_500]),
        (THIRDS, 100_000, 33_333, [22_666, 22_000, 22_001], [11_334, 11_000, 10_999]),
        (by_amount((60_000, None), (40_000, 14)), 100_000, 20_000, [48_000, 32_000], [12_000, 8_000]),
    ],
)
def test_how_a_price_is_split(plan: Plan, price: int, discount: int, amounts: list[int], discounts: list[int]) -> None:
    parts = policy.split(plan, CALENDAR, price, discount, 5_000, BEFORE)
    assert parts is not None
    assert [part.amount_minor for part in parts] == amounts
    assert [part.discount_minor for part in parts] == discounts
    assert sum(amounts) + discount == price


def test_a_part_is_due_when_its_local_day_ends_and_suspends_when_its_grace_does() -> None:
    """In New York the clocks go forward on 8 March: the days are local, so the instants are an hour apart."""
    plan = by_percent((50, None), (30, date(2026, 3, 7)), (20, date(2026, 3, 14)), grace=1)
    parts = policy.split(plan, CALENDAR, 100_000, 0, 5_000, BEFORE)
    assert parts is not None
    assert [(part.due_at, part.suspends_at) for part in parts] == [
        (BEFORE, BEFORE),
        (datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)),
        (datetime(2026, 3, 15, 4, tzinfo=UTC), datetime(2026, 3, 16, 4, tzinfo=UTC)),
    ]


def test_what_has_fallen_due_is_paid_at_the_checkout() -> None:
    second, third = datetime(2026, 3, 10, 4, tzinfo=UTC), datetime(2026, 4, 9, 4, tzinfo=UTC)

    def amounts(now: datetime) -> list[int] | None:
        parts = policy.split(THIRDS, CALENDAR, 100_000, 0, 5_000, now)
        return [part.amount_minor for part in parts] if parts else None

    assert amounts(second - INSTANT) == [34_000, 33_000, 33_000]
    assert amounts(second) == [67_000, 33_000]
    assert amounts(third - INSTANT) == [67_000, 33_000]
    assert amounts(third) is None
    assert policy.next_due_after(THIRDS, CALENDAR, BEFORE) == second
    assert policy.next_due_after(THIRDS, CALENDAR, second) == third
    assert policy.next_due_after(THIRDS, CALENDAR, third) is None


def test_parts_too_small_to_charge_are_not_offered() -> None:
    assert policy.split(THIRDS, CALENDAR, 100_000, 85_000, 5_000, BEFORE) is None
    assert policy.split(THIRDS, CALENDAR, 100_000, 80_000, 5_000, BEFORE) is not None


@pytest.mark.parametrize(
    ("paid", "now", "expected"),
    [
        ([True, False, False], 9, ["paid", "due", "upcoming"]),
        ([True, False, False], 10, ["paid", "overdue", "due"]),
        ([True, False, False], 20, ["paid", "overdue", "overdue"]),
        ([True, True, False], 5, ["paid", "paid", "due"]),
        ([False, True, False], 5, ["overdue", "paid", "due"]),
    ],
)
def test_how_parts_stand(paid: list[bool], now: int, expected: list[str]) -> None:
    due = [BEFORE, BEFORE + 10 * DAY, BEFORE + 20 * DAY]
    assert policy.statuses(paid, due, BEFORE + now * DAY) == expected


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({}, None),
        ({"enrollment_status": "suspended"}, None),
        ({"enrollment_status": "completed"}, None),
        ({"enrollment_status": "revoked"}, "enrollment_revoked"),
        ({"erased": True, "enrollment_status": "revoked"}, "account_erased"),
        ({"part_is_paid": True}, "instalment_paid_already"),
        ({"part_amount_minor": 999}, "instalment_changed"),
        ({"part_amount_minor": None}, "instalment_changed"),
    ],
)
def test_money_for_a_part_pays_it_or_goes_back(changes: dict[str, Any], refusal: str | None) -> None:
    facts: dict[str, Any] = {
        "enrollment_status": "active",
        "erased": False,
        "amount_minor": 1000,
        "part_amount_minor": 1000,
        "part_is_paid": False,
    }
    assert policy.refuse_money(ArrivalFacts(**{**facts, **changes})) == refusal


PAID, UNPAID, LATE = PartStanding(BEFORE, "granted"), PartStanding(BEFORE + INSTANT), PartStanding(BEFORE)
RETURNED, RETURNING = PartStanding(BEFORE + DAY, "revoked", "refund"), PartStanding(BEFORE, "suspended", "refund")
DISPUTED, LOST = PartStanding(BEFORE, "suspended", "dispute"), PartStanding(BEFORE, "revoked", "chargeback")


@pytest.mark.parametrize(
    ("parts", "access", "reason"),
    [
        ([PAID, UNPAID], "granted", None),
        ([PAID, PAID], "granted", None),
        ([PAID, LATE], "suspended", "instalment_overdue"),
        ([LATE, PAID], "suspended", "instalment_overdue"),
        ([PAID, DISPUTED], "suspended", "dispute"),
        ([DISPUTED, LATE], "suspended", "dispute"),
        ([PAID, LOST], "revoked", "chargeback"),
        ([LOST, DISPUTED], "revoked", "chargeback"),
        ([RETURNED, PAID], "granted", None),
        ([RETURNED, UNPAID], "revoked", "refund"),
        ([RETURNED, RETURNED], "revoked", "refund"),
        ([RETURNING, PAID], "granted", None),
        ([RETURNING, UNPAID], "suspended", "refund"),
        ([RETURNING, RETURNED], "suspended", "refund"),
        ([RETURNING, LATE], "suspended", "refund"),
        ([RETURNING, PAID, LATE], "suspended", "instalment_overdue"),
    ],
)
def test_what_the_parts_mean_for_access(parts: list[PartStanding], access: str, reason: str | None) -> None:
    assert policy.decide_access(parts, BEFORE) == (access, reason)


def test_a_part_that_is_to_be_paid_again_has_a_grace_of_its_own() -> None:
    now = BEFORE + 30 * DAY
    assert policy.renewed(BEFORE, BEFORE + 7 * DAY, 7, now) == (now, now + 7 * DAY)
    assert policy.renewed(now + DAY, now + 8 * DAY, 7, now) == (now + DAY, now + 8 * DAY)


DUE, SUSPENDS = BEFORE + 10 * DAY, BEFORE + 17 * DAY


@pytest.mark.parametrize(
    ("since", "now", "names"),
    [
        (0, 2.9, []),
        (0, 3, ["due_7"]),
        (3.1, 9, ["due_1"]),
        (0, 9, ["due_1"]),  # the worker was away: the nearest is enough
        (3.1, 10, ["overdue"]),
        (0, 12, ["overdue"]),
        (10.1, 16, ["last_warning"]),
        (0, 16, ["overdue", "last_warning"]),
        (10.1, 17, []),  # too late to warn
        (5, 8.9, []),  # enrolled after the first reminder would have come
    ],
)
def test_reminders_come_when_they_help(since: float, now: float, names: list[str]) -> None:
    told = due_reminders(DUE, SUSPENDS, (7, 1), BEFORE + since * DAY, BEFORE + now * DAY)
    assert [one.name for one in told] == names


def test_a_grace_of_a_day_or_none_has_no_last_warning() -> None:
    for grace in (0, 1):
        told = due_reminders(DUE, DUE + grace * DAY, (7, 1), DUE, DUE)
        assert [one.name for one in told] == ["overdue"]


def test_a_part_is_looked_at_at_each_of_its_instants() -> None:
    at, seen = BEFORE, []
    while (following := next_step_after(DUE, SUSPENDS, (7, 1), at)) is not None:
        seen.append((following - BEFORE) / DAY)
        at = following
    assert seen == [3, 9, 10, 16, 17]
