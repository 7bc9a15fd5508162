"""Local times become instants: named edges, then every time zone there is."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.rules.local_time import resolve_local, zone

MICROSECOND = timedelta(microseconds=1)
ZONES = sorted(available_timezones() - {"localtime"})
FROM, UNTIL = datetime(2024, 12, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tz", "day", "at", "expected"),
    [
        pytest.param("Africa/Lagos", date(2026, 3, 2), time(0), "2026-03-01T23:00:00", id="no daylight saving"),
        pytest.param("Europe/Berlin", date(2026, 3, 29), time(1, 59, 59), "2026-03-29T00:59:59", id="last before gap"),
        pytest.param("Europe/Berlin", date(2026, 3, 29), time(2), "2026-03-29T01:00:00", id="gap begins"),
        pytest.param("Europe/Berlin", date(2026, 3, 29), time(2, 59, 59), "2026-03-29T01:00:00", id="gap ends"),
        pytest.param("Europe/Berlin", date(2026, 3, 29), time(2, 0, 0, 7), "2026-03-29T01:00:00", id="within a second"),
        pytest.param("Europe/Berlin", date(2026, 3, 29), time(3), "2026-03-29T01:00:00", id="first after gap"),
        pytest.param("Europe/Berlin", date(2026, 10, 25), time(2, 30), "2026-10-25T00:30:00", id="twice: the earlier"),
        pytest.param("America/Santiago", date(2026, 9, 6), time(0), "2026-09-06T04:00:00", id="midnight is skipped"),
        pytest.param("America/Havana", date(2026, 11, 1), time(0, 30), "2026-11-01T04:30:00", id="midnight twice"),
        pytest.param("Australia/Lord_Howe", date(2026, 10, 4), time(2, 10), "2026-10-03T15:30:00", id="half an hour"),
        pytest.param("Pacific/Apia", date(2011, 12, 30), time(12), "2011-12-30T10:00:00", id="a day is skipped"),
        pytest.param("Asia/Kathmandu", date(2026, 1, 1), time(0), "2025-12-31T18:15:00", id="quarter-hour offset"),
        pytest.param("Pacific/Kiritimati", date(2027, 1, 1), time(0), "2026-12-31T10:00:00", id="first new year"),
        pytest.param("Etc/GMT+12", date(2026, 12, 31), time(23, 59, 59), "2027-01-01T11:59:59", id="last new year"),
    ],
)
def test_named_edges(tz: str, day: date, at: time, expected: str) -> None:
    assert resolve_local(day, at, tz) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "localtime", "/etc/passwd", "../Africa/Lagos", "Africa", "a\0b"])
def test_what_is_no_time_zone_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        zone(name)


def transitions(place: ZoneInfo) -> list[datetime]:
    """Every instant of a few years at which the clocks of a place are changed."""
    days = [FROM + timedelta(days=n) for n in range((UNTIL - FROM).days)]
    offsets = [day.astimezone(place).utcoffset() for day in days]
    changed = [days[n] for n in range(len(days) - 1) if offsets[n] != offsets[n + 1]]
    return [_pin_down(day, day + timedelta(days=1), place) for day in changed]


def _pin_down(before: datetime, after: datetime, place: ZoneInfo) -> datetime:
    old = before.astimezone(place).utcoffset()
    seconds = range(int((after - before).total_seconds()))
    low, high = 0, len(seconds)
    while high - low > 1:
        middle = (low + high) // 2
        same = (before + timedelta(seconds=middle)).astimezone(place).utcoffset() == old
        low, high = (middle, high) if same else (low, middle)
    return before + timedelta(seconds=high)


def check_meaning(wall: datetime, name: str) -> None:
    """The definition: the first instant at which clocks show `wall` or, where they skip it, something later."""
    place = ZoneInfo(name)
    instant = resolve_local(wall.date(), wall.time(), name)
    shown = instant.astimezone(place).replace(tzinfo=None, fold=0)
    assert instant.tzinfo is UTC
    assert (instant - MICROSECOND).astimezone(place).replace(tzinfo=None) < wall
    if shown == wall:
        assert instant.astimezone(place).fold == 0
    else:
        assert shown > wall
        assert instant in {wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1)} or (
            (instant - MICROSECOND).astimezone(place).utcoffset() != instant.astimezone(place).utcoffset()
        )


@pytest.mark.parametrize("name", ZONES)
def test_every_zone_around_its_changes_and_at_year_ends(name: str) -> None:
    place = ZoneInfo(name)
    year_ends = [datetime(2026, 1, 1), datetime(2027, 1, 1)]  # noqa: DTZ001
    walls = [end + timedelta(seconds=n) for end in year_ends for n in (-1, 0, 1)]
    for change in transitions(place):
        for instant in (change - MICROSECOND, change):
            wall = instant.astimezone(place).replace(tzinfo=None, fold=0)
            walls += [wall + timedelta(seconds=n) for n in (-3601, -1800, -1, 0, 1, 1800, 3599)]
    for wall in walls:
        check_meaning(wall, name)


walls = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1))  # noqa: DTZ001


@given(st.sampled_from(ZONES), walls)
@settings(deadline=None, max_examples=400)
def test_any_zone_at_any_time(name: str, wall: datetime) -> None:
    check_meaning(wall, name)


@given(st.sampled_from(ZONES), walls, st.timedeltas(timedelta(0), timedelta(days=3)))
@settings(deadline=None, max_examples=400)
def test_a_later_wall_time_is_never_an_earlier_instant(name: str, wall: datetime, step: timedelta) -> None:
    later = wall + step
    assert resolve_local(wall.date(), wall.time(), name) <= resolve_local(later.date(), later.time(), name)
