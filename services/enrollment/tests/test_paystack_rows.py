"""Rows of the facts about Paystack that nothing else tests by name: samples as documented, cards, refusals, limits.

``tests/contracts/test_paystack_facts_have_tests.py`` says for every row of the facts which tests hold it.
"""

import re
from typing import Any

import httpx
import pytest

from enrollment.cohorts.policy import MINIMUM_CHARGE
from enrollment.payments.references import new_reference
from enrollment.payments.report import compare_with_paystack, run_daily
from enrollment.paystack import ProviderRefused, ProviderUnavailable

MINIMUMS = {"NGN": 5_000, "USD": 200, "GHS": 10, "ZAR": 100, "KES": 300, "XOF": 100}


def test_references_keep_paystacks_alphabet() -> None:
    for _ in range(50):
        assert re.fullmatch(r"[a-zA-Z0-9.=-]{20,49}", new_reference())


@pytest.mark.parametrize("currency", MINIMUMS)
def test_a_cohort_costs_at_least_what_paystack_charges(open_school: Any, currency: str) -> None:
    assert MINIMUM_CHARGE == MINIMUMS
    for amount, status in ((MINIMUMS[currency] - 1, 422), (MINIMUMS[currency], 201)):
        document = open_school.cohort_document(currency=currency, amountMinor=amount)
        answer = open_school.http.post("/v1/admin/cohorts", json=document, headers=open_school.admin)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("body", [{"code": "duplicate_reference"}, {"message": "Duplicate Transaction Reference"}])
def test_a_duplicate_reference_is_known_by_its_code_or_its_message(body: dict[str, str]) -> None:
    assert ProviderRefused(400, body.get("code", ""), body.get("message", "")).is_duplicate_reference


def test_a_duplicate_reference_is_replaced_by_another_within_the_same_request(open_school: Any) -> None:
    open_school.cohort()
    open_school.outage("refused", "initialize", error="duplicate_reference")
    student = open_school.student()
    reference = open_school.reference(student)
    assert [one["status"] for one in open_school.billing(student)["payments"]] == ["pending", "abandoned"]
    assert open_school.sandbox.verify(reference)["reference"] == reference


@pytest.mark.parametrize("status", [400, 401])
def test_an_invalid_key_is_a_502_and_frees_the_seat(open_school: Any, status: int) -> None:
    open_school.cohort(seats=1)
    open_school.outage("refused", "initialize", error="invalid_key", status=status)
    answer = open_school.checkout(open_school.student())
    assert (answer.status_code, answer.json()["code"]) == (502, "payment_provider_unavailable")
    assert open_school.can_enroll()["allowed"] is True


@pytest.mark.parametrize("status", [400, 404])
def test_an_unknown_reference_is_no_answer_about_money(open_school: Any, status: int) -> None:
    open_school.cohort()
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.outage("refused", "verify", error="transaction_not_found", status=status)
    assert open_school.verify(student, reference)["status"] == "pending"
    open_school.pay(reference)
    assert open_school.verify(student, reference)["status"] == "succeeded"


CARDS = [
    ("success", "NGN", "succeeded", "active"),
    ("pin", "NGN", "succeeded", "active"),
    ("pin-otp", "NGN", "succeeded", "active"),
    ("refund-fails", "NGN", "succeeded", "active"),
    ("refund-needs-attention", "NGN", "succeeded", "active"),
    ("m-pesa", "KES", "succeeded", "active"),
    ("mtn", "GHS", "succeeded", "active"),
    ("declined", "NGN", "failed", "cancelled"),
    ("insufficient-funds", "NGN", "failed", "cancelled"),
    ("transfer", "NGN", "pending", "pending"),
]


@pytest.mark.parametrize(("card", "currency", "status", "access"), CARDS, ids=[row[0] for row in CARDS])
def test_a_student_pays_with_each_test_card_on_the_page(
    open_school: Any, card: str, currency: str, status: str, access: str
) -> None:
    open_school.cohort(currency=currency)
    student = open_school.student()
    checkout = open_school.checkout(student, {"callbackUrl": "https://school.example/back"}).json()
    pressed = httpx.post(checkout["authorization_url"], data={"card": card})
    assert pressed.status_code == 303
    if status != "pending":
        assert f"reference={checkout['reference']}" in pressed.headers["location"]
    paid = open_school.verify(student, checkout["reference"])
    assert (paid["status"], paid["enrollmentStatus"]) == (status, access)


def test_a_failed_charge_is_found_by_polling(open_school: Any) -> None:
    """No event tells of it."""
    open_school.cohort(seats=1)
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.happen(reference, "fail")
    assert open_school.posts.is_empty
    open_school.pass_time(minutes=2)
    assert open_school.reconcile() == 1
    assert open_school.standing(reference) == ("failed", "cancelled")
    assert open_school.can_enroll()["cohort"]["seatsLeft"] == 1


OTHER_EVENTS = [
    "transfer.success",
    "transfer.failed",
    "transfer.reversed",
    "customeridentification.success",
    "dedicatedaccount.assign.success",
    "invoice.create",
    "invoice.payment_failed",
    "paymentrequest.success",
    "subscription.create",
    "subscription.disable",
    "preauthorization.success",
    "bank.transfer.rejected",
]


@pytest.mark.parametrize("event", OTHER_EVENTS)
def test_an_event_that_is_not_about_our_money_is_kept_and_does_nothing(open_school: Any, event: str) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    assert open_school.webhook(event, {"reference": reference, "status": "success"}).status_code == 200
    open_school.work()
    (kept,) = open_school.webhooks()
    assert (kept.event, kept.status) == (event, "ignored")
    assert open_school.standing(reference) == ("pending", "pending")


def _documented(event: str, reference: str) -> dict[str, Any]:
    """The documentation's samples, about a reference of ours."""
    samples: dict[str, dict[str, Any]] = {
        "charge.success": {
            "id": 302961, "domain": "test", "status": "success", "reference": reference, "amount": 10000,
            "gateway_response": "Approved by Financial Institution", "paid_at": "2016-09-30T21:10:19.000Z",
            "channel": "card", "currency": "NGN", "metadata": 0, "fees": None,
            "customer": {"email": "bojack@horseman.com", "customer_code": "CUS_x"}, "authorization": {}, "plan": {},
        },
        "refund.processed": {
            "status": "processed", "transaction_reference": reference, "refund_reference": "132013318360",
            "amount": "5000", "currency": "NGN", "processor": "mpgs_zen", "customer": {"email": "bojack@horseman.com"},
            "integration": 412829, "domain": "test",
        },
        "refund.failed": {
            "status": "failed", "transaction_reference": reference, "refund_reference": None, "amount": 5000,
            "currency": "NGN", "processor": "mpgs_zen", "integration": 412829, "domain": "test",
        },
        "charge.dispute.create": {
            "id": 358950, "refund_amount": 5800, "currency": "NGN", "status": "awaiting-merchant-feedback",
            "resolution": None, "domain": "test",
            "transaction": {"id": 896467688, "reference": reference, "amount": 5800}, "category": "chargeback",
            "dueAt": "2022-10-13T18:00:00.000Z", "history": [], "messages": [],
        },
    }  # fmt: skip
    return samples[event]


@pytest.mark.parametrize(
    ("event", "status", "access", "refunds"),
    [
        ("charge.success", "succeeded", "active", []),
        ("refund.processed", "partially_refunded", "active", [("processed", 5_000)]),
        ("refund.failed", "succeeded", "active", [("failed", 5_000)]),
        ("charge.dispute.create", "disputed", "suspended", []),
    ],
)
def test_the_documented_sample_takes_effect(
    open_school: Any, event: str, status: str, access: str, refunds: list[tuple[str, int]]
) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pay(reference)
    open_school.webhook(event, _documented(event, reference))
    open_school.work()
    assert open_school.standing(reference) == (status, access)
    assert [(one.status, one.amount_minor) for one in open_school.refunds(reference)] == refunds


def test_a_refund_mended_with_the_customers_account_goes_on(open_school: Any) -> None:
    open_school.cohort()
    reference, refund = open_school.refund_that_needs_attention()
    account = {"currency": "NGN", "account_number": "1234567890", "bank_id": "9"}
    path = f"/refund/retry_with_customer_details/{refund.provider_id}"
    mended = open_school.sandbox.api.post(path, json={"refund_account_details": account})
    assert mended.status_code == 200, mended.text
    open_school.forward()  # refund.processing, which we have heard before: nothing new until it ends
    assert open_school.step_refunds(1) == ["refund.processed"]
    assert open_school.standing(reference) == ("refunded", "revoked")


def test_asked_to_wait_a_few_minutes_we_wait(open_school: Any) -> None:
    open_school.cohort()
    open_school.enrolled()
    now = open_school.clock.now
    open_school.outage("rate-limited", "list", next=2)
    with pytest.raises(ProviderUnavailable) as refused:
        compare_with_paystack(open_school.cashier, now, now)
    assert refused.value.retry_after == 60
    assert run_daily(open_school.cashier, now) == 0
    assert [line.problem for line in compare_with_paystack(open_school.cashier, now, now)] == [None]


def test_a_popup_and_a_page_begin_one_payment(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    first, second = (open_school.checkout(student).json() for _ in range(2))
    assert (second["reference"], second["accessCode"]) == (first["reference"], first["accessCode"])
    assert len(open_school.sandbox.control("transactions", method="GET")) == 1


def test_reloading_the_page_behind_the_callback_gives_nothing_twice(open_school: Any) -> None:
    open_school.cohort()
    student, reference = open_school.enrolled()
    told = len(open_school.events())
    for _ in range(5):
        assert open_school.verify(student, reference)["status"] == "succeeded"
    assert len(open_school.events()) == told


def test_paystack_is_asked_for_minor_units_once(open_school: Any) -> None:
    open_school.cohort(currency="XOF", amountMinor=150_000)
    reference = open_school.reference(open_school.student())
    asked = open_school.sandbox.verify(reference)
    assert (asked["amount"], asked["requested_amount"], asked["currency"]) == (150_000, 150_000, "XOF")


def test_coming_back_from_the_page_is_no_proof_of_payment(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    checkout = open_school.checkout(student, {"callbackUrl": "https://school.example/back"}).json()
    left = httpx.post(checkout["authorization_url"], data={"card": "abandon"})
    assert f"trxref={checkout['reference']}" in left.headers["location"]
    assert open_school.verify(student, checkout["reference"])["status"] == "pending"
    assert open_school.billing(student)["hasAccess"] is False
