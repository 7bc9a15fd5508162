"""POST /refund and what follows: steps, webhooks, refusals."""

from typing import Any

import pytest

from sandbox.testing import Receiver, RunningSandbox

STEP = 10
ACCOUNT = {"refund_account_details": {"currency": "NGN", "account_number": "1234567890", "bank_id": "9"}}


def refund(sandbox: RunningSandbox, **body: Any) -> dict[str, Any]:
    answer = sandbox.api.post("/refund", json={"transaction": "edx-1", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def status_of(sandbox: RunningSandbox, refund_id: int) -> str:
    return sandbox.api.get(f"/refund/{refund_id}").json()["data"]["status"]


def step(sandbox: RunningSandbox, receiver: Receiver) -> str:
    """Let one step's time pass; answers the webhook that says so."""
    sandbox.advance(STEP)
    return receiver.take().event


def test_a_refund_is_queued_for_all_that_was_paid(sandbox: RunningSandbox) -> None:
    sandbox.paid(amount=50_000)
    answer = sandbox.api.post("/refund", json={"transaction": "edx-1"})
    assert (answer.status_code, answer.json()["message"]) == (200, "Refund has been queued for processing")
    data = answer.json()["data"]
    assert (data["status"], data["amount"], data["currency"]) == ("pending", 50_000, "NGN")
    assert (data["deducted_amount"], data["fully_deducted"]) == (0, False)
    assert data["transaction"]["reference"] == "edx-1"
    assert data["expected_at"] > data["createdAt"]


@pytest.mark.parametrize("name", ["reference", "id"])
def test_the_transaction_is_named_by_reference_or_id(sandbox: RunningSandbox, name: str) -> None:
    transaction = sandbox.paid()
    assert refund(sandbox, transaction=transaction[name])["transaction"]["id"] == transaction["id"]


def test_a_full_refund_reverses_the_charge_in_three_announced_steps(
    sandbox: RunningSandbox, receiver: Receiver
) -> None:
    sandbox.paid()
    refund_id = refund(sandbox)["id"]
    assert receiver.take().event == "refund.pending"
    assert step(sandbox, receiver) == "refund.processing"
    assert sandbox.verify()["status"] == "success", "not reversed before the money has left"
    assert step(sandbox, receiver) == "refund.processed"
    assert (status_of(sandbox, refund_id), sandbox.verify()["status"]) == ("processed", "reversed")


def test_partial_refunds_reverse_the_charge_only_together(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.paid(amount=50_000)
    for amount, status in [(20_000, "success"), (30_000, "reversed")]:
        refund(sandbox, amount=amount)
        receiver.take()
        step(sandbox, receiver)
        step(sandbox, receiver)
        assert sandbox.verify()["status"] == status


@pytest.mark.parametrize(
    ("card", "events"),
    [
        ("success", ["refund.pending", "refund.processing", "refund.processed"]),
        ("refund-fails", ["refund.pending", "refund.processing", "refund.failed"]),
        ("refund-needs-attention", ["refund.pending", "refund.processing", "refund.needs-attention"]),
    ],
)
def test_the_test_card_decides_how_a_refund_ends(
    sandbox: RunningSandbox, receiver: Receiver, card: str, events: list[str]
) -> None:
    sandbox.paid(card=card)
    refund(sandbox, amount=5_000)
    seen = [receiver.take().event, step(sandbox, receiver), step(sandbox, receiver)]
    assert seen == events


@pytest.mark.parametrize(
    ("status", "amount"),
    [("processing", "5000"), ("processed", "5000"), ("failed", 5000), ("needs-attention", 5000)],
)
def test_the_amount_is_text_until_something_goes_wrong(
    sandbox: RunningSandbox, receiver: Receiver, status: str, amount: object
) -> None:
    sandbox.paid()
    refund_id = refund(sandbox, amount=5_000)["id"]
    pending = receiver.take().data
    assert (pending["amount"], pending["refund_reference"], pending["status"]) == ("5000", None, "pending")
    sandbox.control(f"refunds/{refund_id}/move", {"status": status})
    data = receiver.take().data
    assert (data["status"], data["amount"], data["transaction_reference"]) == (status, amount, "edx-1")
    assert data["refund_reference"]
    assert {"currency", "processor", "customer", "integration", "domain"} <= set(data)


def test_a_refund_that_needs_attention_is_mended_with_the_customers_account(
    sandbox: RunningSandbox, receiver: Receiver
) -> None:
    sandbox.paid(card="refund-needs-attention")
    refund_id = refund(sandbox)["id"]
    receiver.take()
    step(sandbox, receiver)
    step(sandbox, receiver)
    answer = sandbox.api.post(f"/refund/retry_with_customer_details/{refund_id}", json=ACCOUNT)
    assert answer.status_code == 200
    assert answer.json()["message"] == "Refund retried and has been queued for processing"
    assert (answer.json()["data"]["status"], receiver.take().event) == ("processing", "refund.processing")
    assert step(sandbox, receiver) == "refund.processed"
    assert sandbox.verify()["status"] == "reversed"


def test_only_a_refund_that_needs_attention_can_be_retried(sandbox: RunningSandbox) -> None:
    sandbox.paid()
    refund_id = refund(sandbox)["id"]
    answer = sandbox.api.post(f"/refund/retry_with_customer_details/{refund_id}", json=ACCOUNT)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_params")


def test_a_retry_needs_the_whole_account(sandbox: RunningSandbox) -> None:
    answer = sandbox.api.post("/refund/retry_with_customer_details/1", json={"refund_account_details": {}})
    assert (answer.status_code, answer.json()["code"]) == (400, "missing_params")


def test_a_failed_refund_gives_the_money_back_to_be_refunded_again(sandbox: RunningSandbox) -> None:
    sandbox.paid()
    refund_id = refund(sandbox)["id"]
    sandbox.control(f"refunds/{refund_id}/move", {"status": "failed"})
    assert refund(sandbox)["amount"] == 2_500_000


@pytest.mark.parametrize("first", [{}, {"amount": 2_500_000}])
def test_what_was_refunded_cannot_be_refunded_again(sandbox: RunningSandbox, first: dict[str, Any]) -> None:
    sandbox.paid()
    refund(sandbox, **first)
    answer = sandbox.api.post("/refund", json={"transaction": "edx-1"})
    assert answer.status_code == 400
    assert answer.json() == {"status": False, "message": "Transaction has been fully reversed"}


def test_a_refund_needs_a_balance(sandbox: RunningSandbox) -> None:
    sandbox.paid()
    sandbox.control("balance", {"available": 7_000}, method="PUT")
    refund(sandbox, amount=5_000)
    answer = sandbox.api.post("/refund", json={"transaction": "edx-1", "amount": 2_001})
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "Insufficient balance to fulfill this refund. Please top up.",
    )
    sandbox.control("balance", {"available": None}, method="PUT")
    assert refund(sandbox, amount=2_001)["status"] == "pending"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "missing_params"),
        ({"transaction": "edx-unknown"}, 404, "transaction_not_found"),
        ({"transaction": "123"}, 404, "transaction_not_found"),
        ({"transaction": "9" * 30}, 404, "transaction_not_found"),
        ({"transaction": "edx-1", "amount": 2_500_001}, 400, "invalid_params"),
        ({"transaction": "edx-1", "amount": 0}, 400, "invalid_params"),
        ({"transaction": "edx-1", "amount": "some"}, 400, "invalid_params"),
        ({"transaction": "edx-1", "currency": "USD"}, 400, "invalid_params"),
        ({"transaction": "edx-open"}, 400, "invalid_params"),
    ],
)
def test_a_refund_that_cannot_be_is_refused(
    sandbox: RunningSandbox, body: dict[str, Any], status: int, code: str
) -> None:
    sandbox.paid()
    sandbox.initialize("edx-open")
    answer = sandbox.api.post("/refund", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("refund_id", ["1", "x", "9" * 30])
def test_an_unknown_refund_is_not_found(sandbox: RunningSandbox, refund_id: str) -> None:
    answer = sandbox.api.get(f"/refund/{refund_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_refunds_of_a_transaction_are_listed(sandbox: RunningSandbox) -> None:
    sandbox.paid("edx-1")
    sandbox.paid("edx-2")
    refund(sandbox, amount=5_000, customer_note="sorry")
    refund(sandbox, transaction="edx-2")
    (only,) = sandbox.api.get("/refund", params={"transaction": "edx-1"}).json()["data"]
    assert (only["amount"], only["customer_note"]) == (5_000, "sorry")
    assert len(sandbox.control("refunds", method="GET")) == 2


def test_the_control_api_can_hold_refunds_back(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.paid()
    sandbox.control("transactions/edx-1/refund-outcome", {"outcome": "manual"}, method="PUT")
    refund_id = refund(sandbox)["id"]
    receiver.take()
    sandbox.advance(3600)
    sandbox.settle()
    assert status_of(sandbox, refund_id) == "pending"
    sandbox.control(f"refunds/{refund_id}/move", {"status": "processed"})
    assert sandbox.verify()["status"] == "reversed"
    sandbox.control(f"refunds/{refund_id}/move", {"status": "failed"}, status=409)
