"""The whole of it: API, worker, Paystack that really posts; and settings that refuse what is unsafe."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.testing import eventually
from contracts.events import stream_of
from enrollment.models import AuditEntry
from enrollment.settings import EnrollmentSettings
from enrollment.worker import create_app


@pytest.fixture
def worker(enrollment_settings: Callable[..., Any], live: Callable[[Any], Any]) -> Any:
    return live(create_app(enrollment_settings()))


@pytest.fixture
def postman(open_school: Any) -> Any:
    """Carries what Paystack posts to the service, as it comes."""
    stop = threading.Event()

    def carry() -> None:
        while not stop.is_set():
            if open_school.posts.is_empty:
                stop.wait(0.005)
            else:
                open_school.forward()

    thread = threading.Thread(target=carry)
    thread.start()
    yield thread
    stop.set()
    thread.join()


def test_from_payment_to_access_in_well_under_a_second(
    open_school: Any, worker: Any, postman: Any, redis_url: str
) -> None:
    open_school.cohort()
    students = [open_school.student() for _ in range(5)]
    seconds = []
    for student in students:
        reference = open_school.reference(student)
        started = time.perf_counter()
        open_school.pay(reference, announce=True)
        eventually(lambda student=student: open_school.billing(student)["hasAccess"], what="access")
        seconds.append(time.perf_counter() - started)
    assert sorted(seconds)[2] < 1.0, seconds
    client = redis.Redis.from_url(redis_url)
    eventually(lambda: client.xlen(stream_of("enrollment")) >= 11, what="every event published")
    client.close()


def test_the_worker_makes_refunds_and_tells_how_money_stands(open_school: Any, worker: Any, postman: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.refund(reference)
    eventually(lambda: open_school.refunds(reference)[0].status == "pending", what="the refund made at Paystack")
    for status in ("processing", "processed"):
        open_school.sandbox.advance(10)
        eventually(lambda status=status: open_school.refunds(reference)[0].status == status, what=status)
    assert open_school.standing(reference) == ("refunded", "revoked")


def test_health_and_metrics_of_the_worker(worker: Any, serve: Any) -> None:
    import httpx

    assert httpx.get(f"{worker.url}/livez").status_code == 200
    eventually(lambda: httpx.get(f"{worker.url}/readyz").status_code == 200)
    eventually(lambda: 'edx_paid_but_not_enrolled{service="enrollment"} 0.0' in httpx.get(f"{worker.url}/metrics").text)


def test_without_redis_deliveries_are_found_by_looking(
    enrollment_settings: Callable[..., Any], live: Callable[[Any], Any], open_school: Any
) -> None:
    live(create_app(enrollment_settings(redis_url="redis://127.0.0.1:1/0")))
    open_school.cohort()
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.pay(reference)
    open_school.charge(reference)
    eventually(lambda: open_school.billing(student)["hasAccess"], what="access")


def test_the_audit_trail_cannot_be_changed(open_school: Any) -> None:
    open_school.cohort()
    with open_school.db.begin() as session:
        entry = session.query(AuditEntry).first()
        entry.reason = "something else"
        with pytest.raises(RuntimeError):
            session.flush()
        session.expunge_all()


@pytest.mark.parametrize("statement", ["UPDATE audit_entries SET reason = 'x'", "DELETE FROM audit_entries"])
def test_the_service_has_no_right_to_change_the_audit_trail(open_school: Any, statement: str) -> None:
    open_school.cohort()
    with pytest.raises(DBAPIError, match="command denied"), open_school.db.begin() as session:
        session.execute(text(statement))
    assert open_school.audited("cohort.created")[0].reason is None


def _production(settings: Callable[..., Any], **changes: Any) -> EnrollmentSettings:
    values = {
        "env": "production",
        "paystack_base_url": "https://api.paystack.co",
        "paystack_secret_keys": "sk_live_0123456789abcdef",
        "paystack_domain": "live",
        **changes,
    }
    found: EnrollmentSettings = settings(**values)
    return found


@pytest.mark.parametrize(
    "unsafe",
    [
        {"paystack_base_url": "http://sandbox:8090/paystack"},
        {"paystack_secret_keys": "sk_test_sandbox_0123456789"},
        {"paystack_secret_keys": "sk_test_0123456789abcdef"},
        {"paystack_secret_keys": "short"},
        {"paystack_secret_keys": ""},
        {"public_url": "http://school.example"},
    ],
)
def test_production_refuses_what_is_unsafe(enrollment_settings: Callable[..., Any], unsafe: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        _production(enrollment_settings, **unsafe)


def test_production_takes_what_is_safe(enrollment_settings: Callable[..., Any]) -> None:
    settings = _production(
        enrollment_settings, paystack_secret_keys="sk_live_0123456789abcdef,sk_live_fedcba9876543210"
    )
    assert settings.checkout_hold == timedelta(minutes=60)
    assert settings.callback_origins == ("https://school.example",)
