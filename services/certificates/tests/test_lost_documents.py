"""What heals by itself: a PDF that is gone from the object store."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from certificates.documents.missing import certificate_without_document, document_lost
from certificates.models import DISCARD, PENDING, READY, Certificate
from certificates.settings import Settings
from chassis.database import Database
from chassis.messaging.jobs import Incomplete
from chassis.messaging.sweeps import Sweeps
from chassis.objects import ObjectStore

LATER = timedelta(minutes=10)


def change(db: Database, **values: Any) -> None:
    with db.begin() as session:
        session.execute(update(Certificate).values(**values))


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
    with pytest.raises(Incomplete, match="store did not answer"):
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
    with pytest.raises(Incomplete, match="AccessDenied"):
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
