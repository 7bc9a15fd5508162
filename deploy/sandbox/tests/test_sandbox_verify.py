"""GET /transaction/verify and GET /transaction: what became of a charge."""

from typing import Any

import pytest

from sandbox.testing import RunningSandbox


def test_an_unknown_reference_is_not_found(sandbox: RunningSandbox) -> None:
    answer = sandbox.api.get("/transaction/verify/edx-unknown")
    assert answer.status_code == 404
    assert (answer.json()["status"], answer.json()["code"]) == (False, "transaction_not_found")


@pytest.mark.parametrize(
    ("act", "body", "status"),
    [
        (None, None, "abandoned"),
        ("pay", None, "success"),
        ("fail", None, "failed"),
        ("abandon", None, "abandoned"),
        ("ongoing", None, "ongoing"),
        ("ongoing", {"status": "pending"}, "pending"),
        ("ongoing", {"status": "processing"}, "processing"),
        ("ongoing", {"status": "queued"}, "queued"),
    ],
)
def test_verify_answers_200_whatever_became_of_the_charge(
    sandbox: RunningSandbox, act: str | None, body: Any, status: str
) -> None:
    sandbox.initialize()
    if act:
        sandbox.control(f"transactions/edx-1/{act}", body)
    answer = sandbox.api.get("/transaction/verify/edx-1")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["message"]) == (True, "Verification successful")
    assert answer.json()["data"]["status"] == status


def test_a_paid_charge_has_every_documented_field(sandbox: RunningSandbox) -> None:
    sandbox.paid()
    data = sandbox.verify()
    documented = (
        "id domain status reference receipt_number amount message gateway_response paid_at created_at channel "
        "currency ip_address metadata log fees authorization customer plan requested_amount"
    )
    assert set(documented.split()) <= set(data)
    assert data["id"] > 2**32, "Paystack's ids do not fit 32 bits"
    assert (data["domain"], data["gateway_response"], data["channel"]) == ("test", "Successful", "card")
    assert data["authorization"]["last4"] == "4081"
    assert data["customer"]["email"] == "ada@example.com"
    assert data["customer"]["customer_code"].startswith("CUS_")


@pytest.mark.parametrize("status", ["ongoing", "pending", "processing", "queued"])
def test_an_unfinished_charge_can_still_succeed(sandbox: RunningSandbox, status: str) -> None:
    sandbox.initialize()
    sandbox.control("transactions/edx-1/ongoing", {"status": status})
    sandbox.control("transactions/edx-1/pay")
    assert sandbox.verify()["status"] == "success"


def test_an_abandoned_charge_can_succeed_late(sandbox: RunningSandbox) -> None:
    sandbox.initialize()
    sandbox.control("transactions/edx-1/abandon")
    sandbox.control("transactions/edx-1/pay")
    assert sandbox.verify()["status"] == "success"


@pytest.mark.parametrize(
    ("first", "then"),
    [("pay", "fail"), ("pay", "pay"), ("pay", "abandon"), ("fail", "pay"), ("fail", "ongoing"), ("abandon", "reverse")],
)
def test_a_final_status_stays_unless_forced(sandbox: RunningSandbox, first: str, then: str) -> None:
    sandbox.initialize()
    before = sandbox.control(f"transactions/edx-1/{first}")["status"]
    problem = sandbox.control(f"transactions/edx-1/{then}", status=409)
    assert before in problem["error"]
    assert "force" in problem["hint"]
    assert sandbox.verify()["status"] == before
    sandbox.control(f"transactions/edx-1/{then}", {"force": True})


def test_paystack_may_reverse_a_charge(sandbox: RunningSandbox) -> None:
    sandbox.paid()
    sandbox.control("transactions/edx-1/reverse")
    assert sandbox.verify()["status"] == "reversed"


def test_fees_passed_on_make_the_amount_larger_than_requested(sandbox: RunningSandbox) -> None:
    sandbox.paid(amount=30_050, fees_passed_on=True)
    data = sandbox.verify()
    assert data["requested_amount"] == 30_050
    assert data["fees"] == 450
    assert data["amount"] == data["requested_amount"] + data["fees"]


def test_fees_borne_by_the_merchant_leave_the_amount_alone(sandbox: RunningSandbox) -> None:
    sandbox.paid(amount=2_500_000)
    data = sandbox.verify()
    assert (data["amount"], data["requested_amount"], data["fees"]) == (2_500_000, 2_500_000, 47_500)


@pytest.mark.parametrize(
    ("override", "field"),
    [({"amount": 100}, "requested_amount"), ({"currency": "GHS"}, "currency"), ({"domain": "live"}, "domain")],
)
def test_a_payment_can_be_a_wrong_one(sandbox: RunningSandbox, override: dict[str, Any], field: str) -> None:
    sandbox.initialize()
    sandbox.control("transactions/edx-1/pay", override)
    data = sandbox.verify()
    assert data["status"] == "success"
    assert data[field] == next(iter(override.values()))


def test_missing_metadata_looks_different_in_every_place(sandbox: RunningSandbox) -> None:
    sandbox.paid(announce=True)
    sandbox.settle()
    listed = sandbox.api.get("/transaction").json()["data"][0]
    (delivery,) = sandbox.control("deliveries", method="GET")
    shapes = (sandbox.verify()["metadata"], listed["metadata"], delivery["body"]["data"]["metadata"])
    assert shapes == ("", None, 0)


@pytest.mark.parametrize(("text", "value"), [("plain words", "plain words"), ("", "")])
def test_metadata_that_is_no_object_stays_text(sandbox: RunningSandbox, text: str, value: str) -> None:
    sandbox.initialize(metadata=text)
    assert sandbox.verify()["metadata"] == value


def test_the_key_decides_the_domain(sandbox: RunningSandbox, make_settings: Any) -> None:
    live = make_settings(paystack_secret_key="sk_live_0123")
    assert (live.domain, sandbox.settings.domain) == ("live", "test")
