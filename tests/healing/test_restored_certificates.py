"""Certificates restored from before an enrollment: enrollment and learning together bring back what is due, no more."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.healing.test_completion_unknown import Units, units  # noqa: F401

from certificates.events import consumers as certificates_take
from chassis.database import Database
from chassis.service_client import service_client
from chassis.testing import deliver
from contracts.events import AccountRegistered
from enrollment.enrollments import steps
from enrollment.enrollments.unknown import compare_with
from enrollment.models import Enrollment
from enrollment.settings import EnrollmentSettings
from learning.events import consumers as learning_takes


class School:
    """Enrollment too: whatever it tells goes to learning and to certificates."""

    def __init__(self, units: Units, database: Database, healer: Any) -> None:  # noqa: F811
        self.units, self.database, self.healer = units, database, healer

    def tell(self) -> None:
        takers = ((self.units.learning, learning_takes), (self.units.certificates, certificates_take))
        self.units.relay(self.database, *takers)
        self.units.tell()

    def graduate(self) -> UUID:
        """Enrolled, completed, certified; answers the enrollment."""
        student, now = uuid4(), datetime.now(UTC)
        registered = AccountRegistered(sequence=1, account_id=student, name="Ada", roles=["student"], teaches=[])
        deliver(self.units.certificates, certificates_take, registered)
        facts = {"student_id": student, "program_slug": "sprint", "cohort_id": self.units.cohort}
        with self.database.begin() as session:
            enrollment = steps.start(session, **facts, seat_until=None, now=now)
            steps.activate(session, enrollment, "grant", now)
            id_ = enrollment.id
        self.tell()
        headers = self.units.tokens.bearer(student)
        assert self.units.http.post("/v1/courses/sprint/lessons/only/complete", headers=headers).status_code == 200
        self.tell()
        return id_

    def refund(self, enrollment_id: UUID) -> None:
        with self.database.begin() as session:
            steps.revoke(session, session.get_one(Enrollment, enrollment_id), "refund", datetime.now(UTC))
        self.tell()

    def heal(self, *healers: Any) -> None:
        for _ in range(6):
            for healer in healers:
                healer.run()
            self.tell()


@pytest.fixture
def school(
    units: Units,  # noqa: F811
    database_for: Callable[[str], Database],
    settings_for: Callable[..., Any],
    healer: Any,
) -> Iterator[School]:
    settings = settings_for(EnrollmentSettings, paystack_secret_keys="sk_test_0123456789abcdef")
    database = database_for("enrollment")
    with service_client(settings, units.certificates_api.url, "certificates") as client:
        yield School(units, database, healer("enrollment", database, compare_with("certificates", client)))


@pytest.mark.parametrize("enrollment_is_late", [False, True], ids=["both heal at once", "enrollment heals later"])
def test_certificates_come_back_but_for_those_whose_money_went_back(school: School, enrollment_is_late: bool) -> None:
    school.graduate()
    refunded = school.graduate()
    assert school.units.certified() == ["course", "course", "program", "program"]
    school.refund(refunded)
    assert school.units.certified() == ["course", "program"]
    issued = school.units.issued()
    school.units.forget_enrollments()
    if enrollment_is_late:
        school.heal(school.units.healer)
    school.heal(school.healer, school.units.healer)
    assert school.units.certified() == ["course", "program"]
    assert school.units.issued() - issued == 2  # none for the other, not even for a while
    assert (school.healer.open, school.healer.repaired) == (0, 2)
    assert (school.units.healer.open, school.units.healer.repaired) == (0, 4)
