"""From a local wall-clock time to the one instant it means."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name; `ValueError` when there is none (`localtime` and paths are none)."""
    if name not in _zone_names() or name == "localtime":
        raise ValueError(f"unknown time zone: {name!r} is no IANA name such as 'Africa/Lagos'")
    return ZoneInfo(name)


def resolve_local(day: date, at: time, tz: str) -> datetime:
    """The instant (UTC) at which clocks in `tz` show `at` on `day`.

    A time that the clocks skip is the first instant after the gap; one that they show twice is the earlier instant.
    """
    place = zone(tz)
    wall = datetime.combine(day, at.replace(fold=0))
    instant = wall.replace(tzinfo=place).astimezone(UTC)
    if instant.astimezone(place).replace(tzinfo=None, fold=0) == wall:
        return instant
    return _first_instant_after_gap(wall, place)


def _first_instant_after_gap(wall: datetime, place: ZoneInfo) -> datetime:
    """The instant at which the clocks jumped over `wall`, found by bisection (zone changes fall on whole seconds)."""
    before = wall.replace(microsecond=0, tzinfo=place, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=place, fold=0).astimezone(UTC).replace(microsecond=0) + _SECOND
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(place).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after
