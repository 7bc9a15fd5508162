"""Instalments: agreed at the checkout, paid one by one, reminded of, suspended when unpaid, resumed when paid."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from services.enrollment.tests.instalment_dates import (
    FIRST,
    GRACE,
    INSTANT,
    MARCH,
    PARTS,
    SECOND,
    SECOND_DUE,
    THIRD,
    THIRD_DUE,
    at,
    begun,
    pay_next,
    shown,
)
from sqlalchemy import select

from contracts.events import (
    AccountErased,
    EnrollmentActivated,
    EnrollmentSuspended,
    InstalmentDue,
    InstalmentOverdue,
    PaymentVerified,
)
from enrollment.instalments import follow_up
from enrollment.models import Instalment, InstalmentNotice
from enrollment.payments.metrics import count_stranded


def test_a_price_is_paid_in_parts_one_after_the_other(march: Any) -> None:
    student = march.student()
    offered = march.can_enroll(student)["price"]["instalments"]
    assert [(part["amountMinor"], part["dueAt"]) for part in offered] == [
        (FIRST, None),
        (SECOND, "2026-03-31T23:00:00Z"),
        (THIRD, "2026-04-30T23:00:00Z"),
    ]
    checkout = march.checkout(student, PARTS).json()
    assert (checkout["amountMinor"], checkout["instalment"]) == (FIRST, 1)
    references = []
    for amount, standing in ((FIRST, ["paid", "due", "upcoming"]), (SECOND, ["paid", "paid", "due"])):
        references.append(pay_next(march, student))
        assert march.payment(references[-1]).amount_minor == amount
        assert shown(march, student) == standing
        billing = march.billing(student)
        assert (billing["enrollmentStatus"], billing["hasAccess"]) == ("active", True)
        assert billing["nextInstalment"] == next(one for one in billing["instalments"] if one["status"] == "due")
    references.append(pay_next(march, student, plan="instalments"))
    billing = march.billing(student)
    assert [part["reference"] for part in billing["instalments"]] == references
    assert [payment["instalment"] for payment in billing["payments"]] == [3, 2, 1]
    assert billing["nextInstalment"] is None
    again = march.checkout(student, PARTS)
    assert (again.status_code, again.json()["code"]) == (409, "already_enrolled")
    assert [event.amount_minor for event in march.events(PaymentVerified)] == [FIRST, SECOND, THIRD]
    assert len(march.events(EnrollmentActivated)) == 1
    assert march.rows(count_stranded) == 0
    assert [entry.details["number"] for entry in march.audited("instalment.paid")] == [2, 3]


def test_without_a_plan_the_whole_price_is_asked(march: Any) -> None:
    student, reference = march.enrolled()
    assert march.payment(reference).amount_minor == march.price
    assert (march.billing(student)["instalments"], march.billing(student)["nextInstalment"]) == ([], None)


def test_a_cohort_without_a_plan_offers_none(february: Any) -> None:
    february.cohort()
    assert february.can_enroll()["price"]["instalments"] is None
    answer = february.checkout(february.student(), PARTS)
    assert (answer.status_code, answer.json()["code"]) == (409, "instalments_not_offered")
    assert february.can_enroll(february.student())["allowed"] is True


def test_a_free_enrollment_has_no_parts(march: Any) -> None:
    coupon = {"code": "scholar", "kind": "percentage", "percent": 100, "reason": "a scholarship"}
    assert march.http.post("/v1/admin/coupons", json=coupon, headers=march.admin).status_code == 201
    student = march.student()
    assert march.checkout(student, {**PARTS, "coupon": "scholar"}).json()["status"] == "succeeded"
    assert march.billing(student)["instalments"] == []


def test_an_unpaid_part_suspends_exactly_when_its_grace_ends_and_paying_resumes(march: Any) -> None:
    student, first = begun(march)
    at(march, SECOND_DUE + GRACE - INSTANT)
    assert march.standing(first) == ("succeeded", "active")
    assert shown(march, student) == ["paid", "overdue", "due"]
    at(march, SECOND_DUE + GRACE)
    assert march.standing(first) == ("succeeded", "suspended")
    assert [event.reason for event in march.events(EnrollmentSuspended)] == ["instalment_overdue"]
    assert march.audited("enrollment.suspended")[0].actor == "rules"
    assert march.billing(student)["hasAccess"] is False
    pay_next(march, student)
    assert march.standing(first) == ("succeeded", "active")
    assert [event.origin for event in march.events(EnrollmentActivated)] == ["payment", "restored"]
    assert shown(march, student) == ["paid", "paid", "due"]


def test_two_overdue_parts_are_both_to_be_paid(march: Any) -> None:
    student, first = begun(march)
    at(march, THIRD_DUE + GRACE)
    pay_next(march, student)
    assert march.standing(first) == ("succeeded", "suspended")
    pay_next(march, student)
    assert march.standing(first) == ("succeeded", "active")


def test_whoever_pays_ahead_is_left_in_peace(march: Any) -> None:
    student, first = begun(march)
    pay_next(march, student)
    pay_next(march, student)
    at(march, THIRD_DUE + 2 * GRACE)
    assert march.standing(first) == ("succeeded", "active")
    assert march.events(InstalmentDue) == march.events(InstalmentOverdue) == []
    assert march.rows(lambda s: list(s.scalars(select(Instalment.next_step_at)))) == [None] * 3


def test_reminders_come_once_each_before_and_after_the_due_date(march: Any) -> None:
    begun(march)
    for days in range(-10, 10):
        at(march, SECOND_DUE + timedelta(days=days))
        at(march, SECOND_DUE + timedelta(days=days, hours=12))
    due, overdue = march.events(InstalmentDue), march.events(InstalmentOverdue)
    assert [(event.number, event.parts, event.days_left) for event in due] == [(2, 3, 7), (2, 3, 1)]
    assert [(event.number, event.stage) for event in overdue] == [(2, "overdue"), (2, "last_warning")]
    assert {event.amount_minor for event in due} == {SECOND}
    assert {(event.due_at, event.suspends_at) for event in overdue} == {(SECOND_DUE, SECOND_DUE + GRACE)}
    sequences = [event.sequence for event in march.events() if isinstance(event, InstalmentDue | InstalmentOverdue)]
    assert sequences == sorted(set(sequences))


def test_ten_workers_at_once_remind_and_suspend_once(march: Any) -> None:
    for _ in range(5):
        begun(march)
    march.clock.set(SECOND_DUE + GRACE)
    with ThreadPoolExecutor(10) as pool:
        for run in [pool.submit(follow_up.run_due, march.cashier, march.clock.now) for _ in range(10)]:
            run.result()
    assert len(march.events(EnrollmentSuspended)) == 5
    assert len(march.events(InstalmentOverdue)) == 5
    assert len(march.rows(lambda s: list(s.scalars(select(InstalmentNotice.id))))) == 5


def test_an_expired_or_failed_checkout_of_a_part_leaves_the_seat(march: Any) -> None:
    student, first = begun(march)
    expired = march.reference(student)
    march.pass_time(minutes=61)
    assert march.expire_holds() == 1
    assert march.standing(expired) == ("abandoned", "active")
    failed = march.reference(student)
    march.happen(failed, "fail")
    march.verify(student, failed)
    assert march.standing(failed) == ("failed", "active")
    march.outage("down", "initialize")
    assert march.checkout(student).status_code == 502
    assert march.standing(first) == ("succeeded", "active")
    assert march.payment(pay_next(march, student)).instalment == 2


def test_twenty_tabs_open_one_checkout_of_the_next_part(march: Any) -> None:
    student, _ = begun(march)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: march.checkout(student), range(20)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.text for answer in answers}) == 1


def test_a_part_can_be_paid_when_the_program_is_no_longer_on_sale(march: Any) -> None:
    student, _ = begun(march)
    march.publish(sequence=2, published=False)
    assert march.payment(pay_next(march, student)).instalment == 2


def test_what_has_fallen_due_is_paid_at_the_checkout(february: Any) -> None:
    plan = {"parts": [{"percent": 50}, {"percent": 30, "dueDays": 0}, {"percent": 20, "dueDays": 14}]}
    february.cohort(**{**MARCH, "instalments": plan})
    started = datetime(2026, 3, 2, 23, tzinfo=UTC)
    february.clock.set(started - INSTANT)
    assert len(february.can_enroll()["price"]["instalments"]) == 3
    february.clock.set(started)
    offered = february.can_enroll()["price"]["instalments"]
    assert [part["amountMinor"] for part in offered] == [2_000_000, 500_000]
    student, reference = begun(february)
    assert february.payment(reference).amount_minor == 2_000_000
    assert shown(february, student) == ["paid", "due"]


def test_a_new_plan_touches_nobody_who_has_agreed_to_the_old_one(march: Any) -> None:
    agreed, _ = begun(march)
    asked = march.student()
    reference = march.reference(asked, **PARTS)
    other = {"parts": [{"percent": 90}, {"percent": 10, "dueDate": "2026-03-15"}], "graceDays": 0}
    dry = march.http.patch(
        "/v1/admin/cohorts/march?dryRun=true", json={"instalments": other}, headers=march.admin
    ).json()
    assert [change["field"] for change in dry["changes"]] == ["instalments"]
    assert dry["changes"][0]["after"]["parts"][0]["percent"] == 90
    changed = march.http.patch("/v1/admin/cohorts/march", json={"instalments": other}, headers=march.admin)
    assert (changed.status_code, changed.json()["instalments"]["graceDays"]) == (200, 0)
    assert len(march.can_enroll()["price"]["instalments"]) == 2
    march.pay(reference)
    march.verify(asked, reference)
    for student in (agreed, asked):
        assert [part["amountMinor"] for part in march.billing(student)["instalments"]] == [FIRST, SECOND, THIRD]
    none = march.http.patch("/v1/admin/cohorts/march", json={"instalments": None}, headers=march.admin)
    assert none.json()["instalments"] is None
    assert march.payment(pay_next(march, agreed)).amount_minor == SECOND


def test_a_coupon_is_spread_over_the_parts(march: Any) -> None:
    coupon = {"code": "half", "kind": "percentage", "percent": 50, "maxUses": 1, "reason": "a campaign"}
    assert march.http.post("/v1/admin/coupons", json=coupon, headers=march.admin).status_code == 201
    student = march.student()
    path = f"/v1/programs/{march.program}/price?coupon=half"
    price = march.http.get(path, headers=student.headers).json()
    assert [part["amountMinor"] for part in price["instalments"]] == [FIRST // 2, SECOND // 2, THIRD // 2]
    first = pay_next(march, student, **PARTS, coupon="half")
    late = march.checkout(student, {"coupon": "half"})
    assert (late.status_code, late.json()["code"]) == (409, "coupon_comes_too_late")
    second = pay_next(march, student)
    assert [march.payment(one).amount_minor for one in (first, second)] == [FIRST // 2, SECOND // 2]
    paid = march.billing(student)["payments"]
    assert [(one["discountMinor"], one["couponCode"]) for one in paid] == [(SECOND // 2, "HALF"), (FIRST // 2, "HALF")]
    assert march.http.get("/v1/admin/coupons/half", headers=march.admin).json()["uses"] == 1


def test_a_plan_found_later_keeps_the_coupon_of_the_checkout(march: Any) -> None:
    coupon = {"code": "half", "kind": "percentage", "percent": 50, "maxUses": 1, "reason": "a campaign"}
    assert march.http.post("/v1/admin/coupons", json=coupon, headers=march.admin).status_code == 201
    student = march.student()
    march.reference(student, coupon="half")
    answer = march.checkout(student, PARTS).json()
    assert (answer["amountMinor"], answer["couponCode"], answer["instalment"]) == (FIRST // 2, "HALF", 1)


def test_an_erased_account_is_reminded_of_nothing_and_its_money_goes_back(march: Any) -> None:
    student, first = begun(march)
    reference = march.reference(student)
    march.deliver(AccountErased(sequence=1, account_id=student.id, erased_at=march.clock.now))
    assert march.standing(reference) == ("abandoned", "revoked")
    march.pay(reference)
    march.cashier.settle_reference(reference, march.clock.now)
    assert march.standing(reference) == ("refunding", "revoked")
    at(march, SECOND_DUE + GRACE)
    assert march.events(InstalmentOverdue) == march.events(EnrollmentSuspended) == []
    assert march.standing(first) == ("succeeded", "revoked")


def test_staff_who_end_an_enrollment_end_its_open_checkout(march: Any) -> None:
    student, first = begun(march)
    reference = march.reference(student)
    path = f"/v1/admin/enrollments/{march.payment(first).enrollment_id}"
    assert march.http.request("DELETE", path, json={"reason": "asked"}, headers=march.admin).status_code == 200
    assert march.standing(reference) == ("abandoned", "revoked")


def test_the_cached_billing_ends_when_a_part_falls_due(march: Any) -> None:
    student, _ = begun(march)
    march.clock.set(SECOND_DUE - INSTANT)
    assert shown(march, student) == ["paid", "due", "upcoming"]
    march.clock.set(SECOND_DUE)
    assert shown(march, student) == ["paid", "overdue", "due"]


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ({"parts": [{"percent": 50}]}, "instalments.parts"),
        ({"parts": [{"percent": 50}, {"percent": 40, "dueDays": 5}]}, "instalments"),
        ({"parts": [{"percent": 50}, {"percent": 50}]}, "instalments"),
        ({"parts": [{"percent": 50}, {"percent": 50, "dueDays": -1}]}, "instalments.parts.1.dueDays"),
        ({"parts": [{"percent": 50}, {"percent": 50, "dueDays": 5}], "graceDays": 91}, "instalments.graceDays"),
        ({"parts": [{"amountMinor": 5}, {"amountMinor": 6, "dueDays": 5}]}, "instalments"),
        ({"parts": [{"percent": 50}, {"percent": 50, "dueDays": 5, "late": 1}]}, "instalments.parts.1.late"),
        ({"parts": [{"percent": 50}] + [{"percent": 1, "dueDays": n} for n in range(12)]}, "instalments.parts"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_by_name(february: Any, plan: Any, field: str) -> None:
    document = february.cohort_document(**{**MARCH, "instalments": plan})
    answer = february.http.post("/v1/admin/cohorts", json=document, headers=february.admin)
    assert answer.status_code == 422, answer.text
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_a_price_that_no_longer_fits_its_plan_is_refused(february: Any) -> None:
    plan = {"parts": [{"amountMinor": 1_500_000}, {"amountMinor": 1_000_000, "dueDays": 5}]}
    february.cohort(**{**MARCH, "instalments": plan})
    answer = february.http.patch("/v1/admin/cohorts/march", json={"amountMinor": 9_000_000}, headers=february.admin)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "instalments")
