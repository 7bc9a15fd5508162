"""What operators see of money: its traces, and its numbers."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

from sqlalchemy import select

from chassis import tracing
from chassis.tables import outbox
from contracts.events import EnrollmentActivated, Envelope, PaymentVerified
from contracts.http.enrollment import PaymentStatus, RefundStatus
from enrollment.models import Enrollment
from enrollment.payments.metrics import GAUGES
from enrollment.worker import create_app

REQUEST = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECOND = "00-11111111111111111111111111111111-2222222222222222-01"


def arrive(school: Any, reference: str, traceparent: str) -> None:
    """Paystack's delivery, in a request of that trace."""
    raw = json.dumps({"event": "charge.success", "data": {"reference": reference, "domain": "test"}}).encode()
    headers = {**school.signed(raw), "traceparent": traceparent}
    assert school.http.post("/webhooks/paystack", content=raw, headers=headers).status_code == 200


def trace_of(school: Any, kind: Any) -> list[str | None]:
    """The trace of each event of that kind."""
    rows = school.rows(lambda session: session.scalars(select(outbox.c.envelope).where(outbox.c.type == kind.type)))
    return [tracing.trace_id_of(Envelope.parse(raw).traceparent) for raw in rows]


def test_a_payment_is_one_trace_from_the_webhook_on(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pay(reference)
    arrive(open_school, reference, REQUEST)
    open_school.work()
    ours = [tracing.trace_id_of(REQUEST)]
    assert trace_of(open_school, PaymentVerified) == trace_of(open_school, EnrollmentActivated) == ours


def test_the_first_delivery_of_what_paystack_says_twice_names_the_trace(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pay(reference)
    arrive(open_school, reference, REQUEST)
    arrive(open_school, reference, SECOND)
    open_school.work()
    assert trace_of(open_school, PaymentVerified) == [tracing.trace_id_of(REQUEST)]


def test_a_payment_found_by_reconciliation_is_in_the_trace_of_that_run(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pay(reference)
    open_school.pass_time(minutes=2)
    with tracing.continued(None) as run:
        assert open_school.reconcile() == 1
    assert trace_of(open_school, EnrollmentActivated) == [run]


def numbers(school: Any) -> dict[str, dict[tuple[str, ...], float]]:
    """What the gauges read now."""
    now: datetime = school.clock.now
    return {gauge.name: dict(school.rows(lambda session, gauge=gauge: gauge.read(session, now))) for gauge in GAUGES}


def some(found: dict[tuple[str, ...], float]) -> dict[str, float]:
    """What there is any of, by status."""
    return {status: count for (status,), count in found.items() if count}


def test_without_money_all_is_zero(school: Any) -> None:
    assert numbers(school) == {
        "edx_payments": {(status,): 0 for status in get_args(PaymentStatus)},
        "edx_paid_but_not_enrolled": {(): 0},
        "edx_refunds": {(status,): 0 for status in get_args(RefundStatus)},
        "edx_webhooks_waiting": {(): 0},
        "edx_webhooks_oldest_waiting_seconds": {(): 0},
    }


def test_payments_and_refunds_are_counted_by_state(open_school: Any) -> None:
    open_school.cohort()
    open_school.reference(open_school.student())
    open_school.enrolled()
    _, refunded = open_school.enrolled()
    open_school.refund(refunded)
    found = numbers(open_school)
    assert some(found["edx_payments"]) == {"pending": 1, "succeeded": 1, "refunding": 1}
    assert some(found["edx_refunds"]) == {"queued": 1}
    assert found["edx_paid_but_not_enrolled"] == {(): 0}


def test_deliveries_that_wait_are_counted_and_grow_old(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    arrive(open_school, reference, REQUEST)
    open_school.clock.advance(seconds=90)
    found = numbers(open_school)
    assert found["edx_webhooks_waiting"] == {(): 1}
    assert found["edx_webhooks_oldest_waiting_seconds"] == {(): 90}
    open_school.pay(reference)
    open_school.work()
    assert numbers(open_school)["edx_webhooks_waiting"] == {(): 0}


def test_kept_money_without_access_is_counted(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    with open_school.db.begin() as session:  # what must never be, made by hand
        session.get_one(Enrollment, open_school.enrollment_of(reference).id).payment_id = None
    assert numbers(open_school)["edx_paid_but_not_enrolled"] == {(): 1}


def test_the_worker_shows_them(enrollment_settings: Callable[..., Any], serve: Callable[[Any], Any]) -> None:
    client = serve(create_app(enrollment_settings(), clock=lambda: datetime.now(UTC)))
    shown = client.get("/metrics").text
    assert 'edx_paid_but_not_enrolled{service="enrollment"} 0.0' in shown
    assert 'edx_webhooks_waiting{service="enrollment"} 0.0' in shown
    assert client.get("/livez").json() == {"status": "ok", "dead": []}
