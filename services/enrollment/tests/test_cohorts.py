"""Cohorts: created and changed by administrators, told to everybody, never pulled from under students."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from contracts.events import CohortScheduled
from contracts.rules import CohortCalendar
from enrollment.cohorts import policy

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
MARCH = {"slug": "march", "startDate": "2026-03-02", "endDate": "2026-05-31"}


@pytest.fixture
def february(open_school: Any) -> Any:
    open_school.clock.set(NOW)
    return open_school


def _change(school: Any, cohort: Any, status: int = 200, dry: bool = False, **changes: Any) -> Any:
    answer = school.http.patch(
        f"/v1/admin/cohorts/{cohort['id']}", json=changes, params={"dryRun": dry}, headers=school.admin
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_new_cohort_is_answered_and_told_whole(february: Any) -> None:
    document = {**MARCH, "unlockTime": "06:30:00", "weekUnlocks": {"2": "2026-03-11"}, "seats": 30, "accessDays": 90}
    cohort = february.cohort(**document)
    assert {key: cohort[key] for key in document} == document
    assert cohort["startsAt"] == "2026-03-02T05:30:00Z"
    assert cohort["endsAt"] == "2026-05-31T23:00:00Z"
    assert (cohort["version"], cohort["seatsLeft"], cohort["programPublished"]) == (1, 30, True)
    (told,) = february.events(CohortScheduled)
    assert (told.sequence, told.slug, told.program_slug) == (1, "march", february.program)
    assert (told.unlock_time, told.week_unlocks) == (time(6, 30), {2: date(2026, 3, 11)})
    assert (told.published, told.archived, told.access_days, told.seats) == (True, False, 90, 30)
    assert february.audited("cohort.created")[0].subject_id == cohort["id"]


def test_a_change_is_told_with_the_next_version_and_seen_at_once(february: Any) -> None:
    cohort = february.cohort(**MARCH)
    assert february.can_enroll()["price"]["amountMinor"] == february.price
    changed = _change(february, cohort, amountMinor=1_000_000, seats=3)
    assert (changed["amountMinor"], changed["seats"], changed["version"]) == (1_000_000, 3, 2)
    assert february.can_enroll()["price"]["amountMinor"] == 1_000_000
    assert [event.sequence for event in february.events(CohortScheduled)] == [1, 2]
    assert _change(february, cohort, seats=None)["seats"] is None


def test_a_change_that_changes_nothing_is_not_told(february: Any) -> None:
    cohort = february.cohort(**MARCH)
    document = {name: cohort[name] for name in ("programSlug", "slug", "startDate", "timezone", "unlockTime", "seats")}
    assert _change(february, cohort, **document)["version"] == 1
    assert len(february.events(CohortScheduled)) == 1


def test_an_open_checkout_keeps_the_price_it_was_begun_at(february: Any) -> None:
    cohort = february.cohort(**MARCH)
    student = february.student()
    reference = february.reference(student)
    _change(february, cohort, amountMinor=9_000_000)
    assert february.checkout(student).json()["amountMinor"] == february.price
    february.pay(reference)
    assert february.verify(student, reference)["status"] == "succeeded"


def test_a_released_week_is_not_locked_again_by_accident(february: Any) -> None:
    cohort = february.cohort(**MARCH)
    february.enrolled()
    february.clock.set(datetime(2026, 3, 10, 12, tzinfo=UTC))  # week 2 is open
    later = {"startDate": "2026-03-09"}
    dry = _change(february, cohort, dry=True, **later)
    assert (dry["dryRun"], dry["allowed"], dry["relockedWeeks"], dry["affectedStudents"]) == (True, False, [2], 1)
    assert dry["changes"] == [{"field": "startDate", "before": "2026-03-02", "after": "2026-03-09"}]
    assert [week["number"] for week in dry["weeks"]] == [1, 2, 3, 4]
    refused = _change(february, cohort, status=409, **later)
    assert (refused["code"], refused["weeks"]) == ("relock_refused", [2])
    assert february.events(CohortScheduled)[-1].sequence == 1
    assert _change(february, cohort, force=True, **later)["startDate"] == "2026-03-09"
    assert february.audited("cohort.changed")[0].details["forced"] is True


def test_a_dry_run_changes_nothing(february: Any) -> None:
    cohort = february.cohort(**MARCH)
    dry = _change(february, cohort, dry=True, slug="renamed", seats=1)
    assert (dry["allowed"], dry["cohort"]["slug"], dry["cohort"]["version"]) == (True, "renamed", 2)
    found = february.http.get("/v1/admin/cohorts/march", headers=february.admin).json()
    assert (found["version"], found["seats"]) == (1, None)
    assert len(february.events(CohortScheduled)) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"timezone": "Lagos"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"endDate": "2026-03-01"}, "endDate"),
        ({"startDate": "2026-02-30"}, "startDate"),
        ({"startDate": "9999-12-30", "endDate": "9999-12-31"}, "startDate"),
        ({"weekUnlocks": {"3": "2026-03-05"}}, "weekUnlocks"),
        ({"weekUnlocks": {"3": "2026-03-20", "4": "2026-03-20"}}, "weekUnlocks"),
        ({"weekUnlocks": {"0": "2026-03-02"}}, "weekUnlocks.0.[key]"),
        ({"weekUnlocks": {"x": "2026-03-02"}}, "weekUnlocks.x.[key]"),
        ({"unlockTime": "25:00"}, "unlockTime"),
        ({"unlockTime": "08:00:00+01:00"}, "unlockTime"),
        ({"unlockTime": "08:00:00.5"}, "unlockTime"),
        ({"seats": -1}, "seats"),
        ({"seats": 1.5}, "seats"),
        ({"amountMinor": -1}, "amountMinor"),
        ({"amountMinor": 10**18}, "amountMinor"),
        ({"amountMinor": 4_999}, "amountMinor"),
        ({"currency": "ngn"}, "currency"),
        ({"currency": "EUR"}, "currency"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"slug": "x" * 101}, "slug"),
        ({"slug": "018f0000-0000-7000-8000-000000000000"}, "slug"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(february: Any, change: Any, field: str) -> None:
    document = february.cohort_document(**{**MARCH, **change})
    created = february.http.post("/v1/admin/cohorts", json=document, headers=february.admin)
    assert (created.status_code, created.json()["code"]) == (422, "validation_failed"), created.text
    assert field in [error["field"] for error in created.json()["errors"]]
    cohort = february.cohort(**MARCH)
    _change(february, cohort, status=422, **change)
    assert len(february.events(CohortScheduled)) == 1


@pytest.mark.parametrize("change", [{"slug": None}, {"published": None}, {"programSlug": "another"}])
def test_what_cannot_be_taken_away(february: Any, change: Any) -> None:
    _change(february, february.cohort(**MARCH), status=422, **change)


def test_slugs_are_unique_on_the_platform(february: Any) -> None:
    february.cohort(**MARCH)
    other = february.cohort(slug="other")
    body = february.cohort_document(slug="march", programSlug="another-program")
    answer = february.http.post("/v1/admin/cohorts", json=body, headers=february.admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "slug_taken")
    assert _change(february, other, status=409, slug="march")["code"] == "slug_taken"


def test_a_cohort_may_be_scheduled_before_its_program_is_known(school: Any) -> None:
    cohort = school.cohort()
    assert (cohort["programPublished"], len(cohort["warnings"])) == (False, 1)
    school.publish()
    assert school.can_enroll()["allowed"] is True


def test_cohorts_are_listed_newest_first(february: Any) -> None:
    slugs = [february.cohort(slug=f"run-{number}")["slug"] for number in range(3)]
    page = february.http.get("/v1/admin/cohorts?limit=2", headers=february.admin).json()
    assert [one["slug"] for one in page["cohorts"]] == [slugs[2], slugs[1]]
    rest = february.http.get("/v1/admin/cohorts", params={"cursor": page["nextCursor"]}, headers=february.admin).json()
    assert ([one["slug"] for one in rest["cohorts"]], rest["nextCursor"]) == ([slugs[0]], None)


def test_weeks_are_compared_by_instant() -> None:
    before = CohortCalendar(date(2026, 3, 2), date(2026, 5, 31), "Africa/Lagos")
    after = CohortCalendar(date(2026, 3, 2), date(2026, 5, 31), "UTC")
    at_midnight = datetime(2026, 3, 8, 23, 30, tzinfo=UTC)
    moves = policy.moved_weeks(before, after, 3, at_midnight)
    assert [(move.number, move.relocked) for move in moves] == [(1, False), (2, True), (3, False)]
    assert moves[0].after - moves[0].before == timedelta(hours=1)
