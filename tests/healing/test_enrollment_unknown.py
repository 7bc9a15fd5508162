"""An enrollment that learning, discussion or certificates lost, or know otherwise than it is, is told again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, update

import certificates.models
import discussion.models
import learning.models
from certificates.events import consumers as certificates_take
from certificates.main import create_app as create_certificates
from certificates.settings import Settings as CertificatesSettings
from chassis.database import Database
from chassis.ids import new_id
from chassis.service_client import service_client
from chassis.testing import published
from contracts.events import EnrollmentActivated, EnrollmentRevoked
from contracts.http.internal import ToldEnrollment
from discussion.events import consumers as discussion_takes
from discussion.main import create_app as create_discussion
from discussion.settings import DiscussionSettings
from enrollment.audit import Actor, admin, record
from enrollment.enrollments import steps
from enrollment.enrollments.unknown import compare_with, enrollment_unknown
from enrollment.models import Enrollment
from enrollment.settings import EnrollmentSettings
from learning.events import consumers as learning_takes
from learning.main import create_app as create_learning
from learning.settings import LearningSettings

PLACES: dict[str, Any] = {
    "learning": learning.models.Enrollment,
    "discussion": discussion.models.Enrollment,
    "certificates": certificates.models.Enrollment,
}
TAKES = {"learning": learning_takes, "discussion": discussion_takes, "certificates": certificates_take}
#: As it would stand there by hand.
REVOKED = {
    "learning": {"status": "revoked"},
    "discussion": {"status": "revoked"},
    "certificates": {"revoked_reason": "refund"},
}
LIVE: dict[str, Any] = {
    "learning": {"status": "active"},
    "discussion": {"status": "active"},
    "certificates": {"revoked_reason": None},
}


@dataclass
class Units:
    """Enrollment, and whoever must know of enrollments."""

    dbs: dict[str, Database]
    apis: dict[str, Any]
    healer: Any
    relay: Callable[..., int]

    def tell(self) -> int:
        """Enrollment's events go out and are taken in."""
        return self.relay(self.dbs["enrollment"], *((self.dbs[place], TAKES[place]) for place in PLACES))

    def enroll(self, program: str = "data") -> UUID:
        """A new active enrollment, told to everybody."""
        now = datetime.now(UTC)
        with self.dbs["enrollment"].begin() as session:
            enrollment = steps.start(
                session, student_id=uuid4(), program_slug=program, cohort_id=new_id(), seat_until=None, now=now
            )
            steps.activate(session, enrollment, "grant", now)
            return enrollment.id

    def change(self, enrollment_id: UUID, step: Callable[..., None], *more: Any, **named: Any) -> None:
        with self.dbs["enrollment"].begin() as session:
            enrollment = session.get_one(Enrollment, enrollment_id)
            step(session, enrollment, *more, datetime.now(UTC), **named)

    def known(self, enrollment_id: UUID) -> list[str | None]:
        """How each place knows it; certificates tell only what is revoked from what is not."""
        return [self._status(place, enrollment_id) for place in PLACES]

    def _status(self, place: str, enrollment_id: UUID) -> str | None:
        with self.dbs[place].begin() as session:
            row = session.get(PLACES[place], enrollment_id)
            if row is None or place != "certificates":
                return row and row.status
            return "live" if row.revoked_reason is None else "revoked"

    def write(self, place: str, statement: Any) -> None:
        """By hand, in that place's schema."""
        with self.dbs[place].begin() as session:
            session.execute(statement)

    def lose(self, place: str, enrollment_id: UUID) -> None:
        [key] = PLACES[place].__table__.primary_key
        self.write(place, delete(PLACES[place]).where(key == enrollment_id))

    def events(self, kind: type) -> list[Any]:
        return [event for event in published(self.dbs["enrollment"]) if isinstance(event, kind)]


@pytest.fixture
def units(
    database_for: Callable[[str], Database],
    settings_for: Callable[..., Any],
    live: Callable[[Any], Any],
    healer: Any,
    relay: Callable[..., int],
) -> Any:
    apis = {
        "learning": live(create_learning(settings_for(LearningSettings))),
        "discussion": live(create_discussion(settings_for(DiscussionSettings))),
        "certificates": live(create_certificates(settings_for(CertificatesSettings))),
    }
    settings = settings_for(EnrollmentSettings, paystack_secret_keys="sk_test_0123456789abcdef")
    clients = {place: service_client(settings, api.url, place) for place, api in apis.items()}
    dbs = {name: database_for(name) for name in ("enrollment", *PLACES)}
    comparisons = [compare_with(place, client) for place, client in clients.items()]
    yield Units(dbs, apis, healer("enrollment", dbs["enrollment"], *comparisons), relay)
    for client in clients.values():
        client.close()


def test_every_place_is_asked(settings_for: Callable[..., Any]) -> None:
    settings = settings_for(EnrollmentSettings, paystack_secret_keys="sk_test_0123456789abcdef")
    assert {each.place for each in enrollment_unknown(settings)} == set(PLACES)


@pytest.mark.parametrize("place", PLACES)
def test_an_enrollment_that_was_lost_is_told_again(units: Units, place: str) -> None:
    enrollments = [units.enroll() for _ in range(3)]
    units.tell()
    lost = enrollments[1]
    units.healer.run()
    assert (units.healer.open, units.healer.repaired) == (0, 0)
    units.lose(place, lost)
    units.healer.run()  # it may be an event on its way
    assert units.tell() == 0
    assert units.healer.open == 1
    units.healer.run()
    assert units.tell() == 1  # its inbox has the first event: only another one can heal it
    assert units.known(lost) == ["active", "active", "live"]
    units.healer.run()
    assert (units.healer.open, units.healer.repaired) == (0, 1)
    units.healer.run()
    assert (units.tell(), units.healer.repaired) == (0, 1)
    assert [event.origin for event in units.events(EnrollmentActivated)] == ["grant"] * 3 + ["restored"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("sequence", [2, 900], ids=["the same version", "a version from a later life"])
def test_one_that_is_known_otherwise_is_told_under_a_version_above_both(
    units: Units, place: str, sequence: int
) -> None:
    enrollment = units.enroll()
    units.tell()
    units.write(place, update(PLACES[place]).values(**REVOKED[place], sequence=sequence))
    for _ in range(2):
        units.healer.run()
    units.tell()
    assert units.known(enrollment) == ["active", "active", "live"]
    units.healer.run()
    assert (units.healer.open, units.healer.repaired) == (0, 1)


@pytest.mark.parametrize("place", PLACES)
def test_whoever_kept_an_access_that_ended_hears_why_it_did(units: Units, place: str) -> None:
    refunded, by_staff, suspended = (units.enroll() for _ in range(3))
    units.change(refunded, steps.revoke, "refund")
    units.change(by_staff, steps.revoke, "staff", reason="refund")
    with units.dbs["enrollment"].begin() as session:
        who: Actor = admin(uuid4())
        record(session, datetime.now(UTC), who, "enrollment.revoked", ("enrollment", by_staff), reason="refund")
    units.change(suspended, steps.suspend, "dispute")
    units.tell()
    units.write(place, update(PLACES[place]).values(**LIVE[place]))
    for _ in range(2):
        units.healer.run()
    assert units.tell() == (2 if place == "certificates" else 3)  # who is suspended keeps their certificates
    assert [units.known(each)[0] for each in (refunded, by_staff, suspended)] == ["revoked", "revoked", "suspended"]
    assert [units.known(each)[-1] for each in (refunded, by_staff, suspended)] == ["revoked", "revoked", "live"]
    assert [event.reason for event in units.events(EnrollmentRevoked)][2:] == ["refund", "staff"]


def test_what_was_never_told_is_asked_about_nowhere(units: Units) -> None:
    with units.dbs["enrollment"].begin() as session:
        steps.start(
            session,
            student_id=uuid4(),
            program_slug="data",
            cohort_id=new_id(),
            seat_until=None,
            now=datetime.now(UTC),
        )
    for _ in range(2):
        units.healer.run()
    assert units.healer.open == 0


def test_events_that_wait_for_the_relay_are_not_told_twice(units: Units) -> None:
    units.enroll()  # and Redis is away
    for _ in range(3):
        units.healer.run()
    assert units.healer.open == len(PLACES)  # nobody knows it, and that is true
    assert len(units.events(EnrollmentActivated)) == 1
    assert units.tell() == 1
    units.healer.run()
    assert (units.healer.open, units.healer.repaired) == (0, 0)


def test_who_does_not_listen_is_not_told_ever_more_often(units: Units) -> None:
    enrollment = units.enroll()
    units.tell()
    units.lose("learning", enrollment)
    for _ in range(13):  # an hour
        units.healer.run()
        units.relay(units.dbs["enrollment"])  # it goes out, and nobody takes it in
    assert 3 <= len(units.events(EnrollmentActivated)) - 1 <= 6
    assert units.healer.open == 1


def test_a_place_that_is_down_costs_a_warning_and_stops_no_other(
    units: Units, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    enrollment = units.enroll()
    units.tell()
    units.lose("learning", enrollment)
    units.lose("discussion", enrollment)
    units.healer.run()
    units.apis["learning"]._server.should_exit = True
    units.apis["learning"]._thread.join(15)
    units.healer.run()
    told = [line for line in log_lines() if line["event"] == "saga_not_compared"]
    assert [(line["place"], line["level"]) for line in told] == [("learning", "warning")]
    assert units.tell() == 1
    assert units.known(enrollment) == ["active", "active", "live"]
    units.healer.run()
    assert (units.healer.open, units.healer.repaired) == (1, 1)  # learning cannot say that it knows


def test_many_are_gone_through_page_by_page(units: Units) -> None:
    [comparison] = [each._comparison for each in units.healer.sweeps._comparing if each.place == "discussion"]
    enrollments = [units.enroll() for _ in range(7)]
    with units.dbs["enrollment"].begin() as session:
        first = comparison.page(session, None, 3)
        second = comparison.page(session, first[-1].key, 100)
        some = comparison.again(session, [str(enrollments[5]), str(uuid4())])
    assert [fact.key for fact in (*first, *second)] == sorted(str(each) for each in enrollments)
    assert [fact.asked for fact in some] == [ToldEnrollment(id=enrollments[5], status="active")]


@pytest.mark.parametrize("place", PLACES)
def test_only_services_may_ask(units: Units, tokens: Any, place: str, serve: Any) -> None:
    import httpx

    url, question = f"{units.apis[place].url}/internal/enrollments/unknown", {"enrollments": []}
    for headers in ({}, tokens.admin(), tokens.service("enrollment", "media")):
        assert httpx.post(url, json=question, headers=headers).status_code == 401
    assert httpx.post(url, json=question, headers=tokens.service("enrollment", place)).json() == {"unknown": []}
    many = {"enrollments": [{"id": str(uuid4()), "status": "active"}] * 1001}
    assert httpx.post(url, json=many, headers=tokens.service("enrollment", place)).status_code == 422
