"""Disputes of a part, and disputes that meet refunds (deploy/adr/0022-partial-disputes.md)."""

from typing import Any

import pytest

from contracts.events import EnrollmentRevoked, PaymentDisputed

PART = 1_000_000


def _dispute(school: Any, reference: str, amount: int | None = None, outcome: str = "lost") -> None:
    body = {"amount": amount} if amount else {}
    dispute = school.sandbox.control(f"transactions/{reference}/disputes", body, status=201)
    school.forward()  # before the next one: Paystack's posts may overtake each other
    school.sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": outcome})
    school.forward()
    school.work()


def _detail(school: Any, reference: str) -> dict[str, Any]:
    return school.http.get(f"/v1/admin/payments/{reference}", headers=school.admin).json()


def test_a_part_that_is_charged_back_leaves_the_access_and_is_shown_to_staff(open_school: Any) -> None:
    open_school.cohort()
    student, reference = open_school.enrolled()
    _dispute(open_school, reference, PART)
    assert open_school.standing(reference) == ("partially_refunded", "active")
    billing = open_school.billing(student)
    assert (billing["hasAccess"], billing["payments"][0]["refundedMinor"]) == (True, PART)
    assert "1000000 of 2500000" in _detail(open_school, reference)["review"]
    assert [(one.outcome, one.amount_minor) for one in open_school.events(PaymentDisputed)] == [
        ("opened", PART),
        ("lost", PART),
    ]
    assert open_school.events(EnrollmentRevoked) == []


def test_money_that_needs_a_person_is_one_list(open_school: Any) -> None:
    open_school.cohort()
    _, charged_back = open_school.enrolled()
    _dispute(open_school, charged_back, PART)
    student = open_school.student()
    wrong = open_school.reference(student)
    open_school.pay(wrong, amount=100)
    open_school.verify(student, wrong)
    _, well = open_school.enrolled()

    def listed(query: str) -> list[str]:
        answer = open_school.http.get(f"/v1/admin/payments?{query}", headers=open_school.admin)
        return [one["reference"] for one in answer.json()["payments"]]

    assert listed("review=true") == [wrong, charged_back]
    assert listed("review=false") == [well]
    assert listed("status=mismatched&review=true") == [wrong]


def test_a_disputed_part_that_was_lost_cannot_be_refunded_once_more(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    _dispute(open_school, reference, PART)
    assert open_school.refund(reference, status=409, amountMinor=PART + 500_001)["leftMinor"] == 1_500_000
    asked = open_school.refund(reference)
    assert [refund["amountMinor"] for refund in asked["refunds"]] == [1_500_000]


def test_what_disputes_and_refunds_take_together_revokes(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    _dispute(open_school, reference, PART)
    open_school.refund(reference)
    open_school.run_refunds()
    open_school.forward()
    open_school.step_refunds(2)
    assert open_school.standing(reference) == ("refunded", "revoked")
    assert [event.reason for event in open_school.events(EnrollmentRevoked)] == ["chargeback"]
    assert _detail(open_school, reference)["review"] is None


def test_two_lost_disputes_over_halves_are_the_whole(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    _dispute(open_school, reference, 1_250_000)
    assert open_school.standing(reference) == ("partially_refunded", "active")
    _dispute(open_school, reference, 1_250_000, "auto-accepted")
    assert open_school.standing(reference) == ("refunded", "revoked")


@pytest.mark.parametrize("amount", [PART, None], ids=["part", "all"])
def test_a_refund_that_the_bank_was_quicker_than_ends_as_failed(open_school: Any, amount: int | None) -> None:
    """Paystack refuses it ("Transaction has been fully reversed"), so nobody may wait for it."""
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.refund(reference, **({"amountMinor": amount} if amount else {}))
    _dispute(open_school, reference)
    assert open_school.run_refunds() == 1
    (refund,) = open_school.refunds(reference)
    assert (refund.status, refund.next_attempt_at) == ("failed", None)
    assert "other ways" in refund.error
    assert open_school.standing(reference) == ("refunded", "revoked")
    assert open_school.payment(reference).refunded_minor == open_school.price


def test_refunds_made_by_hand_that_are_told_after_the_reversal_count_once(open_school: Any) -> None:
    open_school.cohort()
    student, reference = open_school.enrolled()
    for _ in range(2):
        body = {"transaction": reference, "amount": open_school.price // 2}
        made = open_school.sandbox.api.post("/refund", json=body).json()["data"]
        open_school.sandbox.control(f"refunds/{made['id']}/move", {"status": "processed"})
    open_school.http.post(f"/v1/admin/payments/{reference}/reconcile", headers=open_school.admin)
    assert open_school.verify(student, reference)["status"] == "refunded"
    open_school.forward(4)
    open_school.work()
    assert [one.amount_minor for one in open_school.refunds(reference)] == [open_school.price]
