"""The enrollment window, rule by rule, to the second, and what it promises about opening and closing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.rules import CohortCalendar, CohortFacts, EnrollmentDecision, decide_enrollment

SECOND = timedelta(seconds=1)
ZONES = sorted(available_timezones() - {"localtime"})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def cohort(number: int = 1, start: str = "2026-03-02", **changes: object) -> CohortFacts:
    """A published cohort of eight weeks in Lagos (UTC+1) with late join and seats."""
    first = date.fromisoformat(start)
    overrides = changes.pop("week_unlocks", {})
    days = changes.pop("days", 55)
    calendar = CohortCalendar(
        first,
        first + timedelta(days=days),  # type: ignore[arg-type]
        str(changes.pop("timezone", "Africa/Lagos")),
        week_unlocks=overrides,  # type: ignore[arg-type]
    )
    return replace(CohortFacts(UUID(int=number), calendar, late_join=True), **changes)  # type: ignore[arg-type]


def decide(now: str | datetime, *cohorts: CohortFacts, already: bool = False) -> EnrollmentDecision:
    instant = utc(now) if isinstance(now, str) else now
    return decide_enrollment(already_enrolled=already, cohorts=cohorts, now=instant)


STARTS_AT = "2026-03-01T23:00:00"
CLOSES = "2026-02-27T23:00:00"


@pytest.mark.parametrize(
    ("now", "changes", "allowed", "reason", "opens_at", "closes_at"),
    [
        ("2025-01-01T00:00:00", {}, True, "open", None, CLOSES),
        ("2026-02-27T22:59:59", {}, True, "open", None, CLOSES),
        ("2026-02-27T23:00:00", {}, False, "closed_before_start", STARTS_AT, None),
        ("2026-02-27T23:00:00", {"late_join": False}, False, "closed_before_start", None, None),
        ("2026-02-27T23:00:00", {"seats_left": 0}, False, "closed_before_start", None, None),
        ("2026-03-01T22:59:59", {}, False, "closed_before_start", STARTS_AT, None),
        ("2026-03-01T23:00:00", {}, True, "late_join", None, "2026-03-08T23:00:00"),
        ("2026-03-01T23:00:00", {"late_join": False}, False, "late_join_not_offered", None, None),
        ("2026-03-08T22:59:59", {}, True, "late_join", None, "2026-03-08T23:00:00"),
        ("2026-03-08T23:00:00", {}, False, "week_two_unlocked", None, None),
        ("2026-03-08T23:00:00", {"late_join": False}, False, "late_join_not_offered", None, None),
        ("2026-04-26T22:59:59", {}, False, "week_two_unlocked", None, None),
        ("2026-04-26T23:00:00", {}, False, "no_open_cohort", None, None),
        ("2026-02-01T00:00:00", {"published": False}, False, "no_open_cohort", None, None),
        ("2026-02-01T00:00:00", {"seats_left": 1}, True, "open", None, CLOSES),
        ("2026-02-01T00:00:00", {"seats_left": 0}, False, "cohort_full", None, None),
        ("2026-02-01T00:00:00", {"seats_left": -2}, False, "cohort_full", None, None),
        ("2026-03-02T00:00:00", {"seats_left": 0}, False, "cohort_full", None, None),
    ],
)
def test_one_cohort(
    now: str, changes: dict[str, object], allowed: bool, reason: str, opens_at: str | None, closes_at: str | None
) -> None:
    decision = decide(now, cohort(**changes))
    assert (decision.allowed, decision.reason) == (allowed, reason)
    assert decision.opens_at == (utc(opens_at) if opens_at else None)
    assert decision.closes_at == (utc(closes_at) if closes_at else None)
    assert decision.cohort_id == (None if reason == "no_open_cohort" else UUID(int=1))


def test_an_early_week_two_ends_late_join_early() -> None:
    early = cohort(week_unlocks={2: date(2026, 3, 5)})
    assert decide(STARTS_AT, early).closes_at == utc("2026-03-04T23:00:00")
    assert decide("2026-03-04T23:00:00", early).reason == "week_two_unlocked"


def test_a_late_week_two_does_not_stretch_late_join() -> None:
    late = cohort(week_unlocks={2: date(2026, 3, 20)})
    assert decide("2026-03-08T22:59:59", late).closes_at == utc("2026-03-08T23:00:00")
    assert decide("2026-03-08T23:00:00", late).reason == "late_join_ended"
    assert decide("2026-03-19T23:00:00", late).reason == "week_two_unlocked"


def test_seven_local_days_span_a_clock_change() -> None:
    berlin = cohort(start="2026-03-23", timezone="Europe/Berlin", week_unlocks={2: date(2026, 4, 20)})
    assert decide("2026-03-22T23:00:00", berlin).closes_at == utc("2026-03-29T22:00:00")


def test_the_48_hours_before_the_start_are_hours_not_local_days() -> None:
    berlin = cohort(start="2026-03-30", timezone="Europe/Berlin")
    assert decide("2026-01-01T00:00:00", berlin).closes_at == utc("2026-03-27T22:00:00")


def test_late_join_never_outlasts_the_cohort() -> None:
    short = cohort(days=2)
    assert decide(STARTS_AT, short).closes_at == short.calendar.ends_at
    assert decide(short.calendar.ends_at, short).reason == "no_open_cohort"


def test_already_enrolled_goes_before_everything() -> None:
    mine = UUID(int=9)
    decision = decide_enrollment(already_enrolled=True, cohorts=[], now=utc(STARTS_AT), enrolled_cohort_id=mine)
    assert (decision.allowed, decision.reason, decision.cohort_id) == (False, "already_enrolled", mine)


def test_no_cohort_at_all() -> None:
    assert decide(STARTS_AT) == EnrollmentDecision(allowed=False, reason="no_open_cohort")


MAY = cohort(2, "2026-05-04")


def test_the_first_by_start_that_says_yes_is_offered() -> None:
    assert decide("2026-01-01T00:00:00", MAY, cohort()).cohort_id == UUID(int=1)
    assert decide(STARTS_AT, MAY, cohort()).reason == "late_join"
    assert decide("2026-03-01T00:00:00", MAY, cohort()).cohort_id == UUID(int=2)


def test_a_full_cohort_steps_aside_for_the_next() -> None:
    decision = decide("2026-01-01T00:00:00", cohort(seats_left=0), MAY)
    assert (decision.allowed, decision.reason, decision.cohort_id) == (True, "open", UUID(int=2))


def test_when_all_say_no_the_next_one_to_start_explains_itself() -> None:
    running = cohort()
    closed = decide("2026-05-02T12:00:00", replace(running, calendar=cohort(days=200).calendar), MAY)
    assert (closed.reason, closed.cohort_id, closed.opens_at) == (
        "closed_before_start",
        UUID(int=2),
        MAY.calendar.starts_at,
    )
    full = decide("2026-03-20T00:00:00", running, replace(MAY, seats_left=0))
    assert (full.reason, full.cohort_id) == ("cohort_full", UUID(int=2))


def test_when_all_have_started_the_last_to_start_explains_itself() -> None:
    decision = decide("2026-05-12T00:00:00", cohort(days=200), replace(MAY, late_join=False))
    assert (decision.reason, decision.cohort_id) == ("late_join_not_offered", UUID(int=2))


cohorts = st.builds(
    lambda n, offset, days, gap, late, seats, published, tz: cohort(
        n,
        (date(2026, 3, 2) + timedelta(days=offset)).isoformat(),
        days=days,
        week_unlocks={2: date(2026, 3, 2) + timedelta(days=offset + gap)} if gap else {},
        late_join=late,
        seats_left=seats,
        published=published,
        timezone=tz,
    ),
    st.integers(1, 1000),
    st.integers(0, 300),
    st.integers(0, 60),
    st.integers(0, 20),
    st.booleans(),
    st.sampled_from([None, 0, 1]),
    st.sampled_from([True, True, True, False]),
    st.sampled_from(ZONES),
)
moments = st.datetimes(datetime(2026, 2, 1), datetime(2027, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(cohorts, moments)
@settings(deadline=None, max_examples=500)
def test_one_cohort_keeps_its_word_about_opening_and_closing(facts: CohortFacts, now: datetime) -> None:
    decision = decide(now, facts)
    assert decision.closes_at is None or decision.allowed
    assert decision.opens_at is None or not decision.allowed
    if decision.allowed:
        assert decision.closes_at is not None
        assert decide(decision.closes_at - SECOND, facts).allowed or decision.closes_at - SECOND < now
        assert not decide(decision.closes_at, facts).allowed
    for hours in range(0, 24 * 30, 7):
        later = now + timedelta(hours=hours)
        expected = decision.allowed
        if decision.closes_at is not None and decision.closes_at <= later:
            break
        if decision.opens_at is not None and decision.opens_at <= later:
            assert decide(decision.opens_at, facts).allowed
            assert not decide(decision.opens_at - SECOND, facts).allowed
            break
        assert decide(later, facts).allowed == expected


@given(st.lists(cohorts, max_size=4, unique_by=lambda facts: facts.id), moments, st.floats(0, 1))
@settings(deadline=None, max_examples=300)
def test_a_verdict_stands_until_it_says_it_changes(many: list[CohortFacts], now: datetime, share: float) -> None:
    decision = decide(now, *many)
    if decision.changes_at is None:
        assert decision.reason == "no_open_cohort"
        return
    between = min(now + (decision.changes_at - now) * share, decision.changes_at - timedelta(microseconds=1))
    assert decide(between, *many) == decision
    if decision.opens_at is not None:
        assert decide(decision.opens_at, *many).allowed


@given(st.lists(cohorts, max_size=4, unique_by=lambda facts: facts.id), moments, st.randoms())
@settings(deadline=None, max_examples=100)
def test_the_order_of_cohorts_does_not_matter(many: list[CohortFacts], now: datetime, random: object) -> None:
    shuffled = list(many)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(now, *shuffled) == decide(now, *many)
