"""Who may be in a room, and which cohort staff look at."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from contracts.rules import CohortCalendar
from discussion.rooms.policy import CohortFacts, Membership, decide_entry, pick_for_staff, pick_membership

SECOND = timedelta(seconds=1)


def cohort(number: int, start: str, *, days: int = 20, open_to_staff: bool = True) -> CohortFacts:
    first = date.fromisoformat(start)
    calendar = CohortCalendar(first, first + timedelta(days=days), "Africa/Lagos", access_days=30)
    return CohortFacts(UUID(int=number), f"c{number}", "data", calendar, open_to_staff)


MARCH = cohort(1, "2026-03-02")
WEEK_TWO = MARCH.calendar.week_unlocks_at(2)


def member(status: str = "active", of: CohortFacts | None = MARCH) -> Membership:
    return Membership(status, of.id if of else UUID(int=9), of)


@pytest.mark.parametrize(
    ("membership", "now", "reasons"),
    [
        (member(), WEEK_TWO, ()),
        (member(), WEEK_TWO - SECOND, ("week_locked",)),
        (member(), MARCH.calendar.access_ends_at - SECOND, ()),
        (member(), MARCH.calendar.access_ends_at, ("access_ended",)),
        (member("suspended"), WEEK_TWO, ("enrollment_suspended",)),
        (member("revoked"), WEEK_TWO, ("not_enrolled",)),
        (None, WEEK_TWO, ("not_enrolled",)),
        (member(of=None), WEEK_TWO, ("week_locked",)),
    ],
)
def test_entry(membership: Membership | None, now: datetime, reasons: tuple[str, ...]) -> None:
    decision = decide_entry(membership, 2, now)
    assert (decision.allowed, decision.reasons) == (not reasons, reasons)


def test_a_locked_week_says_when_it_unlocks() -> None:
    assert decide_entry(member(), 2, WEEK_TWO - SECOND).unlocks_at == WEEK_TWO


@pytest.mark.parametrize(
    ("statuses", "picked"),
    [
        ([], None),
        (["revoked"], None),
        (["revoked", "active"], "active"),
        (["suspended", "active"], "active"),
        (["revoked", "suspended"], "suspended"),
    ],
)
def test_the_live_enrollment_counts(statuses: list[str], picked: str | None) -> None:
    membership = pick_membership([member(status) for status in statuses])
    assert (membership.status if membership else None) == picked


MAY, ARCHIVED = cohort(2, "2026-05-04"), cohort(3, "2026-03-03", open_to_staff=False)


@pytest.mark.parametrize(
    ("cohorts", "now", "picked"),
    [
        ([], "2026-03-10", None),
        ([ARCHIVED], "2026-03-10", None),
        ([MAY, MARCH, ARCHIVED], "2026-03-10", MARCH),
        ([MAY, MARCH], "2026-01-01", MARCH),
        ([MAY, MARCH], "2026-04-10", MAY),
        ([MAY, MARCH], "2027-01-01", MAY),
        ([MARCH, cohort(4, "2026-03-05")], "2026-03-10", cohort(4, "2026-03-05")),
    ],
)
def test_staff_look_at_the_running_cohort_else_the_next_else_the_last(
    cohorts: list[CohortFacts], now: str, picked: CohortFacts | None
) -> None:
    assert pick_for_staff(cohorts, None, datetime.fromisoformat(now).replace(tzinfo=UTC)) == picked


@pytest.mark.parametrize("name", ["c3", str(UUID(int=3)), str(UUID(int=3)).upper()])
def test_staff_name_any_cohort_by_slug_or_id(name: str) -> None:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    assert pick_for_staff([MARCH, ARCHIVED], name, now) == ARCHIVED
    assert pick_for_staff([MARCH], name, now) is None
