"""canEnroll: exact at every boundary, for anybody, from the cache or not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.testing import count_queries

#: Monday 00:00 in Lagos (UTC+1) is Sunday 23:00 UTC.
START = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def march(open_school: Any) -> Any:
    open_school.clock.set(datetime(2026, 2, 1, 12, 0, tzinfo=UTC))
    return open_school.cohort(slug="march", startDate="2026-03-02", endDate="2026-05-31", seats=5)


def _wire(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def test_the_whole_answer(open_school: Any, march: Any) -> None:
    assert open_school.can_enroll() == {
        "allowed": True,
        "reason": "open",
        "message": open_school.can_enroll()["message"],
        "opensAt": None,
        "closesAt": _wire(START - timedelta(hours=48)),
        "cohort": {
            "id": march["id"],
            "slug": "march",
            "startsAt": _wire(START),
            "endsAt": "2026-05-31T23:00:00Z",
            "timezone": "Africa/Lagos",
            "seatsLeft": 5,
        },
        "price": {"amountMinor": open_school.price, "currency": "NGN", "instalments": None},
    }
    assert open_school.can_enroll()["message"]


def test_exact_to_the_instant_at_every_boundary_from_the_cache(open_school: Any, march: Any) -> None:
    story = [
        (START - timedelta(hours=48) - INSTANT, "open", True),
        (START - timedelta(hours=48), "closed_before_start", False),
        (START - INSTANT, "closed_before_start", False),
        (START, "late_join", True),
        (START + timedelta(days=7) - INSTANT, "late_join", True),
        (START + timedelta(days=7), "week_two_unlocked", False),
        (datetime(2026, 5, 31, 23, 0, tzinfo=UTC), "no_open_cohort", False),
    ]
    for instant, reason, allowed in story:
        open_school.clock.set(instant)
        for _ in range(2):
            found = open_school.can_enroll()
            assert (found["reason"], found["allowed"]) == (reason, allowed), instant
        if reason == "closed_before_start":
            assert found["opensAt"] == _wire(START)
        if reason == "no_open_cohort":
            assert found["cohort"] is None
            assert found["price"] is None


def test_a_cached_answer_needs_no_query_and_ends_with_the_change_that_outdates_it(open_school: Any, march: Any) -> None:
    open_school.can_enroll()
    with count_queries(open_school.app.state.db) as queries:
        assert open_school.can_enroll()["cohort"]["seatsLeft"] == 5
        assert queries == []
    open_school.reference(open_school.student())
    assert open_school.can_enroll()["cohort"]["seatsLeft"] == 4
    open_school.pass_time(minutes=60)
    assert open_school.can_enroll()["cohort"]["seatsLeft"] == 5


def test_a_client_that_has_the_answer_gets_304(open_school: Any, march: Any) -> None:
    url = f"/v1/programs/{open_school.program}/can-enroll"
    etag = open_school.http.get(url).headers["etag"]
    assert open_school.http.get(url, headers={"If-None-Match": etag}).status_code == 304
    open_school.reference(open_school.student())
    assert open_school.http.get(url, headers={"If-None-Match": etag}).status_code == 200


def test_one_cohort_by_slug_or_id(open_school: Any, march: Any) -> None:
    open_school.cohort(slug="april", startDate="2026-04-06", endDate="2026-06-30", amountMinor=900_000)
    assert open_school.can_enroll()["cohort"]["slug"] == "march"
    april = open_school.can_enroll(cohort="april")
    assert (april["cohort"]["slug"], april["price"]["amountMinor"]) == ("april", 900_000)
    assert open_school.can_enroll(cohort=march["id"])["cohort"]["slug"] == "march"


def test_hidden_and_unknown_cohorts_look_the_same(open_school: Any, march: Any) -> None:
    open_school.cohort(slug="hidden", published=False)
    open_school.publish("other-program")
    open_school.cohort(slug="elsewhere", programSlug="other-program")
    for name in ("hidden", "elsewhere", "nothing", "x" * 100, "018f0000-0000-7000-8000-000000000000"):
        answer = open_school.http.get(f"/v1/programs/{open_school.program}/can-enroll", params={"cohort": name})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), name


@pytest.mark.parametrize("slug", ["unknown", "UPPER", "%20", "a" * 300, "ünï"])
def test_an_unknown_program_is_404(open_school: Any, slug: str) -> None:
    assert open_school.http.get(f"/v1/programs/{slug}/can-enroll").status_code == 404
    assert open_school.http.get(f"/v1/programs/{slug}").status_code == 404


def test_a_withdrawn_program_is_not_on_sale(open_school: Any, march: Any) -> None:
    open_school.publish(sequence=3, published=False)
    open_school.publish(sequence=2)  # an older version that arrives late
    assert open_school.http.get(f"/v1/programs/{open_school.program}/can-enroll").status_code == 404
    assert open_school.http.get("/v1/programs").json()["programs"] == []


def test_programs_with_their_next_cohort_and_price(open_school: Any, march: Any) -> None:
    open_school.publish("aaa-without-cohort")
    programs = open_school.http.get("/v1/programs").json()["programs"]
    assert [(one["slug"], one["cohort"] and one["cohort"]["slug"]) for one in programs] == [
        ("aaa-without-cohort", None),
        (open_school.program, "march"),
    ]
    program = open_school.http.get(f"/v1/programs/{open_school.program}").json()
    assert [week["number"] for week in program["weeks"]] == [1, 2, 3, 4]
    assert program["courses"][0]["title"] == "Basics"
    assert program["price"] == {"amountMinor": open_school.price, "currency": "NGN", "instalments": None}
    first = open_school.http.get("/v1/programs?limit=1").json()
    rest = open_school.http.get("/v1/programs", params={"limit": 1, "cursor": first["nextCursor"]}).json()
    assert (rest["programs"][0]["slug"], rest["nextCursor"]) == (open_school.program, None)


@pytest.mark.parametrize(
    ("path", "known", "most"),
    [
        ("/v1/programs", False, 3),
        ("/v1/programs/{program}", False, 3),
        ("/v1/programs/{program}/can-enroll", False, 3),
        ("/v1/programs/{program}/can-enroll", True, 4),
        ("/v1/programs/{program}/billing", True, 6),
        ("/v1/enrollments", True, 3),
    ],
)
def test_the_number_of_queries_is_constant(open_school: Any, march: Any, path: str, known: bool, most: int) -> None:
    student = open_school.student()
    open_school.reference(student)
    for number in range(3):
        open_school.publish(f"more-{number}")
        open_school.cohort(programSlug=f"more-{number}", slug=f"more-{number}")
        open_school.reference(student, cohort=march["id"])
    with count_queries(open_school.app.state.db) as queries:
        answer = open_school.http.get(
            path.format(program=open_school.program), headers=student.headers if known else {}
        )
    assert answer.status_code == 200
    assert len(queries) == most, queries
