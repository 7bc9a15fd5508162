"""What heals by itself: a completion without its certificate, and a certificate without its PDF."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import delete, select, update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from certificates.documents.missing import certificate_without_document, document_lost
from certificates.documents.missing import find as find_without_document
from certificates.issuing.uncertified import completed_not_certified, find
from certificates.models import DISCARD, ISSUED, PENDING, READY, Achievement, Certificate, StatusEntry
from certificates.settings import Settings
from chassis.database import Database
from chassis.messaging.sweeps import Sweep, Sweeps
from chassis.objects import ObjectStore
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


@pytest.fixture
def look(db: Database, store: ObjectStore, settings: Settings) -> Callable[[], tuple[float, float]]:
    """Looks for documents in the store once; the gauge before, and how many cases have been closed so far."""
    sweeps, registry = Sweeps(comparisons=[document_lost(store, settings.certificates_bucket)]), CollectorRegistry()
    sweeps.count_into(registry, "certificates")
    labels = {"service": "certificates", "saga": "certificate_without_document"}

    def run() -> tuple[float, float]:
        now = datetime.now(UTC)
        [job] = sweeps.jobs
        job.run(db, now)
        with db.begin() as session:
            open_cases = sweeps.gauge.read(session, now)[("certificate_without_document",)]
        return open_cases, registry.get_sample_value("edx_saga_repaired_total", labels) or 0.0

    return run


def test_a_document_that_is_gone_from_the_store_is_made_again(
    student: Any,
    new_student: Callable[[], Any],
    store: ObjectStore,
    settings: Settings,
    look: Callable[[], tuple[float, float]],
    make_documents: Callable[..., None],
    all_certificates: Callable[[], list[Certificate]],
) -> None:
    for each in (student, new_student()):
        each.tell(each.registered(), each.activated(), each.completed_course())
    make_documents()
    assert look() == (0, 0)
    lost, kept = all_certificates()
    before = store.get(settings.certificates_bucket, lost.document_key)
    store.delete(settings.certificates_bucket, lost.document_key)
    assert look() == (1, 0)
    assert [each.document_state for each in all_certificates()] == [PENDING, READY]
    make_documents()
    assert store.get(settings.certificates_bucket, lost.document_key) == before
    assert look() == (0, 1)
    assert look() == (0, 1)
    assert all_certificates()[1].document_attempts == kept.document_attempts


def test_one_lost_document_is_one_case_by_whichever_way_it_is_counted(
    student: Any,
    db: Database,
    store: ObjectStore,
    settings: Settings,
    make_documents: Callable[..., None],
    all_certificates: Callable[[], list[Certificate]],
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course())
    make_documents()
    store.delete(settings.certificates_bucket, all_certificates()[0].document_key)
    sweeps, registry = _documents_sweeps(store, settings)
    by_row, in_store = sweeps.jobs
    now = datetime.now(UTC) + LATER
    for at in (now, now + timedelta(minutes=1)):
        in_store.run(db, at)
        by_row.run(db, at)
        assert _gauge(sweeps, db, at) == 1
    make_documents(now + timedelta(minutes=1))
    later = now + timedelta(minutes=6)
    for job in (by_row, in_store, by_row):
        job.run(db, later)
    assert (_gauge(sweeps, db, later), _repaired(registry)) == (0, 1)


@pytest.mark.parametrize(
    "failed",
    [{"document_due_at": datetime(2100, 1, 1, tzinfo=UTC), "document_attempts": 30}, {"document_state": DISCARD}],
    ids=["it waits long after failures", "it was given up"],
)
def test_a_lost_document_that_is_not_made_is_asked_for_again(
    student: Any,
    db: Database,
    store: ObjectStore,
    settings: Settings,
    make_documents: Callable[..., None],
    all_certificates: Callable[[], list[Certificate]],
    failed: dict[str, Any],
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course())
    make_documents()
    store.delete(settings.certificates_bucket, all_certificates()[0].document_key)
    in_store = _documents_sweeps(store, settings)[0].jobs[1]
    now = datetime.now(UTC) + LATER
    in_store.run(db, now)
    change(db, **failed)
    in_store.run(db, now + LATER)
    assert [(each.document_state, each.document_due_at) for each in all_certificates()] == [(PENDING, now + LATER)]


def _documents_sweeps(store: ObjectStore, settings: Settings) -> tuple[Sweeps, CollectorRegistry]:
    comparison = document_lost(store, settings.certificates_bucket)
    sweeps, registry = Sweeps([certificate_without_document()], [comparison]), CollectorRegistry()
    sweeps.count_into(registry, "certificates")
    return sweeps, registry


def _gauge(sweeps: Sweeps, db: Database, now: datetime) -> float:
    with db.begin() as session:
        return sweeps.gauge.read(session, now)[("certificate_without_document",)]


def _repaired(registry: CollectorRegistry) -> float | None:
    labels = {"service": "certificates", "saga": "certificate_without_document"}
    return registry.get_sample_value("edx_saga_repaired_total", labels)


def test_what_is_to_have_no_document_is_not_looked_for(
    student: Any,
    db: Database,
    store: ObjectStore,
    settings: Settings,
    look: Callable[[], tuple[float, float]],
    make_documents: Callable[..., None],
    all_certificates: Callable[[], list[Certificate]],
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course())
    make_documents()
    [certificate] = all_certificates()
    store.delete(settings.certificates_bucket, certificate.document_key)
    change(db, status="revoked", revocation="staff", valid_for=None)
    assert look() == (0, 0)


def test_a_certificate_that_is_revoked_after_its_document_was_lost_is_no_case_any_more(
    student: Any,
    store: ObjectStore,
    settings: Settings,
    look: Callable[[], tuple[float, float]],
    make_documents: Callable[..., None],
    all_certificates: Callable[[], list[Certificate]],
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course())
    make_documents()
    store.delete(settings.certificates_bucket, all_certificates()[0].document_key)
    assert look() == (1, 0)
    student.tell(student.revoked("refund"))
    assert look()[0] == 0


def test_a_store_that_is_away_is_no_lost_document(
    student: Any,
    db: Database,
    settings: Settings,
    make_documents: Callable[..., None],
    all_certificates: Callable[[], list[Certificate]],
    log_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course())
    make_documents()
    away = ObjectStore("http://127.0.0.1:9", None, "us-east-1", "key", "secret")
    [job] = Sweeps(comparisons=[document_lost(away, settings.certificates_bucket)]).jobs
    job.run(db, datetime.now(UTC))
    assert [each.document_state for each in all_certificates()] == [READY]
    assert [line["place"] for line in log_lines() if line["event"] == "saga_not_compared"] == ["store"]


def test_a_store_that_refuses_missing_files_is_asked_for_a_list(
    student: Any,
    new_student: Callable[[], Any],
    db: Database,
    settings: Settings,
    make_documents: Callable[..., None],
    all_certificates: Callable[[], list[Certificate]],
    guarded_store: Callable[..., ObjectStore],
) -> None:
    for each in (student, new_student()):
        each.tell(each.registered(), each.activated(), each.completed_course())
    make_documents()
    lost, kept = all_certificates()
    store = guarded_store(kept.document_key, may_list=True)
    [job] = Sweeps(comparisons=[document_lost(store, settings.certificates_bucket)]).jobs
    job.run(db, datetime.now(UTC))
    states = {each.id: each.document_state for each in all_certificates()}
    assert states == {lost.id: PENDING, kept.id: READY}


def test_a_store_that_refuses_to_list_too_costs_a_warning_that_names_the_right(
    student: Any,
    db: Database,
    settings: Settings,
    make_documents: Callable[..., None],
    all_certificates: Callable[[], list[Certificate]],
    guarded_store: Callable[..., ObjectStore],
    log_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    student.tell(student.registered(), student.activated(), student.completed_course())
    make_documents()
    [job] = Sweeps(comparisons=[document_lost(guarded_store(may_list=False), settings.certificates_bucket)]).jobs
    job.run(db, datetime.now(UTC))
    assert [each.document_state for each in all_certificates()] == [READY]
    [told] = [line for line in log_lines() if line["event"] == "saga_not_compared"]
    assert "AccessDenied" in told["error"]
    assert f"s3:ListBucket allowed on {settings.certificates_bucket}" in told["error"]


@pytest.fixture
def guarded_store(live: Callable[[Any], Any]) -> Callable[..., ObjectStore]:
    """``guarded_store(*keys, may_list)``: holds ``keys`` and answers HEAD of any other with 403, as S3 does."""

    def build(*keys: str, may_list: bool) -> ObjectStore:
        async def answer(request: Request) -> Response:
            if request.method == "HEAD":
                is_there = request.path_params["key"] in keys
                return Response(status_code=200 if is_there else 403, headers={"etag": '"1"'})
            if not may_list:
                return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
            found = [key for key in keys if key.startswith(request.query_params["prefix"])]
            entries = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in found)
            return Response(f"<ListBucketResult>{entries}</ListBucketResult>", media_type="application/xml")

        app = Starlette(routes=[Route("/{bucket}", answer), Route("/{bucket}/{key:path}", answer)])
        return ObjectStore(live(app).url, None, "us-east-1", "key", "secret")

    return build


def test_the_worker_tells_of_its_sagas(settings: Any, serve: Callable[[Any], Any]) -> None:
    from certificates.worker import create_app

    shown = serve(create_app(settings)).get("/metrics").text
    for saga in ("completed_not_certified", "certificate_without_document"):
        assert f'edx_saga_open{{saga="{saga}",service="certificates"}} 0.0' in shown
        assert f'edx_saga_repaired_total{{saga="{saga}",service="certificates"}} 0.0' in shown
