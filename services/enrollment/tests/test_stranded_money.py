"""Kept money without access heals by the rules under which money arrives; each case was made by hand."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry
from services.enrollment.tests.instalment_dates import FIRST, GRACE, PARTS, SECOND_DUE, at, begun, pay_next, shown
from sqlalchemy import select, update

from chassis.messaging.sweeps import Sweeps
from chassis.testing.log_lines import LogLines
from contracts.events import AccountErased, EnrollmentActivated, EnrollmentRevoked, InstalmentOverdue
from enrollment.models import AuditEntry, Enrollment, Instalment, Payment
from enrollment.parts import terms_of
from enrollment.payments.metrics import count_stranded
from enrollment.payments.stranded import find, paid_not_enrolled
from enrollment.worker import create_app


@pytest.fixture
def sweep(open_school: Any, enrollment_settings: Callable[..., Any]) -> Callable[[], float]:
    """Runs the sweep once, a minute after the last time; answers how many cases it has closed so far."""
    saga = paid_not_enrolled(terms_of(enrollment_settings()))
    sweeps, registry = Sweeps([saga]), CollectorRegistry()
    sweeps.count_into(registry, "enrollment")
    labels = {"service": "enrollment", "saga": "paid_not_enrolled"}
    minutes = itertools.count()

    def run() -> float:
        sweeps.run(saga, open_school.db, open_school.clock.now + timedelta(minutes=next(minutes)))
        return registry.get_sample_value("edx_saga_repaired_total", labels) or 0.0

    return run


def change(school: Any, reference: str, **values: Any) -> None:
    with school.db.begin() as session:
        row = session.get_one(Enrollment, school.enrollment_of(reference).id)
        for name, value in values.items():
            setattr(row, name, value)


def test_what_is_well_is_left_alone(open_school: Any, sweep: Callable[[], float]) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    assert sweep() == 0
    assert open_school.standing(reference) == ("succeeded", "active")
    assert len(open_school.events(EnrollmentActivated)) == 1


def test_money_whose_activation_was_lost_gives_access(open_school: Any, sweep: Callable[[], float]) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    change(open_school, reference, payment_id=None, status="pending", origin=None, activated_at=None)
    assert open_school.rows(count_stranded) == 1
    assert sweep() == 1
    assert open_school.standing(reference) == ("succeeded", "active")
    assert len(open_school.events(EnrollmentActivated)) == 2
    assert open_school.rows(count_stranded) == 0
    assert sweep() == 1
    with open_school.db.begin() as session:
        assert session.query(AuditEntry).filter_by(action="payment.stranded").count() == 1


def test_a_lost_link_is_tied_again_and_nothing_goes_back(open_school: Any, sweep: Callable[[], float]) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    change(open_school, reference, payment_id=None)
    assert sweep() == 1
    assert open_school.standing(reference) == ("succeeded", "active")
    assert open_school.refunds(reference) == []
    assert len(open_school.events(EnrollmentActivated)) == 1


def test_money_for_an_access_that_other_money_gave_goes_back(open_school: Any, sweep: Callable[[], float]) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    change(open_school, reference, payment_id=uuid4())
    assert sweep() == 1
    assert open_school.standing(reference) == ("refunding", "active")
    (refund,) = open_school.refunds(reference)
    assert (refund.origin, refund.reason) == ("automatic", "already_enrolled")


@pytest.mark.parametrize("status", ["pending", "cancelled"])
def test_money_whose_enrollment_fell_back_before_access_gives_it(
    open_school: Any, sweep: Callable[[], float], status: str
) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    change(open_school, reference, status=status)
    assert open_school.rows(count_stranded) == 1
    assert sweep() == 1
    assert open_school.standing(reference) == ("succeeded", "active")
    assert open_school.rows(count_stranded) == 0


def test_money_whose_access_staff_took_away_is_kept(open_school: Any, sweep: Callable[[], float]) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    enrollment = open_school.enrollment_of(reference).id
    answer = open_school.http.request(
        "DELETE", f"/v1/admin/enrollments/{enrollment}", json={"reason": "cheated"}, headers=open_school.admin
    )
    assert answer.status_code == 200
    assert sweep() == 0
    assert open_school.standing(reference) == ("succeeded", "revoked")


def test_a_case_that_closed_meanwhile_is_left_alone(open_school: Any, enrollment_settings: Callable[..., Any]) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    saga = paid_not_enrolled(terms_of(enrollment_settings()))
    now = open_school.clock.now
    open_school.db.run(lambda session: saga.repair(session, reference, now))
    assert open_school.standing(reference) == ("succeeded", "active")
    assert open_school.rows(lambda session: find(session, now, 10)) == []


def test_what_is_on_its_way_back_already_is_not_asked_back_again(open_school: Any, sweep: Callable[[], float]) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    change(open_school, reference, payment_id=uuid4())
    assert sweep() == 1
    with open_school.db.begin() as session:
        session.get_one(Payment, open_school.payment(reference).id).status = "succeeded"
    assert sweep() == 2
    assert open_school.standing(reference) == ("refunding", "active")
    (refund,) = open_school.refunds(reference)
    assert refund.amount_minor == open_school.price


FELL_BACK: dict[str, Any] = {"status": "pending", "payment_id": None, "origin": None, "activated_at": None}


@pytest.fixture
def free_place(open_school: Any) -> str:
    """The reference of a place for which there was nothing to pay."""
    open_school.cohort(amountMinor=0)
    reference: str = open_school.reference(open_school.student())
    assert open_school.standing(reference) == ("succeeded", "active")
    return reference


@pytest.mark.parametrize("fell_back", [FELL_BACK, {"status": "pending"}, {"status": "cancelled"}])
def test_a_free_place_that_fell_back_is_active_again(
    open_school: Any, free_place: str, sweep: Callable[[], float], fell_back: dict[str, Any]
) -> None:
    change(open_school, free_place, **fell_back)
    assert open_school.rows(count_stranded) == 1
    assert sweep() == 1
    assert open_school.standing(free_place) == ("succeeded", "active")
    assert [event.origin for event in open_school.events(EnrollmentActivated)] == ["free", "free"]
    assert open_school.events(EnrollmentRevoked) == []
    assert open_school.refunds(free_place) == []
    assert open_school.rows(count_stranded) == 0


def test_the_lost_link_of_a_free_place_is_tied_again(
    open_school: Any, free_place: str, sweep: Callable[[], float]
) -> None:
    change(open_school, free_place, payment_id=None)
    assert sweep() == 1
    assert open_school.standing(free_place) == ("succeeded", "active")
    assert open_school.enrollment_of(free_place).payment_id == open_school.payment(free_place).id
    assert len(open_school.events(EnrollmentActivated)) == 1
    assert open_school.refunds(free_place) == []


def test_a_free_place_that_can_be_given_no_more_is_closed_without_a_refund(
    open_school: Any, free_place: str, sweep: Callable[[], float]
) -> None:
    change(open_school, free_place, payment_id=uuid4())
    assert sweep() == 1
    assert open_school.standing(free_place) == ("abandoned", "active")
    assert open_school.refunds(free_place) == []
    assert open_school.payment(free_place).review is None
    assert open_school.rows(count_stranded) == 0


def parts_of(school: Any) -> list[tuple[Any, ...]]:
    """All that is known of the parts of a plan."""
    columns = [getattr(Instalment, column.key) for column in Instalment.__table__.columns]
    rows = school.rows(lambda session: session.execute(select(*columns).order_by(Instalment.number)).all())
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("fell_back", [FELL_BACK, {"status": "pending"}, {"status": "cancelled"}])
def test_a_plan_whose_enrollment_fell_back_goes_on_where_it_was(
    march: Any, sweep: Callable[[], float], fell_back: dict[str, Any]
) -> None:
    student, first = begun(march)
    second = pay_next(march, student)
    before = parts_of(march)
    change(march, first, **fell_back)
    assert march.rows(count_stranded) == 2
    assert sweep() == 2
    assert march.standing(first) == march.standing(second) == ("succeeded", "active")
    assert march.enrollment_of(first).payment_id == march.payment(first).id
    assert march.refunds(first) == march.refunds(second) == []
    assert parts_of(march) == before
    assert march.rows(count_stranded) == 0
    assert pay_next(march, student) not in {first, second}
    assert shown(march, student) == ["paid", "paid", "paid"]


def test_a_plan_goes_on_however_late_its_first_part_was_paid(march: Any, sweep: Callable[[], float]) -> None:
    student = march.student()
    reference = march.reference(student, **PARTS)
    march.pass_time(hours=30)
    march.pay(reference)
    assert march.verify(student, reference)["status"] == "succeeded"
    change(march, reference, **FELL_BACK)
    at(march, SECOND_DUE)
    assert sweep() == 1
    assert march.standing(reference) == ("succeeded", "active")
    assert march.refunds(reference) == []


def test_the_open_checkout_of_the_next_part_stays_open(march: Any, sweep: Callable[[], float]) -> None:
    student, first = begun(march)
    second = march.reference(student)
    change(march, first, **FELL_BACK)
    assert sweep() == 1
    assert march.payment(second).open_enrollment == march.enrollment_of(first).id
    march.pay(second)
    assert march.verify(student, second)["status"] == "succeeded"
    assert shown(march, student) == ["paid", "paid", "due"]


def test_a_plan_that_is_overdue_when_it_is_found_rests(march: Any, sweep: Callable[[], float]) -> None:
    _, reference = begun(march)
    change(march, reference, **FELL_BACK)
    at(march, SECOND_DUE + GRACE)
    assert sweep() == 1
    assert march.standing(reference) == ("succeeded", "suspended")
    assert march.enrollment_of(reference).reason == "instalment_overdue"
    assert march.refunds(reference) == []


def test_a_plan_is_watched_again_after_its_parts_were_looked_at_without_an_enrollment(
    march: Any, sweep: Callable[[], float]
) -> None:
    _, reference = begun(march)
    change(march, reference, **FELL_BACK)
    at(march, SECOND_DUE - timedelta(days=7))
    assert sweep() == 1
    at(march, SECOND_DUE)
    assert [(event.number, event.stage) for event in march.events(InstalmentOverdue)] == [(2, "overdue")]
    at(march, SECOND_DUE + GRACE)
    assert march.standing(reference) == ("succeeded", "suspended")


def test_an_overdue_plan_is_left_to_rest(march: Any, sweep: Callable[[], float]) -> None:
    _, reference = begun(march)
    at(march, SECOND_DUE + GRACE)
    assert march.standing(reference) == ("succeeded", "suspended")
    assert march.rows(count_stranded) == sweep() == 0


def test_the_parts_of_an_erased_student_go_back(march: Any, sweep: Callable[[], float]) -> None:
    student, reference = begun(march)
    march.deliver(AccountErased(sequence=1, account_id=student.id))
    change(march, reference, **FELL_BACK)
    assert sweep() == 1
    assert march.standing(reference) == ("refunding", "pending")
    (refund,) = march.refunds(reference)
    assert (refund.amount_minor, refund.reason) == (FIRST, "account_erased")


@pytest.mark.parametrize("lost", [FELL_BACK, {"payment_id": None}])
def test_a_part_whose_link_was_lost_is_paid_by_its_money(
    march: Any, sweep: Callable[[], float], lost: dict[str, Any]
) -> None:
    student, reference = begun(march)
    with march.db.begin() as session:
        session.execute(update(Instalment).values(payment_id=None))
    change(march, reference, **lost)
    sweep()
    assert sweep() == 1
    assert march.standing(reference) == ("succeeded", "active")
    assert shown(march, student) == ["paid", "due", "upcoming"]
    assert march.refunds(reference) == []


def test_money_that_is_tied_never_goes_back(march: Any, sweep: Callable[[], float]) -> None:
    """Parts of an earlier plan make an access rest that was paid in one sum: that is for a person."""
    _, reference = begun(march)
    at(march, SECOND_DUE + GRACE)
    with march.db.begin() as session:
        session.get_one(Payment, march.payment(reference).id).instalment = None
    assert sweep() == 0
    assert march.standing(reference) == ("succeeded", "suspended")
    assert march.refunds(reference) == []
    assert march.rows(count_stranded) == 1


def delete_enrollment(school: Any, reference: str) -> dict[str, Any]:
    """As a restored backup may; answers what its row was."""
    with school.db.begin() as session:
        row = session.get_one(Enrollment, school.payment(reference).enrollment_id)
        was = {column.key: getattr(row, column.key) for column in Enrollment.__table__.columns}
        session.delete(row)
    return was


@pytest.mark.parametrize("paid", ["in one sum", "in parts"])
def test_money_whose_enrollment_is_gone_stays_an_open_case_and_holds_no_other_up(
    march: Any, sweep: Callable[[], float], log_lines: LogLines, paid: str
) -> None:
    _, gone = march.enrolled() if paid == "in one sum" else begun(march)
    _, fell_back = march.enrolled()
    was = delete_enrollment(march, gone)
    change(march, fell_back, **FELL_BACK)
    assert march.rows(count_stranded) == 2
    assert march.rows(lambda session: find(session, march.clock.now, 1)) == [fell_back]
    assert sweep() == 1
    (told,) = [line for line in log_lines() if line["event"] == "saga_not_repaired"]
    assert told["case"] == gone
    assert f"enrollment {was['id']} of payment {gone} is gone" in str(told)
    assert march.standing(fell_back) == ("succeeded", "active")
    assert march.payment(gone).status == "succeeded"
    assert march.refunds(gone) == []
    assert march.rows(count_stranded) == 1
    with march.db.begin() as session:
        session.add(Enrollment(**was))
    assert sweep() == 2
    assert march.standing(gone) == ("succeeded", "active")
    assert march.rows(count_stranded) == 0


def test_an_access_that_rests_for_no_reason_goes_on(open_school: Any, sweep: Callable[[], float]) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    change(open_school, reference, status="suspended", reason="refund")
    assert open_school.rows(count_stranded) == 1
    assert sweep() == 1
    assert open_school.standing(reference) == ("succeeded", "active")
    assert open_school.enrollment_of(reference).reason is None
    assert open_school.refunds(reference) == []
    assert [event.origin for event in open_school.events(EnrollmentActivated)] == ["payment", "restored"]
    assert open_school.rows(count_stranded) == 0


@pytest.mark.parametrize("why", ["refund", "dispute"])
def test_an_access_that_rests_over_its_money_is_left_to_rest(
    open_school: Any, sweep: Callable[[], float], why: str
) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    if why == "refund":
        open_school.refund(reference)
    else:
        open_school.sandbox.control(f"transactions/{reference}/disputes", {}, status=201)
        open_school.forward()
        open_school.work()
    standing = open_school.standing(reference)
    assert standing[1] == "suspended"
    assert open_school.rows(count_stranded) == sweep() == 0
    assert open_school.standing(reference) == standing


def test_the_worker_tells_of_its_sagas(enrollment_settings: Callable[..., Any], serve: Callable[[Any], Any]) -> None:
    shown = serve(create_app(enrollment_settings())).get("/metrics").text
    for saga in ("paid_not_enrolled", "enrollment_unknown"):
        assert f'edx_saga_open{{saga="{saga}",service="enrollment"}} 0.0' in shown
        assert f'edx_saga_repaired_total{{saga="{saga}",service="enrollment"}} 0.0' in shown
