"""Webhooks: how they are signed, tried again, and how they go wrong when a test wants them to."""

import hashlib
import hmac

import pytest

from sandbox.testing import Receiver, RunningSandbox, Webhook
from sandbox.webhooks.retry import next_attempt_at

SECRET_KEY = b"sk_test_0123456789abcdef"
HOUR = 3_600_000


def is_signed(webhook: Webhook) -> bool:
    expected = hmac.new(SECRET_KEY, webhook.body, hashlib.sha512).hexdigest()
    return webhook.headers.get("x-paystack-signature") == expected


def deliveries(sandbox: RunningSandbox) -> list[dict[str, object]]:
    return sandbox.control("deliveries", method="GET")


def test_a_paid_charge_is_announced_with_a_signature(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.paid(announce=True, fees_passed_on=True)
    webhook = receiver.take()
    assert webhook.event == "charge.success"
    assert is_signed(webhook)
    assert webhook.headers["content-type"] == "application/json"
    data = webhook.data
    assert (data["reference"], data["status"], data["domain"]) == ("edx-1", "success", "test")
    assert "requested_amount" not in data, "a charge has to be verified to know what was asked for"
    assert {"id", "amount", "paid_at", "channel", "currency", "customer", "authorization", "plan"} <= set(data)
    assert "event_id" not in data


@pytest.mark.parametrize(
    ("act", "body"), [("fail", None), ("abandon", None), ("ongoing", None), ("pay", {"announce": False})]
)
def test_nothing_announces_anything_but_success(
    sandbox: RunningSandbox, receiver: Receiver, act: str, body: object
) -> None:
    sandbox.initialize()
    sandbox.control(f"transactions/edx-1/{act}", body)
    assert deliveries(sandbox) == []
    assert receiver.is_empty


@pytest.mark.parametrize("status", [500, 503, 401, 404, 201, 204, 302])
def test_anything_but_200_is_tried_again(sandbox: RunningSandbox, receiver: Receiver, status: int) -> None:
    receiver.answer(status)
    sandbox.paid(announce=True)
    first = receiver.take()
    assert not sandbox.http.get("/sandbox/deliveries/settled", params={"wait": 0}).json()["settled"]
    again = _after(sandbox, 60, receiver)
    sandbox.settle()
    assert again.body == first.body
    (delivery,) = deliveries(sandbox)
    assert delivery["state"] == "delivered"
    assert [attempt["status"] for attempt in delivery["attempts"]] == [status, 200]
    assert delivery["attempts"][1]["answer"] == "received"


def _after(sandbox: RunningSandbox, seconds: float, receiver: Receiver) -> Webhook:
    """Wait until the attempt is on record, then let time pass."""
    sandbox.recorded_attempts(1)
    sandbox.advance(seconds)
    return receiver.take()


@pytest.mark.parametrize(
    ("attempts", "waits"),
    [(1, 180), (2, 180), (4, 180), (5, 3600), (6, 3600), (50, 3600)],
)
def test_the_last_interval_repeats(attempts: int, waits: int) -> None:
    intervals = (180, 180, 180, 180, 3600)
    at = next_attempt_at(attempts=attempts, now=HOUR, created_at=0, intervals=intervals, hours=72)
    assert at == HOUR + waits * 1000


@pytest.mark.parametrize(("now", "gives_up"), [(71 * HOUR, False), (71 * HOUR + 1, True)])
def test_paystack_gives_up_after_three_days(now: int, gives_up: bool) -> None:
    at = next_attempt_at(attempts=75, now=now, created_at=0, intervals=(3600,), hours=72)
    assert (at is None) is gives_up


def test_a_webhook_that_never_arrives_is_given_up(sandbox: RunningSandbox, receiver: Receiver) -> None:
    receiver.answer(500, 500)
    sandbox.paid(announce=True)
    receiver.take()
    _after(sandbox, 73 * 3600, receiver)
    sandbox.settle()
    assert deliveries(sandbox)[0]["state"] == "gave_up"


def test_the_events_of_a_charge_come_in_order(sandbox: RunningSandbox, receiver: Receiver) -> None:
    for number in range(5):
        sandbox.control("events", {"event": f"e.{number}", "reference": "edx-1"}, status=201)
    assert receiver.take_events(5) == [f"e.{number}" for number in range(5)]


def test_dropped_webhooks_are_never_sent(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.control("faults/webhooks", {"kind": "drop", "next": 2}, status=201)
    for number in range(3):
        sandbox.control("events", {"event": f"e.{number}"})
    assert receiver.take().event == "e.2"
    sandbox.settle()
    assert receiver.is_empty
    assert [delivery["state"] for delivery in deliveries(sandbox)] == ["delivered", "dropped", "dropped"]
    assert sandbox.control("faults", method="GET") == []


def test_a_doubled_webhook_comes_twice_with_the_same_bytes(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.control("faults/webhooks", {"kind": "double"}, status=201)
    sandbox.paid(announce=True)
    first, second = receiver.take(), receiver.take()
    assert first.body == second.body
    sandbox.settle()
    assert receiver.is_empty


def test_a_delayed_webhook_comes_late_and_others_pass_it(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.control("faults/webhooks", {"kind": "delay", "seconds": 600}, status=201)
    sandbox.control("events", {"event": "late", "reference": "edx-1"})
    sandbox.control("events", {"event": "prompt", "reference": "edx-1"})
    assert receiver.take().event == "prompt"
    sandbox.advance(600)
    assert receiver.take().event == "late"


def test_reordered_webhooks_come_newest_first(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.control("faults/webhooks", {"kind": "reorder", "next": 3}, status=201)
    for number in range(2):
        sandbox.control("events", {"event": f"e.{number}"})
    assert [delivery["state"] for delivery in deliveries(sandbox)] == ["held", "held"]
    sandbox.control("events", {"event": "e.2"})
    assert receiver.take_events(3) == ["e.2", "e.1", "e.0"]


def test_what_is_held_back_can_be_released(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.control("faults/webhooks", {"kind": "reorder", "next": 3}, status=201)
    sandbox.control("events", {"event": "e.0"})
    assert sandbox.control("deliveries/release") == {"released": 1}
    assert receiver.take().event == "e.0"


@pytest.mark.parametrize("kind", ["tamper", "wrong-key", "unsigned"])
def test_a_tampered_webhook_is_signed_wrongly_on_every_attempt(
    sandbox: RunningSandbox, receiver: Receiver, kind: str
) -> None:
    sandbox.control("faults/webhooks", {"kind": kind}, status=201)
    receiver.answer(401)
    sandbox.paid(announce=True)
    assert not is_signed(receiver.take())
    assert not is_signed(_after(sandbox, 60, receiver))
    sandbox.paid("edx-2", announce=True)
    assert is_signed(receiver.take())


def test_a_fault_can_be_for_one_reference_until_it_is_withdrawn(sandbox: RunningSandbox, receiver: Receiver) -> None:
    fault = sandbox.control("faults/webhooks", {"kind": "drop", "reference": "edx-2"}, status=201)
    assert (fault["remaining"], fault["reference"]) == (None, "edx-2")
    for reference in ("edx-1", "edx-2", "edx-2"):
        sandbox.control("events", {"event": "e", "reference": reference})
    sandbox.settle()
    assert [delivery["state"] for delivery in deliveries(sandbox)] == ["dropped", "dropped", "delivered"]
    assert sandbox.control(f"faults/{fault['id']}", method="DELETE") == {"withdrawn": 1}
    sandbox.control("events", {"event": "e", "reference": "edx-2"})
    sandbox.settle()
    assert deliveries(sandbox)[0]["state"] == "delivered"


def test_a_fault_can_be_for_one_event(sandbox: RunningSandbox) -> None:
    sandbox.control("faults/webhooks", {"kind": "drop", "event": "charge.success"}, status=201)
    sandbox.control("events", {"event": "refund.processed"})
    sandbox.paid(announce=True)
    sandbox.settle()
    assert [delivery["state"] for delivery in deliveries(sandbox)] == ["dropped", "delivered"]


def test_a_dropped_webhook_can_be_sent_after_all(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.control("faults/webhooks", {"kind": "drop"}, status=201)
    sandbox.paid(announce=True)
    (dropped,) = deliveries(sandbox)
    sandbox.control(f"deliveries/{dropped['id']}/resend", status=201)
    assert is_signed(receiver.take())
    sandbox.control("deliveries/1/resend", status=404)


def test_a_rejected_bank_transfer_is_announced(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.initialize(amount=30_000)
    sandbox.control("transactions/edx-1/bank-transfer-rejected")
    webhook = receiver.take()
    assert webhook.event == "bank.transfer.rejected"
    assert webhook.data["bank_transfer"]["amount"] == "30000"
    assert webhook.data["bank_transfer"]["message_type"] == "INCORRECT_AMOUNT"


def test_any_event_can_be_sent(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.control("events", {"event": "preauthorization.created", "data": {"näme": [1, None]}})
    webhook = receiver.take()
    assert (webhook.event, webhook.data) == ("preauthorization.created", {"näme": [1, None]})
    assert is_signed(webhook)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults/webhooks", {"kind": "explode"}),
        ("faults/webhooks", {"kind": "drop", "nxt": 2}),
        ("faults/webhooks", {"kind": "drop", "next": 0}),
        ("faults/api", {"kind": "drop"}),
        ("faults/api", {"kind": "down", "call": "everything"}),
        ("transactions/edx-1/pay", {"card": "declined"}),
        ("transactions/edx-1/pay", {"amount": 0}),
        ("transactions/edx-1/ongoing", {"status": "success"}),
        ("disputes/1/resolve", {"outcome": "drawn"}),
        ("refunds/1/move", {"status": "done"}),
    ],
)
def test_a_mistyped_order_is_refused_and_says_why(sandbox: RunningSandbox, path: str, body: object) -> None:
    sandbox.initialize()
    problem = sandbox.control(path, body, status=422)
    assert problem["error"] == "The request does not fit."
    assert problem["hint"]


def test_an_unknown_transaction_is_explained(sandbox: RunningSandbox) -> None:
    problem = sandbox.control("transactions/edx-9/pay", status=404)
    assert problem == {"error": "There is no transaction edx-9.", "hint": "GET /sandbox/transactions lists them."}
