"""Refunds: full, partial, failing, waiting for attention, made elsewhere, with every kind of bad luck."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from contracts.events import EnrollmentActivated, EnrollmentRevoked, EnrollmentSuspended, PaymentRefunded
from enrollment.payments import refund_runner, refunding
from enrollment.paystack import Paystack, ProviderUnreachable


def test_a_full_refund_suspends_while_under_way_and_then_revokes(open_school: Any) -> None:
    open_school.cohort(seats=1)
    student, reference = open_school.enrolled()
    answer = open_school.refund(reference, reason="changed their mind")
    assert (answer["status"], answer["enrollmentStatus"]) == ("refunding", "suspended")
    assert open_school.run_refunds() == 1
    open_school.forward(times=2)
    assert open_school.step_refunds(2) == ["refund.processing", "refund.processed"]
    assert open_school.standing(reference) == ("refunded", "revoked")
    billing = open_school.billing(student)
    assert (billing["enrollmentStatus"], billing["hasAccess"]) == ("revoked", False)
    assert billing["payments"][0]["refundedMinor"] == open_school.price
    assert [event.reason for event in open_school.events(EnrollmentRevoked)] == ["refund"]
    assert [event.full for event in open_school.events(PaymentRefunded)] == [True]
    assert open_school.can_enroll(student)["allowed"] is True
    assert open_school.audited("refund.asked")[0].reason == "changed their mind"
    assert open_school.audited("refund.asked")[0].actor == "admin"


def test_partial_refunds_change_no_access_until_all_is_back(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    for part, expected in ((1_000_000, ("partially_refunded", "active")), (1_500_000, ("refunded", "revoked"))):
        open_school.refund(reference, amountMinor=part)
        open_school.run_refunds()
        open_school.forward()
        open_school.step_refunds(2)
        assert open_school.standing(reference) == expected
    told = open_school.events(PaymentRefunded)
    assert [(event.refunded_minor, event.total_refunded_minor, event.full) for event in told] == [
        (1_000_000, 1_000_000, False),
        (1_500_000, 2_500_000, True),
    ]
    assert len(open_school.events(EnrollmentSuspended)) == 1


def test_two_partial_refunds_of_the_same_amount_are_two(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    for total in (1_000_000, 2_000_000):
        open_school.refund(reference, amountMinor=1_000_000)
        open_school.run_refunds()
        open_school.forward()
        open_school.step_refunds(2)
        assert open_school.payment(reference).refunded_minor == total


def test_a_refund_that_fails_gives_access_back(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.pay(reference, card="refund-fails")
    open_school.verify(student, reference)
    open_school.refund(reference)
    open_school.run_refunds()
    open_school.forward()
    open_school.step_refunds(2)
    assert open_school.standing(reference) == ("succeeded", "active")
    assert [event.origin for event in open_school.events(EnrollmentActivated)] == ["payment", "restored"]
    assert open_school.refunds(reference)[0].status == "failed"


def test_a_refund_that_needs_attention_stays_visible_and_may_still_succeed(open_school: Any) -> None:
    open_school.cohort()
    reference, refund = open_school.refund_that_needs_attention()
    assert open_school.standing(reference) == ("refunding", "suspended")
    open_school.sandbox.control(f"refunds/{refund.provider_id}/move", {"status": "processed"})
    open_school.forward()
    open_school.work()
    assert open_school.standing(reference) == ("refunded", "revoked")


def test_an_automatic_refund_that_fails_is_money_under_review(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    first = open_school.reference(student)
    open_school.pass_time(minutes=61)
    second = open_school.reference(student)
    for reference in (second, first):
        open_school.pay(reference, card="refund-fails")
        open_school.verify(student, reference)
    open_school.run_refunds()
    open_school.forward()
    open_school.step_refunds(2)
    assert open_school.standing(first) == ("mismatched", "active")
    assert "refund failed" in open_school.payment(first).review


def test_lost_refund_webhooks_are_made_good_by_asking(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.refund(reference)
    open_school.run_refunds()
    open_school.sandbox.advance(10)
    open_school.posts.take()
    open_school.posts.take()
    open_school.sandbox.advance(10)
    open_school.posts.take()
    open_school.pass_time(minutes=5)
    assert open_school.run_refunds() == 1
    assert open_school.standing(reference) == ("refunded", "revoked")
    assert open_school.run_refunds() == 0


def test_a_refund_that_paystack_has_taken_is_asked_about_after_half_a_minute(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.refund(reference)
    open_school.run_refunds()
    open_school.pass_time(seconds=29)
    assert open_school.run_refunds() == 0
    assert open_school.refunds(reference)[0].status == "pending"
    open_school.pass_time(seconds=1)
    assert open_school.run_refunds() == 1
    assert open_school.refunds(reference)[0].status == "processing"


def test_refund_webhooks_in_the_wrong_order_end_the_same(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.refund(reference)
    open_school.run_refunds()
    taken = [open_school.posts.take()]
    for _ in range(2):
        open_school.sandbox.advance(10)
        taken.append(open_school.posts.take())
    for webhook in reversed(taken):
        headers = {name: webhook.headers[name] for name in ("x-paystack-signature", "content-type")}
        open_school.http.post("/webhooks/paystack", content=webhook.body, headers=headers)
        open_school.work()
    assert open_school.standing(reference) == ("refunded", "revoked")
    assert len(open_school.refunds(reference)) == len(open_school.events(PaymentRefunded)) == 1


def test_an_answer_that_was_lost_does_not_refund_twice(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.refund(reference, amountMinor=1_000_000)
    open_school.outage("lost-answer", "refund", seconds=0)
    open_school.run_refunds()
    assert open_school.refunds(reference)[0].status == "sending"
    open_school.pass_time(seconds=119)
    assert open_school.run_refunds() == 0, "Paystack may still be busy with it"
    open_school.pass_time(minutes=1)
    open_school.run_refunds()
    assert open_school.refunds(reference)[0].provider_id is not None
    assert len(open_school.sandbox.control(f"refunds?reference={reference}", method="GET")) == 1


def test_a_refund_that_never_reached_paystack_is_asked_for_again_soon(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.refund(reference)
    with closing(Paystack("http://127.0.0.1:1", "sk_test_nobody")) as unreachable:
        refund_runner.run_due(replace(open_school.cashier, paystack=unreachable), open_school.clock.now)
    assert open_school.refunds(reference)[0].status == "sending"
    open_school.pass_time(seconds=30)
    assert open_school.run_refunds() == 1
    assert open_school.refunds(reference)[0].provider_id is not None


def test_a_refund_that_ended_during_an_attempt_is_not_asked_about_again(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.refund(reference)

    class Unreachable:
        def refund(self, **_: object) -> None:
            open_school.happen(reference, "reverse")
            open_school.cashier.settle_reference(reference, open_school.clock.now)
            raise ProviderUnreachable("no connection")

    refund_runner.run_due(replace(open_school.cashier, paystack=Unreachable()), open_school.clock.now)
    assert open_school.standing(reference) == ("refunded", "revoked")
    open_school.pass_time(minutes=3)
    assert open_school.run_refunds() == 0


def test_a_refund_whose_turn_came_too_late_is_left_to_the_next_claim(open_school: Any, monkeypatch: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.refund(reference)
    monkeypatch.setattr(refund_runner, "BEGINS_WITHIN", -1.0)
    assert open_school.run_refunds() == 1
    assert open_school.sandbox.control(f"refunds?reference={reference}", method="GET") == []
    monkeypatch.undo()
    open_school.pass_time(seconds=119)
    assert open_school.run_refunds() == 0
    open_school.pass_time(seconds=1)
    assert open_school.run_refunds() == 1
    assert open_school.refunds(reference)[0].provider_id is not None


def test_without_balance_a_refund_waits_and_is_asked_for_again(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.sandbox.control("balance", {"available": 0}, method="PUT")
    open_school.refund(reference)
    open_school.run_refunds()
    assert "Insufficient balance" in open_school.refunds(reference)[0].error
    open_school.sandbox.control("balance", {"available": None}, method="PUT")
    open_school.pass_time(minutes=3)
    open_school.run_refunds()
    assert open_school.refunds(reference)[0].status == "pending"


def test_a_refund_made_in_paystacks_dashboard_counts(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    body = {"transaction": reference, "amount": open_school.price}
    assert open_school.sandbox.api.post("/refund", json=body).status_code == 200
    open_school.forward()
    open_school.work()
    assert open_school.standing(reference) == ("refunding", "suspended")
    open_school.step_refunds(2)
    assert open_school.standing(reference) == ("refunded", "revoked")
    assert [refund.origin for refund in open_school.refunds(reference)] == ["provider"]


def test_what_paystack_has_reversed_already_is_refunded_not_failed(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.happen(reference, "reverse")
    open_school.refund(reference)
    open_school.run_refunds()
    assert open_school.standing(reference) == ("refunded", "revoked")
    assert len(open_school.events(PaymentRefunded)) == 1


def test_no_more_than_was_paid_can_be_refunded_however_many_ask_at_once(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    body = {"amountMinor": 1_000_000, "reason": "again"}
    url = f"/v1/admin/payments/{reference}/refund"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: open_school.http.post(url, json=body, headers=open_school.admin), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, *[409] * 6]
    assert sum(refund.amount_minor for refund in open_school.refunds(reference)) == 2_000_000


def test_a_refund_of_nothing_is_never_queued(open_school: Any) -> None:
    open_school.cohort(amountMinor=0)
    reference = open_school.reference(open_school.student())
    payment, now = open_school.payment(reference), open_school.clock.now
    with pytest.raises(ValueError, match=f"a refund of 0 minor units of payment {reference}"):
        open_school.db.run(lambda session: refunding.queue(session, payment, 0, "automatic", "asked", now))
    assert open_school.refunds(reference) == []


@pytest.mark.parametrize("state", ["pending", "free", "refunded"])
def test_what_cannot_be_refunded_says_so(open_school: Any, state: str) -> None:
    open_school.cohort(amountMinor=0 if state == "free" else open_school.price)
    if state == "refunded":
        _, reference = open_school.enrolled()
        open_school.refund(reference)
    else:
        reference = open_school.reference(open_school.student())
    assert open_school.refund(reference, status=409)["code"] == "not_refundable"
