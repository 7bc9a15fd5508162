"""What heals by itself: a completion without its certificate, and a certificate without its PDF."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import delete, select, update

from certificates.documents.missing import certificate_without_document
from certificates.documents.missing import find as find_without_document
from certificates.issuing.uncertified import completed_not_certified, find
from certificates.models import DISCARD, ISSUED, PENDING, READY, Achievement, Certificate, StatusEntry
from chassis.database import Database
from chassis.messaging.sweeps import Sweep, Sweeps
from chassis.testing import count_queries, published
from contracts.events.certificates import CertificateIssued

LATER = timedelta(minutes=10)


@pytest.fixture
def sweep(db: Database) -> Callable[..., float]:
    """``sweep(saga)``: once; how many cases of that saga have been closed so far."""
    sagas = [completed_not_certified(), certificate_without_document()]
    sweeps, registry = Sweeps(sagas), CollectorRegistry()
    sweeps.count_into(registry, "certificates")

    def run(saga: str, now: datetime | None = None) -> float:
        (found,) = [each for each in sagas if each.saga == saga]
        _run(sweeps, found, db, now or datetime.now(UTC))
        return registry.get_sample_value("edx_saga_repaired_total", {"service": "certificates", "saga": saga}) or 0.0

    return run


def _run(sweeps: Sweeps, saga: Sweep, db: Database, now: datetime) -> None:
    sweeps.run(saga, db, now)


def lose_certificates(db: Database) -> None:
    """As a backup would that is older than the certificates."""
    with db.begin() as session:
        session.execute(delete(StatusEntry))
        session.execute(delete(Certificate))


def change(db: Database, **values: Any) -> None:
    with db.begin() as session:
        session.execute(update(Certificate).values(**values))


def uncertified(db: Database, now: datetime | None = None) -> int:
    with db.begin() as session:
        return len(find(session, now or datetime.now(UTC), 10))


def test_a_completion_whose_certificate_was_lost_gets_one(
    db: Database, student: Any, sweep: Callable[..., float], all_certificates: Callable[[], list[Certificate]]
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course(), student.completed_program())
    assert uncertified(db) == 0
    lose_certificates(db)
    assert uncertified(db) == 2
    assert sweep("completed_not_certified") == 2
    assert [each.status for each in all_certificates()] == [ISSUED, ISSUED]
    assert len([event for event in published(db) if isinstance(event, CertificateIssued)]) == 4
    assert sweep("completed_not_certified") == 2


def test_only_what_the_rule_gives_is_an_open_case(db: Database, new_student: Callable[[], Any]) -> None:
    refunded, erased, refunded_nameless = new_student(), new_student(), new_student()
    refunded.tell(refunded.registered(), refunded.activated(), refunded.completed_course(), refunded.revoked())
    erased.tell(erased.registered(), erased.activated(), erased.completed_course(), erased.erased())
    refunded_nameless.tell(
        refunded_nameless.activated(), refunded_nameless.completed_course(), refunded_nameless.revoked()
    )
    lose_certificates(db)
    assert uncertified(db) == 0


def test_whose_account_was_never_heard_of_is_an_open_case_after_an_hour(
    db: Database, student: Any, sweep: Callable[..., float], all_certificates: Callable[[], list[Certificate]]
) -> None:
    completed = student.completed_course()
    student.tell(student.activated(), completed)
    hour = timedelta(hours=1)
    found = [uncertified(db, completed.completed_at + after) for after in (hour, hour + timedelta(seconds=1))]
    assert found == [0, 1]
    assert sweep("completed_not_certified") == 0  # nobody here knows the name
    assert uncertified(db) == 1
    student.tell(student.registered())
    assert len(all_certificates()) == 1
    assert sweep("completed_not_certified") == 1


def test_the_nameless_stand_in_nobodys_way(db: Database, new_student: Callable[[], Any]) -> None:
    nameless, named = new_student(), new_student()
    nameless.tell(nameless.activated(), nameless.completed_course())
    named.tell(named.registered(), named.activated(), named.completed_course())
    lose_certificates(db)
    with db.begin() as session:
        [first] = find(session, datetime.now(UTC), 1)
        student_of = select(Achievement.student_id).where(Achievement.id == first)
        assert session.scalar(student_of) == named.account_id


def test_finding_what_is_due_costs_two_queries_however_many_are_not(
    db: Database, student: Any, new_student: Callable[[], Any], all_certificates: Callable[[], list[Certificate]]
) -> None:
    refunded = [new_student() for _ in range(6)]
    for each in (*refunded, student):
        each.tell(each.registered(), each.activated(), each.completed_course(), each.completed_program())
    for each in refunded:
        each.tell(each.revoked())
    with db.begin() as session:
        session.execute(delete(Certificate).where(Certificate.student_id == student.account_id))
    with count_queries(db) as queries:
        assert uncertified(db) == 2
    assert len(queries) == 2  # those with a name, and those without


@pytest.mark.parametrize("limit", [1, 3, 4, 5])
def test_no_more_than_asked_for_are_found_page_by_page(
    db: Database, new_student: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr("certificates.issuing.uncertified._PAGE", 2)
    for each in (new_student() for _ in range(4)):
        each.tell(each.registered(), each.activated(), each.completed_course())
    lose_certificates(db)
    with db.begin() as session:
        assert len(set(find(session, datetime.now(UTC), limit))) == min(limit, 4)


@pytest.mark.parametrize("live", ["the one completed with", "another", "none"])
def test_who_came_back_after_a_refund_is_an_open_case_if_the_enrollment_counts(
    db: Database, student: Any, all_certificates: Callable[[], list[Certificate]], live: str
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course(), student.completed_program())
    student.tell(student.revoked())
    if live != "none":
        cohort_id = student.cohort_id if live == "the one completed with" else None
        again = student.enrolled_again(cohort_id)
        student.tell(again.activated())
    valid = Certificate.valid_for.is_not(None)
    with db.begin() as session:
        issued = len(session.scalars(select(Certificate).where(valid)).all())
        session.execute(delete(Certificate).where(valid))
    assert uncertified(db) == issued == (0 if live == "none" else 2)


def test_a_certificate_that_staff_revoked_is_not_issued_by_a_sweep(
    db: Database, student: Any, sweep: Callable[..., float], all_certificates: Callable[[], list[Certificate]]
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course())
    change(db, status="revoked", revocation="staff", valid_for=None)
    assert sweep("completed_not_certified") == 0
    assert len(all_certificates()) == 1


def test_a_case_that_closed_meanwhile_is_left_alone(
    db: Database, student: Any, all_certificates: Callable[[], list[Certificate]]
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course())
    (certificate,) = all_certificates()
    now = datetime.now(UTC)
    db.run(lambda session: completed_not_certified().repair(session, certificate.achievement_id, now))
    assert [each.id for each in all_certificates()] == [certificate.id]


@pytest.mark.parametrize(
    "lost",
    [{"document_state": DISCARD}, {"document_due_at": datetime(2100, 1, 1, tzinfo=UTC), "document_attempts": 30}],
    ids=["given up although it is wanted", "waiting long after failures"],
)
def test_a_certificate_without_its_pdf_gets_it(
    db: Database,
    student: Any,
    sweep: Callable[..., float],
    make_documents: Callable[..., None],
    all_certificates: Callable[[], list[Certificate]],
    lost: dict[str, Any],
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course())
    change(db, **lost)
    later = datetime.now(UTC) + LATER
    assert sweep("certificate_without_document", later) == 0  # the job makes it, the next sweep finds it made
    make_documents(later)
    assert [each.document_state for each in all_certificates()] == [READY]
    assert sweep("certificate_without_document", later) == 1


def test_a_fresh_certificate_and_one_in_hand_are_left_alone(
    db: Database, student: Any, all_certificates: Callable[[], list[Certificate]]
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course())
    now = datetime.now(UTC)
    with db.begin() as session:
        assert find_without_document(session, now, 10) == []
        assert len(find_without_document(session, now + LATER, 10)) == 1
    due = now + LATER + timedelta(seconds=100)
    change(db, document_due_at=due)
    (certificate,) = all_certificates()
    db.run(lambda session: certificate_without_document().repair(session, certificate.id, now + LATER))
    assert [(each.document_state, each.document_due_at) for each in all_certificates()] == [(PENDING, due)]


def test_the_worker_tells_of_its_sagas(settings: Any, serve: Callable[[Any], Any]) -> None:
    from certificates.worker import create_app

    shown = serve(create_app(settings)).get("/metrics").text
    for saga in ("completed_not_certified", "certificate_without_document"):
        assert f'edx_saga_open{{saga="{saga}",service="certificates"}} 0.0' in shown
        assert f'edx_saga_repaired_total{{saga="{saga}",service="certificates"}} 0.0' in shown
