"""Events in every order end in the same state; an event twice is an event once."""

from itertools import permutations
from typing import Any

from sqlalchemy import select

from chassis.ids import new_id
from chassis.testing import deliver
from contracts.events import AccountErased, AccountRegistered, AccountUpdated, PostCreated, PostModerated
from learning.enrollments import repository
from learning.events import consumers
from learning.models import DiscussionPost


def live_status(school: Any, student: Any) -> str | None:
    with school.db.begin() as session:
        found = repository.find_live(session, student.account_id, student.program)
    return found.status if found else None


def test_an_enrollment_ends_as_the_newest_event_says_in_every_order(school: Any) -> None:
    school.open()
    for order in permutations(range(4)):
        student = school.enroll(sequence=0)
        events = [
            student.activated(1),
            student.suspended(2),
            student.activated(3, origin="restored"),
            student.suspended(4),
        ]
        school.deliver(*(events[index] for index in order))
        assert live_status(school, student) == "suspended", order
        school.deliver(student.revoked(5), *events)
        assert live_status(school, student) is None, order


def test_a_cohort_ends_as_the_newest_event_says_in_every_order(school: Any) -> None:
    for order in permutations(range(3)):
        cohort_id = new_id()
        versions = [
            school.scheduled(cohort_id, sequence=1),
            school.scheduled(cohort_id, sequence=2, slug="renamed", week_unlocks={2: "2026-03-11"}),
            school.scheduled(cohort_id, sequence=3, slug="final", timezone="Africa/Nairobi", unlock_time="06:30:00"),
        ]
        school.deliver(*(versions[index] for index in order))
        with school.db.begin() as session:
            cohort = repository.find_cohort(session, cohort_id)
        assert cohort is not None
        assert cohort.slug == "final"
        assert cohort.calendar.starts_at.isoformat() == "2026-03-02T03:30:00+00:00"
        assert cohort.calendar.week_unlocks == {}


def place_of(school: Any) -> dict[str, Any]:
    return {
        "post_id": new_id(),
        "thread_id": new_id(),
        "program_slug": "data",
        "cohort_id": school.cohort_id,
        "week_number": 1,
        "parent_id": None,
    }


def test_a_post_ends_as_the_newest_events_say_in_every_order(school: Any) -> None:
    at = school.clock()
    for order in permutations(range(4)):
        place = place_of(school)
        events = [
            PostCreated(sequence=1, author_id=new_id(), created_at=at, **place),
            PostModerated(sequence=2, action="hidden", occurred_at=at, **place),
            PostModerated(sequence=3, action="unhidden", occurred_at=at, **place),
            PostModerated(sequence=4, action="pinned", occurred_at=at, **place),
        ]
        school.deliver(*(events[index] for index in order))
        columns = (DiscussionPost.created_at, DiscussionPost.hidden, DiscussionPost.deleted)
        with school.db.begin() as session:
            row = session.execute(select(*columns).where(DiscussionPost.id == place["post_id"])).one()
        assert tuple(row) == (at, False, False), order


def test_moderation_before_the_post_counts_too(school: Any) -> None:
    school.open()
    student = school.enroll()
    place = place_of(school)
    at = school.clock()
    school.deliver(PostModerated(sequence=2, action="deleted", occurred_at=at, **place))
    assert school.week(student, 1)["discussion"] == {"postCount": 0, "lastPostAt": None}
    school.deliver(PostCreated(sequence=1, author_id=new_id(), created_at=at, **place))
    assert school.week(student, 1)["discussion"] == {"postCount": 0, "lastPostAt": None}


def test_an_erased_account_is_staff_of_nothing_in_every_order(school: Any) -> None:
    for order in permutations(range(3)):
        account = new_id()
        events = [
            AccountRegistered(sequence=1, account_id=account, name="Ife", roles=["admin"], teaches=[]),
            AccountUpdated(sequence=2, account_id=account, name="Ife", roles=["instructor"], teaches=["data"]),
            AccountErased(sequence=3, account_id=account),
        ]
        school.deliver(*(events[index] for index in order))
        with school.db.begin() as session:
            assert repository.is_staff(session, account, "data") is False, order


def test_an_event_delivered_twice_takes_effect_once(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.complete_all(student, "intro", "hello", "tour")
    school.deliver(student.revoked(2))
    second = school.enroll(student.account_id)
    before = len(school.events())
    again = deliver(school.db, consumers, second.activated(2, origin="restored"))
    deliver(school.db, consumers, *again)
    assert len(school.events()) == before


def test_a_suspended_enrollment_that_returns_opens_the_same_progress(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.complete_all(student, "intro", "hello")
    school.deliver(student.suspended(2))
    answer = school.get("/v1/programs/data/home", student)
    assert (answer.status_code, answer.json()["code"]) == (403, "enrollment_suspended")
    school.deliver(student.activated(3, origin="restored"))
    assert school.home(student)["courses"][0]["percent"] == 50
