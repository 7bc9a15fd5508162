"""Checkout: one reference per student and cohort, a seat for each, nothing half done."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from contracts.events import EnrollmentActivated, PaymentVerified
from enrollment.models import Enrollment, Payment


def test_a_checkout_is_a_page_of_paystack_and_a_seat(open_school: Any) -> None:
    cohort = open_school.cohort(seats=5)
    student = open_school.student()
    answer = open_school.checkout(student)
    body = answer.json()
    assert answer.status_code == 201
    assert body["authorization_url"].startswith(open_school.sandbox.url + "/checkout/")
    assert body["accessCode"]
    assert re.fullmatch(r"edx-[a-z2-7]{26}", body["reference"])
    assert (body["status"], body["amountMinor"], body["currency"]) == ("pending", open_school.price, "NGN")
    assert body["expiresAt"] == (open_school.clock.now + timedelta(minutes=60)).isoformat().replace("+00:00", "Z")
    assert open_school.can_enroll()["cohort"] == {
        **open_school.can_enroll()["cohort"],
        "id": cohort["id"],
        "seatsLeft": 4,
    }
    assert open_school.billing(student)["enrollmentStatus"] == "pending"


def test_asking_again_while_unpaid_returns_the_same_checkout(open_school: Any) -> None:
    cohort = open_school.cohort()
    student = open_school.student()
    first = open_school.checkout(student)
    again = open_school.checkout(student)
    named = open_school.checkout(student, {"cohort": cohort["slug"]})
    by_id = open_school.checkout(student, {"cohort": cohort["id"]})
    assert [answer.status_code for answer in (first, again, named, by_id)] == [201, 200, 200, 200]
    assert first.json() == again.json() == named.json() == by_id.json()


def test_the_same_idempotency_key_answers_the_first_answer_status_included(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    key = {"Idempotency-Key": "try-1"}
    first, again = open_school.checkout(student, **key), open_school.checkout(student, **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


def test_twenty_tabs_open_one_checkout(open_school: Any) -> None:
    open_school.cohort(seats=1)
    student = open_school.student()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: open_school.checkout(student), range(20)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.text for answer in answers}) == 1
    assert open_school.rows(lambda s: s.scalar(select(func.count()).select_from(Payment))) == 1


def test_fifty_buyers_for_five_seats_get_five(open_school: Any) -> None:
    open_school.cohort(seats=5)
    students = [open_school.student() for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(open_school.checkout, students))
    codes = [answer.status_code for answer in answers]
    assert codes.count(201) == 5
    assert codes.count(409) == 45
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"cohort_full"}
    assert open_school.can_enroll()["reason"] == "cohort_full"
    assert open_school.rows(lambda s: s.scalar(select(func.count()).select_from(Enrollment))) == 5


def test_a_full_cohort_steps_aside_for_the_next(open_school: Any) -> None:
    open_school.cohort(seats=0)
    later = (open_school.clock.now + timedelta(days=60)).date()
    second = open_school.cohort(startDate=later.isoformat(), endDate=(later + timedelta(days=50)).isoformat())
    reference = open_school.reference(open_school.student())
    assert str(open_school.payment(reference).cohort_id) == second["id"]


def test_the_student_who_holds_the_last_seat_may_go_on(open_school: Any) -> None:
    open_school.cohort(seats=1)
    student = open_school.student()
    open_school.reference(student)
    assert open_school.can_enroll()["reason"] == "cohort_full"
    assert open_school.can_enroll(student)["allowed"] is True


def test_an_expired_hold_frees_its_seat_at_that_instant_and_a_new_reference_is_made(open_school: Any) -> None:
    open_school.cohort(seats=1)
    student, other = open_school.student(), open_school.student()
    first = open_school.reference(student)
    open_school.pass_time(minutes=59, seconds=59)
    assert open_school.checkout(other).status_code == 409
    open_school.pass_time(seconds=1)
    assert open_school.can_enroll()["allowed"] is True
    second = open_school.reference(student)
    assert second != first
    assert open_school.payment(first).status == "abandoned"
    assert open_school.standing(second) == ("pending", "pending")


def test_the_sweeper_cancels_what_expired_unpaid(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    reference = open_school.reference(student)
    open_school.pass_time(minutes=59)
    assert open_school.expire_holds() == 0
    open_school.pass_time(minutes=1)
    assert open_school.expire_holds() == 1
    assert open_school.standing(reference) == ("abandoned", "cancelled")
    billing = open_school.billing(student)
    assert (billing["enrollmentStatus"], billing["hasAccess"], billing["canRetry"]) == ("cancelled", False, True)


def test_the_sweeper_asks_paystack_before_it_takes_the_seat_away(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pay(reference)
    open_school.pass_time(minutes=61)
    open_school.expire_holds()
    assert open_school.standing(reference) == ("succeeded", "active")


def test_choosing_another_cohort_moves_the_seat(open_school: Any) -> None:
    first, second = open_school.cohort(seats=1), open_school.cohort(seats=1)
    student = open_school.student()
    one = open_school.reference(student, cohort=first["slug"])
    two = open_school.reference(student, cohort=second["slug"])
    assert open_school.standing(one) == ("abandoned", "cancelled")
    assert open_school.standing(two) == ("pending", "pending")
    assert open_school.can_enroll(cohort=first["slug"])["cohort"]["seatsLeft"] == 1


def test_a_free_program_enrols_without_paystack(open_school: Any) -> None:
    open_school.cohort(amountMinor=0)
    student = open_school.student()
    open_school.outage("down", next=1)
    answer = open_school.checkout(student)
    body = answer.json()
    assert answer.status_code == 201
    assert (body["authorization_url"], body["status"], body["amountMinor"]) == (None, "succeeded", 0)
    billing = open_school.billing(student)
    assert (billing["enrollmentStatus"], billing["hasAccess"], billing["canRetry"]) == ("active", True, False)
    assert [event.origin for event in open_school.events(EnrollmentActivated)] == ["free"]
    assert open_school.events(PaymentVerified) == []
    again = open_school.checkout(student)
    assert (again.status_code, again.json()["code"]) == (409, "already_enrolled")


@pytest.mark.parametrize("kind", ["down", "rubbish", "rate-limited", "lost-answer"])
def test_without_an_answer_of_paystack_nothing_is_half_done(open_school: Any, kind: str) -> None:
    open_school.cohort(seats=1)
    student = open_school.student()
    open_school.outage(kind, "initialize", seconds=0)
    answer = open_school.checkout(student)
    assert answer.status_code == 502
    assert answer.json()["code"] == "payment_provider_unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    assert open_school.can_enroll()["cohort"]["seatsLeft"] == 1
    assert open_school.billing(student)["enrollmentStatus"] == "cancelled"
    assert open_school.checkout(student).status_code == 201


def test_paystack_that_cannot_be_reached_or_refuses_is_a_502(
    enrollment_settings: Any, serve: Any, open_school: Any
) -> None:
    from enrollment.main import create_app

    open_school.cohort()
    for changed in ({"paystack_base_url": "http://127.0.0.1:1"}, {"paystack_secret_keys": "sk_test_unknown"}):
        http = serve(create_app(enrollment_settings(**changed)))
        student = open_school.student()
        answer = http.post(f"/v1/programs/{open_school.program}/payments", headers=student.headers)
        assert (answer.status_code, answer.json()["code"]) == (502, "payment_provider_unavailable")
        assert "Retry-After" in answer.headers


def test_a_slow_paystack_costs_its_own_callers_only(enrollment_settings: Any, serve: Any, open_school: Any) -> None:
    from enrollment.main import create_app

    open_school.cohort(seats=3)
    http = serve(create_app(enrollment_settings(paystack_timeout_seconds=0.5)))
    open_school.outage("slow", "initialize", seconds=2, next=6)
    url, students = f"/v1/programs/{open_school.program}/payments", [open_school.student() for _ in range(3)]
    with ThreadPoolExecutor(12) as pool:
        slow = [pool.submit(http.post, url, headers=student.headers) for student in students for _ in range(2)]
        assert http.get("/v1/programs").status_code == 200
        codes = {each.result().status_code for each in slow}
    assert codes == {502}
    assert open_school.can_enroll()["cohort"]["seatsLeft"] == 3


def _died_while_initialising(school: Any, reference: str) -> None:
    """As after a kill -9 between the reservation and Paystack's answer."""
    with school.db.begin() as session:
        session.execute(
            update(Payment)
            .where(Payment.reference == reference)
            .values(authorization_url=None, access_code=None, initialising_until=school.clock.now)
        )


def test_a_reservation_whose_request_died_after_paystack_knew_it_gets_a_new_reference(open_school: Any) -> None:
    open_school.cohort(seats=1)
    student = open_school.student()
    lost = open_school.reference(student)
    _died_while_initialising(open_school, lost)
    answer = open_school.checkout(student)
    assert answer.status_code == 201
    assert answer.json()["reference"] != lost
    assert answer.json()["authorization_url"]
    assert open_school.payment(lost).status == "abandoned"
    assert open_school.enrollment_of(lost).status == "pending"


def test_a_reservation_whose_request_died_before_paystack_knew_it_goes_on_under_its_reference(open_school: Any) -> None:
    open_school.cohort(seats=1)
    student = open_school.student()
    lost = open_school.reference(student)
    _died_while_initialising(open_school, lost)
    open_school.sandbox.reset()
    answer = open_school.checkout(student)
    assert (answer.status_code, answer.json()["reference"]) == (201, lost)
    assert answer.json()["authorization_url"]


def test_the_seat_of_a_request_that_died_is_freed_by_the_worker(open_school: Any) -> None:
    from enrollment.payments.reconcile import release_dead

    open_school.cohort(seats=1)
    lost = open_school.reference(open_school.student())
    _died_while_initialising(open_school, lost)
    assert release_dead(open_school.cashier, open_school.clock.now) == 1
    assert open_school.standing(lost) == ("abandoned", "cancelled")


def test_callbacks_go_only_to_our_own_origins(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    refused = open_school.checkout(student, {"callbackUrl": "https://school.example.evil.test/back"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "callbackUrl")
    reference = open_school.reference(student, callbackUrl="https://school.example/back?x=1")
    known = open_school.sandbox.control(f"transactions/{reference}", method="GET")
    assert known["callback_url"] == "https://school.example/back?x=1"


def test_an_account_without_an_email_address_cannot_pay(open_school: Any) -> None:
    open_school.cohort()
    headers = open_school.tokens.bearer(email=None)
    answer = open_school.http.post(f"/v1/programs/{open_school.program}/payments", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "email_required")


@pytest.mark.parametrize(
    ("changes", "days", "code"),
    [
        ({}, 29, "closed_before_start"),
        ({"lateJoin": False}, 31, "late_join_not_offered"),
        ({}, 38, "week_two_unlocked"),
        ({"published": False}, 0, "no_open_cohort"),
        ({"archived": True}, 0, "no_open_cohort"),
    ],
)
def test_outside_the_window_checkout_says_why(open_school: Any, changes: Any, days: int, code: str) -> None:
    open_school.cohort(**changes)
    open_school.clock.advance(days=days)
    answer = open_school.checkout(open_school.student())
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert answer.json()["detail"]
