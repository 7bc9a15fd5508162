"""Cohort calendars: named edges and properties over all zones, dates and overrides."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.rules import CohortCalendar

SECOND = timedelta(seconds=1)
ZONES = sorted(available_timezones() - {"localtime"})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def lagos(**changes: object) -> CohortCalendar:
    facts = {"start_date": date(2026, 3, 2), "end_date": date(2026, 4, 26), "timezone": "Africa/Lagos"}
    return CohortCalendar(**{**facts, **changes})  # type: ignore[arg-type]


def test_weeks_unlock_seven_local_days_apart() -> None:
    calendar = lagos(unlock_time=time(9, 30))
    assert calendar.starts_at == utc("2026-03-02T08:30:00")
    assert calendar.week_unlocks_at(3) == utc("2026-03-16T08:30:00")


def test_a_clock_change_keeps_the_local_unlock_time() -> None:
    berlin = lagos(timezone="Europe/Berlin", unlock_time=time(8))
    assert berlin.week_unlocks_at(4) == utc("2026-03-23T07:00:00")
    assert berlin.week_unlocks_at(5) == utc("2026-03-30T06:00:00")


def test_an_override_moves_its_week_only() -> None:
    calendar = lagos(week_unlocks={2: date(2026, 3, 12)})
    assert calendar.week_unlocks_at(2) == utc("2026-03-11T23:00:00")
    assert calendar.week_unlocks_at(3) == utc("2026-03-15T23:00:00")


def test_an_override_of_week_one_moves_the_start() -> None:
    assert lagos(week_unlocks={1: date(2026, 3, 4)}).starts_at == utc("2026-03-03T23:00:00")


def test_the_cohort_ends_at_the_midnight_that_ends_its_last_day_and_access_later() -> None:
    calendar = lagos(access_days=10)
    assert calendar.ends_at == utc("2026-04-26T23:00:00")
    assert calendar.access_ends_at == utc("2026-05-06T23:00:00")
    assert not calendar.is_over(calendar.ends_at - SECOND)
    assert calendar.is_over(calendar.ends_at)


def test_a_week_is_open_from_its_very_second_on() -> None:
    calendar = lagos()
    assert not calendar.is_unlocked(2, utc("2026-03-08T22:59:59"))
    assert calendar.is_unlocked(2, utc("2026-03-08T23:00:00"))


@pytest.mark.parametrize(
    ("now", "week"),
    [
        ("2026-03-01T22:59:59", 0),
        ("2026-03-01T23:00:00", 1),
        ("2026-03-08T22:59:59", 1),
        ("2026-03-08T23:00:00", 2),
        ("2026-06-01T00:00:00", 3),
    ],
)
def test_current_week(now: str, week: int) -> None:
    assert lagos().current_week(utc(now), week_count=3) == week


def test_changes_come_one_after_the_other() -> None:
    calendar = lagos()
    now, seen = utc("2026-01-01T00:00:00"), []
    while (change := calendar.next_change_after(now, week_count=2)) is not None:
        seen.append(change)
        now = change
    expected = [calendar.starts_at, calendar.week_unlocks_at(2), calendar.ends_at, calendar.access_ends_at]
    assert seen == expected


def test_deadlines_are_local() -> None:
    berlin = lagos(timezone="Europe/Berlin")
    assert berlin.local_deadline(4, 6, time(23, 59, 59)) == utc("2026-03-29T21:59:59")
    assert berlin.local_deadline(4, 6, time(2, 30)) == utc("2026-03-29T01:00:00")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"end_date": date(2026, 3, 1)}, "lies before start_date"),
        ({"timezone": "Lagos"}, "unknown time zone"),
        ({"unlock_time": time(9, tzinfo=UTC)}, "carries no offset"),
        ({"access_days": -1}, "cannot be negative"),
        ({"access_days": 10**9}, "must lie between"),
        ({"start_date": date(1, 1, 1)}, "must lie between"),
        ({"week_unlocks": {3: date(9999, 12, 31)}}, "must lie between"),
        ({"week_unlocks": {0: date(2026, 3, 2)}}, "names week 0"),
        ({"week_unlocks": {10**9: date(2026, 3, 2)}}, "names week 1000000000"),
        ({"week_unlocks": {2: date(2026, 3, 20), 3: date(2026, 3, 20)}}, "week 3 would unlock"),
        ({"week_unlocks": {3: date(2026, 3, 20), 2: date(2026, 3, 21)}}, "week 3 would unlock"),
        ({"week_unlocks": {2: date(2026, 3, 2)}}, "week 2 would unlock"),
        ({"week_unlocks": {2: date(2026, 3, 20), 4: date(2026, 3, 23)}}, "week 3 would unlock"),
    ],
)
def test_senseless_calendars_say_what_is_wrong(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lagos(**changes)


def test_the_order_in_which_overrides_are_written_does_not_matter() -> None:
    assert lagos(week_unlocks={3: date(2026, 4, 2), 2: date(2026, 3, 20)}).weeks_out_of_order(4) == (4,)


def test_weeks_count_from_one() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        lagos().week_unlocks_at(0)


def test_equal_calendars_are_equal_and_hash_alike() -> None:
    assert lagos(week_unlocks={2: date(2026, 3, 12)}) == lagos(week_unlocks={2: date(2026, 3, 12)})
    assert hash(lagos()) == hash(lagos())


@st.composite
def calendars(draw: st.DrawFn) -> CohortCalendar:
    """Any calendar: any zone, around year ends and clock changes, with gaps between weeks from one day to a month."""
    start = draw(st.dates(date(1990, 1, 1), date(2060, 1, 1)))
    dates = [start + timedelta(days=draw(st.integers(0, 6)))]
    for _ in range(draw(st.integers(0, 11))):
        dates.append(dates[-1] + timedelta(days=draw(st.integers(1, 30))))
    overrides = dict(enumerate(dates, start=1)) if draw(st.booleans()) else {}
    return CohortCalendar(
        start_date=start,
        end_date=start + timedelta(days=draw(st.integers(0, 400))),
        timezone=draw(st.sampled_from(ZONES)),
        unlock_time=draw(st.times()),
        week_unlocks=overrides,
        access_days=draw(st.integers(0, 1000)),
    )


@given(calendars(), st.integers(1, 12))
@settings(deadline=None, max_examples=300)
def test_unlocks_rise_and_each_counts_from_its_very_instant(calendar: CohortCalendar, count: int) -> None:
    count = min(count, len(calendar.week_unlocks) or count)
    unlocks = [calendar.week_unlocks_at(week) for week in range(1, count + 1)]
    assert unlocks == sorted(unlocks)
    for unlock in unlocks:
        weeks_by_then = sum(other <= unlock for other in unlocks)
        assert calendar.current_week(unlock, count) == weeks_by_then
        assert calendar.current_week(unlock - SECOND, count) == sum(other <= unlock - SECOND for other in unlocks)
        assert calendar.next_change_after(unlock - SECOND, count) == min(
            change for change in (*unlocks, calendar.ends_at, calendar.access_ends_at) if change > unlock - SECOND
        )


@given(calendars())
@settings(deadline=None, max_examples=300)
def test_unlocks_convert_back_to_the_local_date_and_time(calendar: CohortCalendar) -> None:
    place = ZoneInfo(calendar.timezone)
    for week in (1, 2, 5):
        unlock = calendar.week_unlocks_at(week)
        wall = datetime.combine(calendar.local_date(week), calendar.unlock_time)
        shown = unlock.astimezone(place).replace(tzinfo=None, fold=0)
        skipped = wall.replace(tzinfo=place).astimezone(UTC).astimezone(place).replace(tzinfo=None, fold=0) != wall
        assert shown > wall if skipped else shown == wall


@given(calendars())
@settings(deadline=None, max_examples=100)
def test_access_never_ends_before_the_cohort(calendar: CohortCalendar) -> None:
    assert calendar.ends_at <= calendar.access_ends_at
