"""Disputes: opened, remembered, resolved; each with its webhook."""

from typing import Any

import pytest

from sandbox.testing import Receiver, RunningSandbox


@pytest.fixture
def dispute(sandbox: RunningSandbox, receiver: Receiver) -> dict[str, Any]:
    """An open dispute over a paid charge, its webhook taken."""
    sandbox.paid(amount=5_800)
    opened = sandbox.control("transactions/edx-1/disputes", status=201)
    receiver.take()
    return opened


def test_opening_a_dispute_is_announced(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.paid(amount=5_800)
    sandbox.control("transactions/edx-1/disputes", {"category": "fraud"}, status=201)
    webhook = receiver.take()
    assert webhook.event == "charge.dispute.create"
    data = webhook.data
    assert (data["status"], data["resolution"], data["category"]) == ("awaiting-merchant-feedback", None, "fraud")
    assert (data["refund_amount"], data["currency"], data["domain"]) == (5_800, "NGN", "test")
    assert (data["transaction"]["reference"], data["transaction"]["amount"]) == ("edx-1", 5_800)
    assert {"id", "dueAt", "history", "messages"} <= set(data)
    assert sandbox.verify()["status"] == "success", "an open dispute does not change the charge"


def test_paystack_reminds_of_an_open_dispute(
    sandbox: RunningSandbox, receiver: Receiver, dispute: dict[str, Any]
) -> None:
    sandbox.control(f"disputes/{dispute['id']}/remind")
    webhook = receiver.take()
    assert (webhook.event, webhook.data["id"]) == ("charge.dispute.remind", dispute["id"])


@pytest.mark.parametrize(
    ("outcome", "resolution", "charge"),
    [
        ("won", "declined", "success"),
        ("lost", "merchant-accepted", "reversed"),
        ("auto-accepted", "auto-accepted", "reversed"),
    ],
)
def test_a_dispute_is_won_or_lost(
    sandbox: RunningSandbox,
    receiver: Receiver,
    dispute: dict[str, Any],
    outcome: str,
    resolution: str,
    charge: str,
) -> None:
    sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": outcome})
    webhook = receiver.take()
    assert webhook.event == "charge.dispute.resolve"
    assert (webhook.data["status"], webhook.data["resolution"]) == ("resolved", resolution)
    assert sandbox.verify()["status"] == charge


def test_losing_a_part_does_not_reverse_the_charge(sandbox: RunningSandbox) -> None:
    sandbox.paid(amount=5_800)
    dispute = sandbox.control("transactions/edx-1/disputes", {"amount": 100}, status=201)
    sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": "lost"})
    assert sandbox.verify()["status"] == "success"


def test_a_lost_part_and_refunds_reverse_the_charge_together(sandbox: RunningSandbox, receiver: Receiver) -> None:
    sandbox.paid(amount=5_800)
    dispute = sandbox.control("transactions/edx-1/disputes", {"amount": 800}, status=201)
    sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": "lost"})
    refused = sandbox.api.post("/refund", json={"transaction": "edx-1", "amount": 5_001})
    assert "left to refund: 5000" in refused.json()["message"]
    refund = sandbox.api.post("/refund", json={"transaction": "edx-1"}).json()["data"]
    assert refund["amount"] == 5_000
    sandbox.control(f"refunds/{refund['id']}/move", {"status": "processed"})
    assert sandbox.verify()["status"] == "reversed"


def test_a_resolved_dispute_stays_resolved(sandbox: RunningSandbox, dispute: dict[str, Any]) -> None:
    sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": "won"})
    sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": "lost"}, status=409)
    sandbox.control(f"disputes/{dispute['id']}/remind", status=409)


def test_only_a_paid_charge_can_be_disputed(sandbox: RunningSandbox) -> None:
    sandbox.initialize()
    problem = sandbox.control("transactions/edx-1/disputes", status=409)
    assert problem == {"error": "Transaction edx-1 is abandoned.", "hint": "Only a paid charge can be disputed."}


def test_disputes_are_listed_by_reference(sandbox: RunningSandbox, dispute: dict[str, Any]) -> None:
    found = sandbox.control("disputes?reference=edx-1", method="GET")
    assert [row["id"] for row in found] == [dispute["id"]]
    assert sandbox.control("disputes?reference=edx-2", method="GET") == []
    sandbox.control("disputes/1/remind", status=404)
