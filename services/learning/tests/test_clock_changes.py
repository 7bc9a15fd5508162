"""Weeks, deadlines and live sessions on the days when the clocks change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "start", "unlock_time", "unlocks"),
    [
        # Berlin skips 02:00–03:00 on 29 March 2026: a time that does not exist is the first instant after the gap.
        ("Europe/Berlin", "2026-03-22", "02:30:00", ["2026-03-22T01:30:00", "2026-03-29T01:00:00"]),
        ("Europe/Berlin", "2026-03-22", "03:00:00", ["2026-03-22T02:00:00", "2026-03-29T01:00:00"]),
        # Berlin shows 02:00–03:00 twice on 25 October 2026: an ambiguous time is the earlier one.
        ("Europe/Berlin", "2026-10-18", "02:30:00", ["2026-10-18T00:30:00", "2026-10-25T00:30:00"]),
        # New York springs forward on 8 March 2026.
        ("America/New_York", "2026-03-01", "00:00:00", ["2026-03-01T05:00:00", "2026-03-08T05:00:00"]),
        ("America/New_York", "2026-03-02", "00:00:00", ["2026-03-02T05:00:00", "2026-03-09T04:00:00"]),
        # Cairo springs forward at midnight on 24 April 2026: that midnight does not exist.
        ("Africa/Cairo", "2026-04-17", "00:00:00", ["2026-04-16T22:00:00", "2026-04-23T22:00:00"]),
        # Lagos never changes.
        ("Africa/Lagos", "2026-03-22", "00:00:00", ["2026-03-21T23:00:00", "2026-03-28T23:00:00"]),
    ],
)
def test_weeks_unlock_by_local_clocks(school: Any, zone: str, start: str, unlock_time: str, unlocks: list[str]) -> None:
    end = datetime.fromisoformat(start).date() + timedelta(days=20)
    school.open(timezone=zone, start_date=start, end_date=end, unlock_time=unlock_time)
    student = school.enroll()
    school.clock.set(instant(start) - timedelta(days=3))
    weeks = school.home(student)["weeks"]
    assert [week["unlocksAt"] for week in weeks[:2]] == [f"{each}Z" for each in unlocks]
    second = instant(unlocks[1])
    school.clock.set(second - timedelta(microseconds=1))
    assert school.week(student, 2)["status"] == "locked"
    school.clock.set(second)
    assert school.week(student, 2)["status"] == "open"


def test_a_deadline_is_local_across_a_clock_change(school: Any) -> None:
    school.open(timezone="Europe/Berlin", start_date="2026-03-23", end_date="2026-04-12")
    school.clock.set(instant("2026-03-23T10:00:00"))
    hub = school.week(school.enroll(), 1)
    # Winter time on Monday, summer time on Sunday evening.
    assert hub["unlocksAt"] == "2026-03-22T23:00:00Z"
    assert hub["assignments"][0]["dueAt"] == "2026-03-29T21:59:59Z"


def test_a_live_session_lasts_its_minutes_while_the_clocks_change(school: Any, program: dict[str, Any]) -> None:
    program["liveSessions"][0].update(day=6, startTime="01:30", durationMinutes=90)
    school.open(timezone="Europe/Berlin", start_date="2026-03-23", end_date="2026-04-12")
    assert school.import_program(program).status_code == 200
    school.clock.set(instant("2026-03-23T10:00:00"))
    session = school.week(school.enroll(), 1)["liveSessions"][0]
    assert (session["startsAt"], session["endsAt"]) == ("2026-03-29T00:30:00Z", "2026-03-29T02:00:00Z")


def test_a_week_of_rest_moves_only_the_weeks_it_names(school: Any) -> None:
    school.open(week_unlocks={2: "2026-03-12"})
    weeks = school.home(school.enroll())["weeks"]
    assert [week["unlocksAt"] for week in weeks] == [
        "2026-03-01T23:00:00Z",
        "2026-03-11T23:00:00Z",
        "2026-03-15T23:00:00Z",
    ]
