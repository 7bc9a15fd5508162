"""Coupons: administrators make them, students pay less, and a limited one is used exactly as often as it may be."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chassis.testing.waiting import eventually
from contracts.events import EnrollmentActivated, PaymentRefunded, PaymentVerified
from enrollment.payments.checkout import Order, reserve

HALF = {"code": "half-price", "kind": "percentage", "percent": 50, "reason": "the spring campaign"}


def coupon(school: Any, status: int = 201, **changes: Any) -> Any:
    answer = school.http.post("/v1/admin/coupons", json={**HALF, **changes}, headers=school.admin)
    assert answer.status_code == status, answer.text
    return answer.json()


def changed(school: Any, status: int = 200, code: str = "half-price", **changes: Any) -> Any:
    body = {"reason": "it was agreed", **changes}
    answer = school.http.patch(f"/v1/admin/coupons/{code}", json=body, headers=school.admin)
    assert answer.status_code == status, answer.text
    return answer.json()


def uses(school: Any, code: str = "half-price") -> int:
    return school.http.get(f"/v1/admin/coupons/{code}", headers=school.admin).json()["uses"]


def price(school: Any, student: Any, **query: str) -> Any:
    return school.http.get(f"/v1/programs/{school.program}/price", params=query, headers=student.headers)


def refused(school: Any, student: Any, code: str = "half-price") -> str:
    """The code of the refusal, which the preview and the checkout must give alike."""
    seen, asked = price(school, student, coupon=code), school.checkout(student, {"coupon": code})
    assert (seen.status_code, asked.status_code) == (409, 409), (seen.text, asked.text)
    assert seen.json()["code"] == asked.json()["code"]
    return asked.json()["code"]


def test_a_student_pays_the_discounted_price_and_sees_it_everywhere(open_school: Any) -> None:
    open_school.cohort()
    coupon(open_school)
    student = open_school.student()
    seen = price(open_school, student, coupon="Half-Price").json()
    half = open_school.price // 2
    assert (seen["fullMinor"], seen["discountMinor"], seen["amountMinor"]) == (open_school.price, half, half)
    checkout = open_school.checkout(student, {"coupon": "half-price"}).json()
    assert (checkout["amountMinor"], checkout["discountMinor"], checkout["couponCode"]) == (half, half, "HALF-PRICE")
    reference = checkout["reference"]
    asked = open_school.sandbox.control(f"transactions/{reference}", method="GET")
    assert asked["amount"] == half
    open_school.pay(reference)
    assert open_school.verify(student, reference)["status"] == "succeeded"
    (paid,) = open_school.billing(student)["payments"]
    assert (paid["amountMinor"], paid["discountMinor"], paid["couponCode"]) == (half, half, "HALF-PRICE")
    (listed,) = open_school.http.get("/v1/admin/payments", headers=open_school.admin).json()["payments"]
    assert (listed["discountMinor"], listed["couponCode"]) == (half, "HALF-PRICE")
    assert [event.amount_minor for event in open_school.events(PaymentVerified)] == [half]
    assert open_school.audited("payment.opened")[0].details["terms"]["coupon"] == "HALF-PRICE"


def test_without_a_coupon_the_price_is_the_cohorts(open_school: Any) -> None:
    open_school.cohort()
    seen = price(open_school, open_school.student()).json()
    assert (seen["amountMinor"], seen["discountMinor"], seen["couponCode"]) == (open_school.price, 0, None)


def test_the_full_price_paid_for_a_discounted_checkout_is_under_review(open_school: Any) -> None:
    open_school.cohort()
    coupon(open_school)
    student = open_school.student()
    reference = open_school.reference(student, coupon="half-price")
    open_school.pay(reference, amount=open_school.price)
    assert open_school.verify(student, reference)["status"] == "mismatched"


def test_what_costs_nothing_needs_no_paystack(open_school: Any) -> None:
    open_school.cohort()
    coupon(open_school, code="scholar", percent=100)
    student = open_school.student()
    open_school.outage("down", next=1)
    answer = open_school.checkout(student, {"coupon": "scholar"}).json()
    assert (answer["authorization_url"], answer["status"], answer["amountMinor"]) == (None, "succeeded", 0)
    assert open_school.billing(student)["enrollmentStatus"] == "active"
    assert [event.origin for event in open_school.events(EnrollmentActivated)] == ["free"]
    assert uses(open_school, "scholar") == 1


def test_fifty_students_share_five_uses(open_school: Any) -> None:
    """Of ten programs, so that no lock of a cohort keeps them apart."""
    programs = [f"program-{number}" for number in range(10)]
    for program in programs:
        open_school.publish(program)
        open_school.cohort(programSlug=program)
    coupon(open_school, maxUses=5)
    wanted = [(open_school.student(), program) for program in programs for _ in range(5)]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda one: open_school.checkout(one[0], {"coupon": "half-price"}, one[1]), wanted))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(409)) == (5, 45)
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"coupon_used_up"}
    assert uses(open_school) == 5


def test_the_last_use_is_not_taken_twice_by_two_who_ask_at_once(
    open_school: Any, schema_for: Callable[[str], Any]
) -> None:
    """The second waits until the first has committed, though nothing else of the two meets."""
    open_school.cohort()
    open_school.publish("painting")
    open_school.cohort(programSlug="painting")
    coupon(open_school, maxUses=1)
    order = Order(
        student_id=open_school.student().id,
        program_slug=open_school.program,
        cohort=None,
        coupon="half-price",
        plan=None,
        hold=timedelta(hours=1),
        lease=timedelta(hours=1),
    )

    def somebody_waits() -> bool:
        with schema_for("enrollment").connect() as admin:
            waiting = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
            return bool(admin.exec_driver_sql(waiting).scalar())

    with ThreadPoolExecutor(1) as pool:
        with open_school.db.begin() as session:
            assert reserve(session, order, open_school.clock.now).created
            second = pool.submit(open_school.checkout, open_school.student(), {"coupon": "half-price"}, "painting")
            eventually(somebody_waits, what="the second one", every=0.2)  # the table is renewed ten times a second
        assert (second.result().status_code, second.result().json()["code"]) == (409, "coupon_used_up")


def test_twenty_tabs_of_one_student_take_one_use(open_school: Any) -> None:
    open_school.cohort()
    coupon(open_school, maxUses=1)
    student = open_school.student()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: open_school.checkout(student, {"coupon": "half-price"}), range(20)))
    assert len({answer.text for answer in answers}) == 1
    assert uses(open_school) == 1


def test_a_use_is_held_like_the_seat_and_given_back_at_the_same_instant(open_school: Any) -> None:
    open_school.cohort()
    coupon(open_school, maxUses=1)
    first, second = open_school.student(), open_school.student()
    open_school.reference(first, coupon="half-price")
    assert price(open_school, first, coupon="half-price").status_code == 200
    open_school.pass_time(minutes=59, seconds=59)
    assert refused(open_school, second) == "coupon_used_up"
    open_school.pass_time(seconds=1)
    assert price(open_school, second, coupon="half-price").status_code == 200
    assert uses(open_school) == 0


@pytest.mark.parametrize("end", ["failed", "no answer", "cancelled by staff"])
def test_a_checkout_that_ends_unpaid_gives_its_use_back(open_school: Any, end: str) -> None:
    open_school.cohort()
    coupon(open_school, maxUses=1)
    student = open_school.student()
    if end == "no answer":
        open_school.outage("down", "initialize")
        assert open_school.checkout(student, {"coupon": "half-price"}).status_code == 502
    else:
        reference = open_school.reference(student, coupon="half-price")
        assert uses(open_school) == 1
    if end == "failed":
        open_school.happen(reference, "fail")
        open_school.verify(student, reference)
    elif end == "cancelled by staff":
        path = f"/v1/admin/enrollments/{open_school.payment(reference).enrollment_id}"
        answer = open_school.http.request("DELETE", path, json={"reason": "asked"}, headers=open_school.admin)
        assert answer.status_code == 200
    assert uses(open_school) == 0
    assert open_school.checkout(open_school.student(), {"coupon": "half-price"}).status_code == 201


def test_a_paid_use_is_kept_and_one_student_has_one(open_school: Any) -> None:
    open_school.cohort()
    open_school.publish("painting")
    open_school.cohort(programSlug="painting")
    coupon(open_school)
    student, _ = open_school.enrolled(coupon="half-price")
    open_school.pass_time(hours=2)
    assert uses(open_school) == 1
    again = open_school.checkout(student, {"coupon": "half-price"}, program="painting")
    assert (again.status_code, again.json()["code"]) == (409, "coupon_already_used")


def test_money_that_goes_back_in_full_gives_the_use_back(open_school: Any) -> None:
    open_school.cohort()
    coupon(open_school, maxUses=1)
    _, reference = open_school.enrolled(coupon="half-price")
    open_school.refund(reference)
    assert uses(open_school) == 1
    open_school.run_refunds()
    open_school.forward()
    open_school.step_refunds(2)
    assert open_school.standing(reference) == ("refunded", "revoked")
    assert [event.refunded_minor for event in open_school.events(PaymentRefunded)] == [open_school.price // 2]
    assert uses(open_school) == 0


def test_late_money_is_honoured_at_the_price_agreed_and_the_count_shows_it(open_school: Any) -> None:
    open_school.cohort()
    coupon(open_school, maxUses=1)
    late = open_school.student()
    reference = open_school.reference(late, coupon="half-price")
    open_school.pass_time(minutes=61)
    open_school.expire_holds()
    open_school.enrolled(coupon="half-price")
    open_school.pay(reference)
    assert open_school.verify(late, reference)["status"] == "succeeded"
    assert open_school.standing(reference) == ("succeeded", "active")
    assert uses(open_school) == 2
    assert refused(open_school, open_school.student()) == "coupon_used_up"


def test_asking_again_finds_the_same_checkout_with_or_without_the_code(open_school: Any) -> None:
    open_school.cohort()
    coupon(open_school)
    student = open_school.student()
    first = open_school.checkout(student, {"coupon": "half-price"})
    again = open_school.checkout(student, {"coupon": " HALF-PRICE "})
    plain = open_school.checkout(student)
    assert [answer.status_code for answer in (first, again, plain)] == [201, 200, 200]
    assert first.json() == again.json() == plain.json()


def test_a_coupon_found_later_opens_a_new_checkout_in_the_same_cohort(open_school: Any) -> None:
    open_school.cohort(seats=5)
    start = (open_school.clock.now + timedelta(days=60)).date()
    second = open_school.cohort(seats=1, startDate=start.isoformat(), endDate=(start + timedelta(days=50)).isoformat())
    coupon(open_school)
    student = open_school.student()
    full = open_school.reference(student, cohort=second["slug"])
    answer = open_school.checkout(student, {"coupon": "half-price"})
    assert answer.status_code == 201
    cheap = answer.json()["reference"]
    assert str(open_school.payment(cheap).cohort_id) == second["id"]
    assert open_school.standing(full) == ("abandoned", "pending")
    assert open_school.standing(cheap) == ("pending", "pending")


def test_the_checkout_that_was_left_may_still_be_paid_and_the_other_goes_back(open_school: Any) -> None:
    open_school.cohort()
    coupon(open_school)
    student = open_school.student()
    full = open_school.reference(student)
    cheap = open_school.reference(student, coupon="half-price")
    for reference in (full, cheap):
        open_school.pay(reference)
        open_school.verify(student, reference)
    assert open_school.standing(full) == ("succeeded", "active")
    assert open_school.standing(cheap) == ("refunding", "active")
    assert uses(open_school) == 1  # until the refund has arrived


def test_a_code_that_does_not_apply_leaves_the_open_checkout_alone(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    reference = open_school.reference(student)
    assert refused(open_school, student, "nothing-like-it") == "coupon_unknown"
    assert open_school.standing(reference) == ("pending", "pending")
    assert open_school.reference(student) == reference


def test_dates_are_exact_to_the_instant(open_school: Any) -> None:
    open_school.cohort()
    student = open_school.student()
    begins, ends = open_school.clock.now + timedelta(hours=1), open_school.clock.now + timedelta(hours=2)
    coupon(open_school, validFrom=begins.isoformat(), validUntil=ends.isoformat())
    open_school.clock.set(begins - timedelta(microseconds=1))
    assert refused(open_school, student) == "coupon_not_yet_valid"
    open_school.clock.set(begins)
    assert price(open_school, student, coupon="half-price").status_code == 200
    open_school.clock.set(ends - timedelta(microseconds=1))
    assert price(open_school, student, coupon="half-price").status_code == 200
    open_school.clock.set(ends)
    assert refused(open_school, student) == "coupon_expired"


def test_where_and_in_which_money_a_coupon_works(open_school: Any) -> None:
    open_school.publish("painting")
    here = open_school.cohort()
    elsewhere = open_school.cohort(programSlug="painting")
    coupon(open_school, code="paint", programs=["painting"])
    coupon(open_school, code="there", cohorts=[elsewhere["slug"]])
    coupon(open_school, code="here", cohorts=[here["slug"]], programs=[open_school.program])
    coupon(open_school, code="dollars", kind="fixed", percent=None, amountMinor=500, currency="USD")
    coupon(open_school, code="naira", kind="fixed", percent=None, amountMinor=500, currency="NGN")
    student = open_school.student()
    assert refused(open_school, student, "paint") == "coupon_not_for_program"
    assert refused(open_school, student, "there") == "coupon_not_for_cohort"
    assert refused(open_school, student, "dollars") == "coupon_wrong_currency"
    assert price(open_school, student, coupon="here").json()["amountMinor"] == open_school.price // 2
    assert price(open_school, student, coupon="naira").json()["amountMinor"] == open_school.price - 500


def test_a_free_cohort_takes_no_use(open_school: Any) -> None:
    open_school.cohort(amountMinor=0)
    coupon(open_school)
    assert open_school.checkout(open_school.student(), {"coupon": "half-price"}).json()["couponCode"] is None
    assert uses(open_school) == 0


def test_a_disabled_coupon_is_unknown_and_what_was_begun_goes_on(open_school: Any) -> None:
    open_school.cohort()
    made = coupon(open_school)
    student = open_school.student()
    reference = open_school.reference(student, coupon="half-price")
    assert (changed(open_school, disabled=True)["disabled"], made["version"]) == (True, 1)
    assert refused(open_school, open_school.student()) == "coupon_unknown"
    assert open_school.reference(student, coupon="half-price") == reference
    open_school.pay(reference)
    assert open_school.verify(student, reference)["status"] == "succeeded"
    (entry,) = open_school.audited("coupon.changed")
    assert (entry.actor, entry.subject_id, entry.reason) == ("admin", "HALF-PRICE", "it was agreed")
    assert entry.details == {"changes": {"disabled": [False, True]}}
    assert open_school.audited("coupon.created")[0].reason == HALF["reason"]


def test_a_change_names_what_it_changes_and_the_rest_stays(open_school: Any) -> None:
    made = coupon(open_school, maxUses=5, validFrom="2026-01-01T00:00:00Z")
    after = changed(open_school, maxUses=None, maxUsesPerStudent=3)
    assert after == {**made, "maxUses": None, "maxUsesPerStudent": 3, "version": 2}
    assert changed(open_school, maxUsesPerStudent=3) == after
    changed(open_school, 422, validUntil="2025-01-01T00:00:00Z")
    changed(open_school, 422, maxUsesPerStudent=None)
    changed(open_school, 422, percent=60)
    changed(open_school, 404, code="another", disabled=True)
    assert open_school.http.get("/v1/admin/coupons/half-price", headers=open_school.admin).json() == after


def test_a_smaller_limit_counts_from_now_on(open_school: Any) -> None:
    open_school.cohort()
    coupon(open_school)
    open_school.enrolled(coupon="half-price")
    changed(open_school, maxUses=1)
    assert refused(open_school, open_school.student()) == "coupon_used_up"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "x"}, "code"),
        ({"code": "with space"}, "code"),
        ({"kind": "gift"}, "kind"),
        ({"percent": 0}, "percent"),
        ({"percent": 101}, "percent"),
        ({"percent": None}, "percent"),
        ({"amountMinor": 100}, "amountMinor"),
        ({"kind": "fixed", "percent": None, "amountMinor": 100}, "currency"),
        ({"kind": "fixed", "percent": None, "amountMinor": 100, "currency": "EUR"}, "currency"),
        ({"kind": "fixed", "percent": None, "amountMinor": 0, "currency": "NGN"}, "amountMinor"),
        ({"maxUses": 0}, "maxUses"),
        ({"maxUsesPerStudent": 0}, "maxUsesPerStudent"),
        ({"validFrom": "2026-03-01T00:00:00"}, "validFrom"),
        ({"validUntil": "9999-12-31T23:59:59Z"}, "validUntil"),
        ({"validFrom": "2026-03-01T00:00:00Z", "validUntil": "2026-03-01T00:00:00Z"}, "validUntil"),
        ({"programs": []}, "programs"),
        ({"programs": ["unknown"]}, "programs"),
        ({"cohorts": ["unknown"]}, "cohorts"),
        ({"reason": ""}, "reason"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(open_school: Any, change: Any, field: str) -> None:
    answer = coupon(open_school, 422, **change)
    assert field in [error["field"] for error in answer["errors"]]


def test_a_code_is_used_once_whatever_its_case(open_school: Any) -> None:
    coupon(open_school)
    assert coupon(open_school, 409, code="HALF-price")["code"] == "code_taken"


def test_coupons_are_listed_newest_first(open_school: Any) -> None:
    for number in range(3):
        coupon(open_school, code=f"code-{number}")
    page = open_school.http.get("/v1/admin/coupons?limit=2", headers=open_school.admin).json()
    assert [one["code"] for one in page["coupons"]] == ["CODE-2", "CODE-1"]
    query = {"cursor": page["nextCursor"]}
    rest = open_school.http.get("/v1/admin/coupons", params=query, headers=open_school.admin).json()
    assert ([one["code"] for one in rest["coupons"]], rest["nextCursor"]) == (["CODE-0"], None)


def test_a_lost_page_keeps_the_price_under_its_new_reference(open_school: Any) -> None:
    open_school.cohort()
    coupon(open_school, maxUses=1)
    student = open_school.student()
    lost = open_school.reference(student, coupon="half-price")
    with open_school.db.begin() as session:
        row = session.get_one(type(open_school.payment(lost)), open_school.payment(lost).id)
        row.authorization_url = row.access_code = None
        row.initialising_until = open_school.clock.now
    answer = open_school.checkout(student, {"coupon": "half-price"}).json()
    assert answer["reference"] != lost
    assert (answer["amountMinor"], answer["couponCode"]) == (open_school.price // 2, "HALF-PRICE")
    assert uses(open_school) == 1


def test_where_there_is_no_cohort_there_is_no_price(open_school: Any) -> None:
    answer = price(open_school, open_school.student())
    assert (answer.status_code, answer.json()["code"]) == (409, "no_open_cohort")
