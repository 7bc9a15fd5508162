"""Instalments whose money moves: disputed, refunded, paid twice, paid wrong, paid out of turn."""

from typing import Any

from services.enrollment.tests.instalment_dates import (
    GRACE,
    INSTANT,
    PARTS,
    SECOND_DUE,
    THIRD_DUE,
    at,
    begun,
    pay_next,
    refunded,
    shown,
)

from contracts.events import (
    EnrollmentRevoked,
    EnrollmentSuspended,
    InstalmentOverdue,
)
from enrollment.payments.metrics import count_stranded


def test_an_overdue_part_and_a_dispute_must_both_be_cleared(march: Any) -> None:
    student, first = begun(march)
    march.happen(first, "disputes")
    march.forward()
    march.work()
    assert march.enrollment_of(first).reason == "dispute"
    at(march, SECOND_DUE + GRACE)
    pay_next(march, student)
    assert march.standing(first) == ("disputed", "suspended")
    at(march, THIRD_DUE + GRACE)
    (dispute,) = march.sandbox.control("disputes", method="GET")
    march.sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": "won"})
    march.forward()
    march.work()
    assert march.standing(first) == ("succeeded", "suspended")
    assert march.enrollment_of(first).reason == "instalment_overdue"
    pay_next(march, student)
    assert march.standing(first) == ("succeeded", "active")
    assert len(march.events(EnrollmentSuspended)) == 1


def test_a_lost_dispute_over_any_part_revokes(march: Any) -> None:
    student, first = begun(march)
    second = pay_next(march, student)
    open_checkout = march.reference(student)
    march.happen(second, "disputes")
    (dispute,) = march.sandbox.control("disputes", method="GET")
    march.sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": "lost"})
    march.forward(2)
    march.work()
    assert march.standing(second) == ("refunded", "revoked")
    assert march.standing(first) == ("mismatched", "revoked")  # a person decides about the other part's money
    assert "charged back" in march.payment(first).review
    assert [event.reason for event in march.events(EnrollmentRevoked)] == ["chargeback"]
    assert march.payment(open_checkout).status == "abandoned"
    assert shown(march, student) == []
    assert march.rows(count_stranded) == 0
    refunded(march, first)
    assert march.standing(first) == ("refunded", "revoked")
    assert march.payment(first).review is None


def test_a_part_whose_money_went_back_is_to_be_paid_again_with_a_grace_of_its_own(march: Any) -> None:
    student, first = begun(march)
    second = pay_next(march, student)
    march.clock.set(SECOND_DUE + 2 * GRACE)
    refunded(march, second)
    assert march.standing(second) == ("refunded", "active")
    assert shown(march, student) == ["paid", "overdue", "due"]
    assert march.audited("instalment.reopened")[0].details["number"] == 2
    reopened = march.clock.now
    at(march, reopened + GRACE - INSTANT)
    assert march.standing(first) == ("succeeded", "active")
    at(march, reopened + GRACE)
    assert march.standing(first) == ("succeeded", "suspended")
    again = pay_next(march, student)
    assert march.payment(again).instalment == 2
    assert march.standing(first) == ("succeeded", "active")
    assert [event.stage for event in march.events(InstalmentOverdue)].count("overdue") == 1


def test_the_first_part_may_go_back_too_while_another_is_paid(march: Any) -> None:
    student, first = begun(march)
    second = pay_next(march, student)
    refunded(march, first)
    assert march.standing(first) == ("refunded", "active")
    assert march.enrollment_of(second).payment_id == march.payment(second).id
    assert march.payment(pay_next(march, student)).instalment == 1
    assert march.rows(count_stranded) == 0
    refunded(march, second)
    assert march.standing(second) == ("refunded", "active")


def test_when_all_that_was_paid_has_gone_back_the_enrollment_ends(march: Any) -> None:
    student, first = begun(march)
    second = pay_next(march, student)
    refunded(march, second)
    march.refund(first)
    assert march.standing(first) == ("refunding", "suspended")
    refused = march.checkout(student)
    assert (refused.status_code, refused.json()["code"]) == (409, "refund_under_way")
    march.run_refunds()
    march.forward()
    march.step_refunds(2)
    assert march.standing(first) == ("refunded", "revoked")
    assert [event.reason for event in march.events(EnrollmentRevoked)] == ["refund"]
    at(march, SECOND_DUE + GRACE)
    assert march.events(InstalmentOverdue) == []


def test_a_part_of_a_part_changes_nothing_but_the_books(march: Any) -> None:
    student, first = begun(march)
    refunded(march, first, amountMinor=100_000)
    assert march.standing(first) == ("partially_refunded", "active")
    assert shown(march, student) == ["paid", "due", "upcoming"]


def test_a_second_reference_for_a_part_that_is_paid_comes_back(march: Any) -> None:
    student, _ = begun(march)
    old = march.reference(student)
    march.pass_time(minutes=61)
    new = march.reference(student)
    assert new != old
    assert march.standing(old) == ("abandoned", "active")
    for reference in (old, new):
        march.pay(reference)
        march.verify(student, reference)
    assert march.standing(old) == ("succeeded", "active")
    assert march.standing(new) == ("refunding", "active")
    assert march.refunds(new)[0].reason == "instalment_paid_already"
    assert shown(march, student) == ["paid", "paid", "due"]
    assert march.rows(count_stranded) == 0


def test_an_old_reference_for_a_part_ends_the_checkout_that_was_open_for_it(march: Any) -> None:
    student, _ = begun(march)
    old = march.reference(student)
    march.pass_time(minutes=61)
    new = march.reference(student)
    march.pay(old)
    march.verify(student, old)
    assert march.payment(new).status == "abandoned"
    assert march.payment(march.reference(student)).instalment == 3


def test_two_first_references_give_one_enrollment(march: Any) -> None:
    student = march.student()
    whole = march.reference(student)
    part = march.reference(student, **PARTS)
    assert whole != part
    assert march.reference(student) == part  # without a plan the open checkout stays as it is
    for reference in (part, whole):
        march.pay(reference)
        march.verify(student, reference)
    assert march.standing(part) == ("succeeded", "active")
    assert march.standing(whole) == ("refunding", "active")
    assert shown(march, student) == ["paid", "due", "upcoming"]


def test_the_other_way_round_there_are_no_parts(march: Any) -> None:
    student = march.student()
    whole = march.reference(student)
    part = march.reference(student, **PARTS)
    for reference in (whole, part):
        march.pay(reference)
        march.verify(student, reference)
    assert march.standing(whole) == ("succeeded", "active")
    assert march.standing(part) == ("refunding", "active")
    assert shown(march, student) == []


def test_another_amount_for_a_part_is_under_review_and_pays_nothing(march: Any) -> None:
    student, first = begun(march)
    second = march.reference(student)
    march.pay(second, amount=100_000)
    assert march.verify(student, second)["status"] == "mismatched"
    assert march.standing(first) == ("succeeded", "active")
    assert shown(march, student) == ["paid", "due", "upcoming"]
