"""Settling: whatever Paystack says, a reference takes effect once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from contracts.events import (
    EnrollmentActivated,
    EnrollmentRevoked,
    EnrollmentSuspended,
    PaymentDisputed,
    PaymentRefunded,
    PaymentVerified,
)
from enrollment.payments.metrics import count_stranded
from enrollment.payments.settle import settle
from enrollment.paystack import Charge


def test_verify_settles_what_was_paid(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    reference = open_school.reference(student)
    assert open_school.verify(student, reference)["status"] == "pending"
    open_school.pay(reference)
    answer = open_school.verify(student, reference)
    assert (answer["status"], answer["enrollmentStatus"], answer["amountMinor"]) == (
        "succeeded",
        "active",
        open_school.price,
    )
    assert answer["paidAt"]
    assert open_school.billing(student)["hasAccess"] is True
    assert open_school.can_enroll(student)["reason"] == "already_enrolled"


def test_each_effect_is_told_once_with_rising_sequences(open_school: Any) -> None:
    open_school.cohort()
    student, reference = open_school.enrolled()
    open_school.charge(reference)
    open_school.work()
    open_school.verify(student, reference)
    (verified,) = open_school.events(PaymentVerified)
    (activated,) = open_school.events(EnrollmentActivated)
    assert (verified.reference, verified.student_id, verified.amount_minor) == (
        reference,
        student.id,
        open_school.price,
    )
    assert (activated.student_id, activated.origin) == (student.id, "payment")
    assert activated.sequence == open_school.enrollment_of(reference).version
    assert verified.sequence <= open_school.payment(reference).version


@pytest.mark.parametrize("status", ["ongoing", "pending", "processing", "queued", "abandoned"])
def test_what_is_not_final_changes_nothing_and_may_still_succeed(open_school: Any, status: str) -> None:
    open_school.cohort()
    student = open_school.student()
    reference = open_school.reference(student)
    if status == "abandoned":
        open_school.happen(reference, "abandon")
    else:
        open_school.happen(reference, "ongoing", status=status)
    assert open_school.verify(student, reference)["status"] == "pending"
    open_school.pay(reference)
    assert open_school.verify(student, reference)["status"] == "succeeded"


def test_a_failed_charge_frees_the_seat_and_a_new_reference_is_made(open_school: Any) -> None:
    open_school.cohort(seats=1)
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.happen(reference, "fail")
    answer = open_school.verify(student, reference)
    assert (answer["status"], answer["enrollmentStatus"]) == ("failed", "cancelled")
    assert open_school.can_enroll()["cohort"]["seatsLeft"] == 1
    assert open_school.billing(student)["canRetry"] is True
    assert open_school.reference(student) != reference


def test_fees_passed_to_the_customer_are_no_mismatch(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.pay(reference, fees=38_000, fees_passed_on=True)
    assert open_school.verify(student, reference)["status"] == "succeeded"
    assert open_school.payment(reference).received_minor == open_school.price + 38_000


@pytest.mark.parametrize("wrong", [{"amount": 100}, {"amount": 5_000_000}, {"currency": "GHS"}, {"domain": "live"}])
def test_wrong_money_gives_no_access_and_is_not_hidden(open_school: Any, wrong: dict[str, Any]) -> None:
    open_school.cohort(seats=1)
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.pay(reference, **wrong)
    answer = open_school.verify(student, reference)
    assert (answer["status"], answer["enrollmentStatus"]) == ("mismatched", "cancelled")
    billing = open_school.billing(student)
    assert (billing["hasAccess"], billing["canRetry"]) == (False, False)
    listed = open_school.http.get("/v1/admin/payments?status=mismatched", headers=open_school.admin).json()
    assert [payment["reference"] for payment in listed["payments"]] == [reference]
    assert listed["payments"][0]["review"]
    assert open_school.audited("payment.mismatched")[0].subject_id == reference
    assert open_school.events(EnrollmentActivated) == open_school.events(PaymentVerified) == []
    assert open_school.can_enroll()["cohort"]["seatsLeft"] == 1


def test_money_whose_amount_paystack_does_not_say_is_not_taken_for_refunded(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    charge = Charge.parse({"reference": reference, "status": "success", "currency": "NGN", "domain": "test"})
    terms, now = open_school.cashier.terms, open_school.clock.now
    open_school.db.run(lambda session: settle(session, reference, charge, terms, now))
    assert open_school.standing(reference) == ("mismatched", "cancelled")
    assert open_school.payment(reference).review.startswith("amount: ")


def test_money_under_review_can_be_refunded_by_staff(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.pay(reference, amount=700_000)
    open_school.verify(student, reference)
    assert open_school.refund(reference)["refunds"][0]["amountMinor"] == 700_000
    open_school.run_refunds()
    assert open_school.forward() == ["refund.pending"]
    assert open_school.step_refunds(2) == ["refund.processing", "refund.processed"]
    assert open_school.payment(reference).status == "refunded"
    assert open_school.payment(reference).review is None


def test_fifty_identical_webhooks_settle_once(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pay(reference)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: open_school.charge(reference), range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(open_school.webhooks()) == 1
    assert open_school.webhooks()[0].deliveries == 50
    open_school.work()
    assert open_school.standing(reference) == ("succeeded", "active")
    assert len(open_school.events(PaymentVerified)) == len(open_school.events(EnrollmentActivated)) == 1


def test_webhook_verify_and_reconciliation_at_once_settle_once(open_school: Any) -> None:
    open_school.cohort()
    students = [open_school.student() for _ in range(5)]
    references = [open_school.reference(student) for student in students]
    open_school.pass_time(minutes=2)
    for reference in references:
        open_school.pay(reference)
        open_school.charge(reference)
    with ThreadPoolExecutor(12) as pool:
        running = [pool.submit(open_school.work), pool.submit(open_school.reconcile)]
        for student, reference in zip(students, references, strict=True):
            running += [pool.submit(open_school.verify, student, reference) for _ in range(2)]
        for each in running:
            each.result()
    assert {open_school.standing(reference) for reference in references} == {("succeeded", "active")}
    assert len(open_school.events(PaymentVerified)) == len(open_school.events(EnrollmentActivated)) == 5


def test_a_lost_webhook_costs_minutes(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pay(reference)
    assert open_school.reconcile() == 0
    open_school.pass_time(minutes=1)
    assert open_school.reconcile() == 1
    assert open_school.standing(reference) == ("succeeded", "active")


def test_reconciliation_grows_patient_and_survives_paystack_being_down(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pass_time(minutes=1)
    open_school.outage("down", "verify")
    assert open_school.reconcile() == 1
    assert open_school.reconcile() == 0
    open_school.pay(reference)
    open_school.pass_time(minutes=2)
    assert open_school.reconcile() == 1
    assert open_school.standing(reference) == ("succeeded", "active")


def _abandoned(school: Any, **cohort: Any) -> tuple[Any, str]:
    school.cohort(**cohort)
    student = school.student()
    reference = school.reference(student)
    school.pass_time(minutes=61)
    school.expire_holds()
    return student, reference


def test_abandoned_money_within_the_grace_is_honoured(open_school: Any) -> None:
    student, reference = _abandoned(open_school)
    open_school.pay(reference)
    assert open_school.verify(student, reference)["enrollmentStatus"] == "active"


def test_abandoned_money_whose_seat_is_gone_goes_back_by_itself(open_school: Any) -> None:
    student, reference = _abandoned(open_school, seats=1)
    _, other = open_school.enrolled()
    open_school.pay(reference)
    answer = open_school.verify(student, reference)
    assert (answer["status"], answer["enrollmentStatus"]) == ("refunding", "cancelled")
    assert open_school.run_refunds() == 1
    open_school.forward()
    open_school.step_refunds(2)
    assert open_school.standing(reference) == ("refunded", "cancelled")
    assert open_school.standing(other) == ("succeeded", "active")
    (refund,) = open_school.refunds(reference)
    assert (refund.origin, refund.reason, refund.amount_minor) == ("automatic", "cohort_full", open_school.price)
    (told,) = open_school.events(PaymentRefunded)
    assert (told.reference, told.full) == (reference, True)


def test_money_beyond_the_grace_is_honoured_while_the_window_is_open(open_school: Any) -> None:
    student, reference = _abandoned(open_school)
    open_school.pass_time(hours=30)
    open_school.pay(reference)
    assert open_school.verify(student, reference)["enrollmentStatus"] == "active"


def test_money_beyond_the_grace_goes_back_when_the_window_has_closed(open_school: Any) -> None:
    student, reference = _abandoned(open_school)
    open_school.pass_time(days=29)
    open_school.pay(reference)
    assert open_school.verify(student, reference)["status"] == "refunding"
    assert open_school.refunds(reference)[0].reason == "paid_too_late"


def test_a_checkout_begun_inside_the_window_is_honoured_after_it_closed(open_school: Any) -> None:
    start = open_school.clock.now + timedelta(days=2, hours=1)
    open_school.cohort(startDate=start.date().isoformat(), unlockTime=start.strftime("%H:%M:00"), timezone="UTC")
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.pass_time(hours=2)
    assert open_school.can_enroll(student)["reason"] == "closed_before_start"
    open_school.pay(reference)
    assert open_school.verify(student, reference)["enrollmentStatus"] == "active"


def test_two_references_of_one_enrollment_both_paid_the_second_is_refunded(open_school: Any) -> None:
    student, first = _abandoned(open_school)
    second = open_school.reference(student)
    assert open_school.payment(first).enrollment_id == open_school.payment(second).enrollment_id
    open_school.pay(first)
    open_school.pay(second)
    assert open_school.verify(student, second)["status"] == "succeeded"
    assert open_school.verify(student, first)["status"] == "refunding"
    open_school.run_refunds()
    open_school.forward()
    open_school.step_refunds(2)
    assert open_school.standing(first) == ("refunded", "active")
    assert open_school.standing(second) == ("succeeded", "active")
    assert len(open_school.events(EnrollmentActivated)) == 1
    assert open_school.events(EnrollmentRevoked) == []


def test_the_old_reference_may_win_and_closes_the_new_checkout(open_school: Any) -> None:
    student, first = _abandoned(open_school)
    second = open_school.reference(student)
    open_school.pay(first)
    assert open_school.verify(student, first)["status"] == "succeeded"
    assert open_school.standing(second) == ("abandoned", "active")
    open_school.pay(second)
    assert open_school.verify(student, second)["status"] == "refunding"


def test_two_cohorts_both_paid_leave_one_enrollment(open_school: Any) -> None:
    first, second = open_school.cohort(), open_school.cohort()
    student = open_school.student()
    one = open_school.reference(student, cohort=first["slug"])
    two = open_school.reference(student, cohort=second["slug"])
    open_school.pay(one)
    open_school.pay(two)
    assert open_school.verify(student, one)["status"] == "succeeded"
    assert open_school.standing(two) == ("abandoned", "cancelled")
    assert open_school.verify(student, two)["status"] == "refunding"
    assert open_school.enrollment_of(one).status == "active"


def test_a_charge_reversed_before_we_knew_is_a_refund(open_school: Any) -> None:
    open_school.cohort(seats=1)
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.pay(reference)
    open_school.happen(reference, "reverse")
    answer = open_school.verify(student, reference)
    assert (answer["status"], answer["enrollmentStatus"]) == ("refunded", "cancelled")
    assert open_school.can_enroll()["cohort"]["seatsLeft"] == 1


def test_a_reversal_that_no_webhook_told_is_found_by_an_administrator(open_school: Any) -> None:
    open_school.cohort()
    student, reference = open_school.enrolled()
    open_school.happen(reference, "reverse")
    answer = open_school.http.post(f"/v1/admin/payments/{reference}/reconcile", headers=open_school.admin)
    assert (answer.status_code, answer.json()["status"]) == (200, "refunded")
    assert open_school.billing(student)["enrollmentStatus"] == "revoked"
    again = open_school.http.post(f"/v1/admin/payments/{reference}/reconcile", headers=open_school.admin)
    assert again.json() == answer.json()
    assert len(open_school.events(PaymentRefunded)) == 1


@pytest.mark.parametrize(
    ("outcome", "status", "access", "told"),
    [
        ("won", "succeeded", "active", ["opened", "won"]),
        ("lost", "refunded", "revoked", ["opened", "lost"]),
        ("auto-accepted", "refunded", "revoked", ["opened", "lost"]),
    ],
)
def test_a_dispute_suspends_and_its_end_restores_or_revokes(
    open_school: Any, outcome: str, status: str, access: str, told: list[str]
) -> None:
    open_school.cohort()
    student, reference = open_school.enrolled()
    dispute = open_school.sandbox.control(f"transactions/{reference}/disputes", status=201)
    open_school.forward(times=2)
    open_school.work()
    assert open_school.standing(reference) == ("disputed", "suspended")
    assert open_school.billing(student)["hasAccess"] is False
    open_school.sandbox.control(f"disputes/{dispute['id']}/remind")
    open_school.sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": outcome})
    open_school.forward(2, times=2)
    open_school.work()
    assert open_school.standing(reference) == (status, access)
    assert [event.outcome for event in open_school.events(PaymentDisputed)] == told
    assert len(open_school.events(EnrollmentSuspended)) == 1
    if access == "revoked":
        assert [event.reason for event in open_school.events(EnrollmentRevoked)] == ["chargeback"]
    else:
        assert open_school.events(EnrollmentActivated)[-1].origin == "restored"


def test_the_end_of_a_dispute_may_arrive_before_its_beginning_and_before_the_charge(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pay(reference)
    dispute = open_school.sandbox.control(f"transactions/{reference}/disputes", status=201)
    opened = open_school.posts.take()
    open_school.sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": "won"})
    open_school.forward()
    open_school.work()
    headers = {name: opened.headers[name] for name in ("x-paystack-signature", "content-type")}
    open_school.http.post("/webhooks/paystack", content=opened.body, headers=headers)
    open_school.work()
    assert open_school.standing(reference) == ("succeeded", "active")
    assert [event.outcome for event in open_school.events(PaymentDisputed)] == ["won"]


def test_nothing_is_ever_paid_but_not_enrolled(open_school: Any) -> None:
    student, first = _abandoned(open_school)
    second = open_school.reference(student)
    for reference in (first, second):
        open_school.pay(reference)
        open_school.verify(student, reference)
    assert open_school.rows(count_stranded) == 0
