"""A completion that certificates never heard of, or lost, is told again; one they heard of is left alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import delete, select, text

from certificates.events import consumers as certificates_take
from certificates.main import create_app as create_certificates
from certificates.models import Achievement, Certificate, Enrollment, StatusEntry
from certificates.settings import Settings as CertificatesSettings
from chassis.database import Database
from chassis.ids import new_id
from chassis.service_client import service_client
from chassis.testing import deliver, published
from chassis.testing.identity import TestTokens
from contracts.events import (
    AccountErased,
    AccountRegistered,
    CertificateIssued,
    CohortScheduled,
    CourseCompleted,
    EnrollmentActivated,
    EnrollmentRevoked,
    ProgramCompleted,
)
from learning.events import consumers as learning_takes
from learning.main import create_app as create_learning
from learning.progress.uncertified import completed_not_certified
from learning.settings import LearningSettings

SPRINT = {
    "title": "Free Sprint",
    "summary": "One week, one course.",
    "published": True,
    "weeks": [{"number": 1, "title": "The week"}],
    "courses": [
        {
            "slug": "sprint",
            "title": "Sprint",
            "lessons": [
                {"slug": "only", "title": "Only", "kind": "reading", "week": 1, "durationMinutes": 5, "content": "Hi."}
            ],
        }
    ],
}


@dataclass
class Units:
    """Learning and certificates."""

    learning: Database
    certificates: Database
    http: httpx.Client
    certificates_api: Any
    tokens: TestTokens
    healer: Any
    relay: Callable[..., int]
    cohort: UUID = field(default_factory=new_id)

    def tell(self) -> int:
        return self.relay(self.learning, (self.certificates, certificates_take))

    def open(self) -> None:
        """The program, and a cohort that runs."""
        answer = self.http.put("/v1/admin/programs/sprint", json=SPRINT, headers=self.tokens.admin())
        assert answer.status_code == 200, answer.text
        today = datetime.now(UTC).date()
        deliver(self.learning, learning_takes, _scheduled(self.cohort, today - timedelta(days=1)))

    def graduate(self) -> UUID:
        """A student who has completed the course, and with it the program; nothing of it has gone out yet."""
        student = uuid4()
        registered = AccountRegistered(sequence=1, account_id=student, name="Ada", roles=["student"], teaches=[])
        enrolled = self.activated(student, new_id(), 2)
        deliver(self.certificates, certificates_take, registered, enrolled)
        deliver(self.learning, learning_takes, enrolled)
        completed = self.http.post("/v1/courses/sprint/lessons/only/complete", headers=self.tokens.bearer(student))
        assert completed.status_code == 200, completed.text
        return student

    def activated(self, student: UUID, enrollment: UUID, sequence: int) -> EnrollmentActivated:
        return EnrollmentActivated(
            sequence=sequence,
            enrollment_id=enrollment,
            student_id=student,
            program_slug="sprint",
            cohort_id=self.cohort,
            origin="free",
            activated_at=datetime.now(UTC),
        )

    def revoked(self, student: UUID, enrollment: UUID, sequence: int) -> EnrollmentRevoked:
        return EnrollmentRevoked(
            sequence=sequence,
            enrollment_id=enrollment,
            student_id=student,
            program_slug="sprint",
            cohort_id=self.cohort,
            reason="refund",
            revoked_at=datetime.now(UTC),
        )

    def certified(self) -> list[str]:
        with self.certificates.begin() as session:
            return sorted(session.scalars(select(Certificate.kind).where(Certificate.status == "issued")))

    def forget(self) -> None:
        """As a backup would that is older than the completions."""
        with self.certificates.begin() as session:
            for table in (StatusEntry, Certificate, Achievement):
                session.execute(delete(table))

    def forget_enrollments(self) -> None:
        """As a backup would that is older still."""
        self.forget()
        with self.certificates.begin() as session:
            session.execute(delete(Enrollment))

    def issued(self) -> int:
        """Certificates that were ever told of."""
        return len([each for each in published(self.certificates) if isinstance(each, CertificateIssued)])

    def completions(self) -> list[Any]:
        return [each for each in published(self.learning) if isinstance(each, CourseCompleted | ProgramCompleted)]


def _scheduled(cohort_id: UUID, start: date) -> CohortScheduled:
    return CohortScheduled(
        sequence=1,
        cohort_id=cohort_id,
        slug="now",
        program_slug="sprint",
        start_date=start,
        end_date=start + timedelta(days=27),
        timezone="Africa/Lagos",
        unlock_time=time(0),
        week_unlocks={},
        seats=None,
        late_join=True,
        amount_minor=0,
        currency="NGN",
        published=True,
        archived=False,
        access_days=365,
    )


@pytest.fixture
def units(
    database_for: Callable[[str], Database],
    settings_for: Callable[..., Any],
    live: Callable[[Any], Any],
    serve: Callable[[Any], httpx.Client],
    tokens: TestTokens,
    healer: Any,
    relay: Callable[..., int],
) -> Iterator[Units]:
    api = live(create_certificates(settings_for(CertificatesSettings)))
    settings = settings_for(LearningSettings, certificates_url=api.url)
    learning = database_for("learning")
    with service_client(settings, settings.certificates_url, "certificates") as client:
        found = Units(
            learning=learning,
            certificates=database_for("certificates"),
            http=serve(create_learning(settings)),
            certificates_api=api,
            tokens=tokens,
            healer=healer("learning", learning, completed_not_certified(client)),
            relay=relay,
        )
        found.open()
        yield found


def test_completions_that_were_lost_are_told_again_as_they_were(units: Units) -> None:
    units.graduate()
    units.tell()
    assert units.certified() == ["course", "program"]
    units.healer.run()
    units.forget()
    units.healer.run()
    assert (units.healer.open, units.completions()[2:]) == (2, [])
    for _ in range(2):  # one event of an enrollment after the other
        units.healer.run()
        assert units.tell() == 1
    assert units.certified() == ["course", "program"]
    units.healer.run()
    assert (units.healer.open, units.healer.repaired) == (0, 2)
    units.healer.run()
    assert (units.tell(), units.healer.repaired) == (0, 2)
    course, program, *again = units.completions()
    assert sorted(event.type for event in again) == sorted([course.type, program.type])
    for event in again:
        first = course if isinstance(event, CourseCompleted) else program
        assert event.model_dump(exclude={"sequence"}) == first.model_dump(exclude={"sequence"})
        assert event.sequence > program.sequence


def test_a_completion_whose_event_never_left_is_told(units: Units) -> None:
    units.graduate()
    with units.learning.begin() as session:  # an outbox restored from an older backup
        session.execute(text("DELETE FROM outbox"))
    for _ in range(3):
        units.healer.run()
        units.tell()
    assert units.certified() == ["course", "program"]


def test_a_completion_on_its_way_is_left_alone(units: Units) -> None:
    units.graduate()
    for _ in range(3):
        units.healer.run()
    assert len(units.completions()) == 2
    units.tell()
    units.healer.run()
    assert (units.healer.open, units.healer.repaired) == (0, 0)


def heal(units: Units) -> None:
    for _ in range(5):
        units.healer.run()
        units.tell()


def test_a_completion_is_told_again_once_certificates_know_its_enrollment(units: Units) -> None:
    student = units.graduate()
    units.tell()
    units.forget_enrollments()
    heal(units)
    assert (units.certified(), units.healer.open) == ([], 2)
    [enrollment] = {each.enrollment_id for each in units.completions()}
    deliver(units.certificates, certificates_take, units.activated(student, enrollment, 9))
    heal(units)
    assert units.certified() == ["course", "program"]
    assert (units.healer.open, units.healer.repaired) == (0, 2)


@pytest.mark.parametrize("backup", ["before the enrollment", "before the refund"])
def test_whose_money_went_back_gets_no_certificate_from_healing_not_even_for_a_while(units: Units, backup: str) -> None:
    student = units.graduate()
    units.tell()
    [enrollment] = {each.enrollment_id for each in units.completions()}
    refunded = units.revoked(student, enrollment, 3)
    deliver(units.learning, learning_takes, refunded)
    deliver(units.certificates, certificates_take, refunded)
    before = units.issued()
    assert units.certified() == []
    units.forget_enrollments()
    if backup == "before the refund":
        deliver(units.certificates, certificates_take, units.activated(student, enrollment, 2))
    heal(units)
    assert (units.issued(), units.healer.open) == (before, 2)
    deliver(units.certificates, certificates_take, units.revoked(student, enrollment, 9))  # enrollment tells again
    heal(units)
    assert (units.issued(), units.certified(), units.healer.open) == (before, [], 0)


def test_nothing_is_missing_of_somebody_who_was_erased(units: Units) -> None:
    student = units.graduate()
    units.tell()
    deliver(units.certificates, certificates_take, AccountErased(sequence=9, account_id=student))
    units.forget()
    for _ in range(2):
        units.healer.run()
    assert units.healer.open == 0


def test_certificates_being_down_costs_a_warning(units: Units, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    units.graduate()
    units.certificates_api._server.should_exit = True
    units.certificates_api._thread.join(15)
    for _ in range(2):
        units.healer.run()
    assert [line["level"] for line in log_lines() if line["event"] == "saga_not_compared"] == ["warning"] * 2
    assert units.healer.open == 0


def test_only_services_may_ask(units: Units) -> None:
    url = f"{units.certificates_api.url}/internal/completions/unknown"
    for headers in ({}, units.tokens.admin(), units.tokens.service("learning", "media")):
        assert httpx.post(url, json={"completions": []}, headers=headers).status_code == 401
