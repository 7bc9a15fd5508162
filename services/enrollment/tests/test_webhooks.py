"""The webhook: signed, stored, answered; then processed, whatever it says."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from enrollment.webhooks import delivery, policy


def test_a_charge_is_stored_answered_and_then_settled(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pay(reference, announce=True)
    assert open_school.forward() == ["charge.success"]
    (stored,) = open_school.webhooks()
    assert (stored.event, stored.reference, stored.status) == ("charge.success", reference, "received")
    open_school.work()
    assert open_school.standing(reference) == ("succeeded", "active")
    assert open_school.webhooks()[0].status == "processed"


def test_a_charge_that_paystack_does_not_confirm_gives_nothing(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.charge(reference)
    open_school.work()
    assert open_school.standing(reference) == ("pending", "pending")
    assert open_school.webhooks()[0].status == "received"
    open_school.pay(reference)
    open_school.pass_time(seconds=5)
    open_school.work()
    assert open_school.standing(reference) == ("succeeded", "active")


def _signature(raw: bytes, key: str) -> str:
    return hmac.new(key.encode(), raw, hashlib.sha512).hexdigest()


@pytest.mark.parametrize("case", ["none", "empty", "wrong", "other key", "tampered", "sha256", "not ascii"])
def test_an_unsigned_or_tampered_delivery_stores_nothing(school: Any, case: str) -> None:
    raw = b'{"event":"charge.success","data":{"reference":"edx-x"}}'
    good = school.signed(raw)["x-paystack-signature"]
    signatures: dict[str, str | bytes | None] = {
        "none": None,
        "empty": "",
        "wrong": "0" * 128,
        "other key": _signature(raw, "sk_test_somebody_else"),
        "tampered": good,
        "sha256": hmac.new(b"sk_test_0123456789abcdef", raw, hashlib.sha256).hexdigest(),
        "not ascii": "ünsigned".encode(),
    }
    signature = signatures[case]
    headers = {} if signature is None else {"x-paystack-signature": signature}
    answer = school.http.post("/webhooks/paystack", content=raw + b" " * (case == "tampered"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_signature")
    assert school.webhooks() == []
    assert (
        'edx_webhook_deliveries_total{outcome="bad_signature",service="enrollment"} 1.0'
        in school.http.get("/metrics").text
    )


def test_two_keys_are_valid_while_one_replaces_the_other(school: Any) -> None:
    assert school.webhook("invoice.create", {"id": 1}).json() == {"received": True}
    assert school.webhook("invoice.create", {"id": 2}, key=school.old_key).status_code == 200
    assert len(school.webhooks()) == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"event":1}',
        b'{"data":null}',
        b'{"event":{},"data":[]}',
        b"[" * 9000,
    ],
)
def test_a_signed_body_of_any_form_is_kept_and_answered(school: Any, raw: bytes) -> None:
    answer = school.http.post("/webhooks/paystack", content=raw, headers=school.signed(raw))
    assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert school.webhooks()[0].body == raw
    school.work()
    assert school.webhooks()[0].status == "ignored"


@pytest.mark.parametrize(
    "event", ["charge.success", "refund.processed", "refund.x", "charge.dispute.create", "transfer.success"]
)
@pytest.mark.parametrize(
    "data",
    [
        {},
        None,
        [],
        "x",
        {"reference": 5, "id": "x", "transaction": "y", "amount": {}},
        {"reference": "edx-unknown", "transaction_reference": "edx-unknown", "amount": "12"},
        {"id": 1, "transaction": {"reference": "edx-unknown"}},
        {"reference": "r" * 5000, "status": "s" * 5000},
        {"reference": "edx-unknown", "domain": "live"},
        {"reference": "\u0000\ud83d\ude00", "id": 2**63},
    ],
)
def test_no_event_of_any_form_is_an_error(school: Any, event: str, data: Any) -> None:
    assert school.webhook(event, data).status_code == 200
    school.work()
    assert [webhook.status for webhook in school.webhooks()] == ["ignored"]


def test_over_256_kib_is_refused(school: Any) -> None:
    raw = json.dumps({"event": "x", "data": {"id": 1, "padding": "y" * 256 * 1024}}).encode()
    answer = school.http.post("/webhooks/paystack", content=raw, headers=school.signed(raw))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    just = raw[: 256 * 1024]
    assert school.http.post("/webhooks/paystack", content=just, headers=school.signed(just)).status_code == 200


def test_the_same_event_in_other_bytes_is_the_same_event(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    data = {"id": 77, "reference": reference, "status": "success"}
    open_school.webhook("charge.success", data)
    open_school.webhook("charge.success", {**data, "fees": 1, "log": None})
    (stored,) = open_school.webhooks()
    assert stored.deliveries == 2


def test_paystack_being_down_postpones_and_loses_nothing(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pay(reference)
    open_school.charge(reference)
    open_school.outage("down", "verify")
    open_school.work()
    assert open_school.standing(reference) == ("pending", "pending")
    open_school.pass_time(seconds=3)
    open_school.work()
    assert open_school.standing(reference) == ("succeeded", "active")


def test_money_that_is_noted_already_is_not_asked_about_again(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.outage("down", "verify", next=None)
    open_school.charge(reference)
    open_school.work()
    (kept,) = open_school.webhooks()
    assert (kept.status, kept.outcome) == ("processed", "its money is noted already")


def test_what_was_given_up_on_is_taken_up_when_it_comes_again(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.charge(reference)
    for _ in range(policy.MOST_ATTEMPTS):
        open_school.work()
        open_school.pass_time(hours=1)
    assert open_school.webhooks()[0].status == "failed"
    open_school.pay(reference)
    open_school.charge(reference)
    open_school.work()
    assert open_school.webhooks()[0].status == "processed"
    assert open_school.payment(reference).received_minor == open_school.price


def test_an_event_of_the_other_domain_changes_nothing(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    data = {"transaction_reference": reference, "amount": str(open_school.price), "domain": "live"}
    open_school.webhook("refund.processed", data)
    open_school.work()
    assert open_school.standing(reference) == ("succeeded", "active")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"id": 1, "status": "a"}, {"id": 1, "status": "a", "more": 1}, True),
        ({"id": 1, "status": "a"}, {"id": 1, "status": "b"}, False),
        ({"id": 1}, {"id": 2}, False),
        ({"transaction_reference": "r", "amount": "5"}, {"transaction_reference": "r", "amount": "6"}, False),
        ({"transaction_reference": "r", "amount": "5"}, {"transaction_reference": "r", "amount": 5}, True),
        (
            {"transaction_reference": "r", "refund_reference": "1"},
            {"transaction_reference": "r", "refund_reference": "2"},
            False,
        ),
        ({"x": 1}, {"x": 2}, False),
    ],
)
def test_what_makes_two_refund_deliveries_the_same(one: Any, other: Any, same: bool) -> None:
    keys = {
        delivery.read(json.dumps({"event": "refund.processed", "data": data}).encode()).dedupe_key
        for data in (one, other)
    }
    assert (len(keys) == 1) is same
