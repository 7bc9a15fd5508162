"""Things break while students are under way: processes are killed, webhooks come twice, late, or never.

Killing any one process during the demo and running it again works; whoever paid is in exactly once.
"""

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import pytest
from tests.platform.callers import ASK_EVERY, Staff, Student
from tests.platform.demo import Demo
from tests.platform.installation import Platform
from tests.platform.processes import NAMES
from tests.platform.school import SEEDED, School

from chassis.testing import eventually

#: Another number kills at other steps; a failure names the step.
SEED = os.environ.get("EDX_KILL_SEED", "1")
#: The demo has about 35 steps; from here on the rest would be over before the blow is felt.
LAST_STEP = 28


def assert_is_in_exactly_once(student: Student, program: str) -> None:
    """One enrollment, active; one payment, succeeded."""
    enrollments = [one for one in student.get("/v1/enrollments")["enrollments"] if one["programSlug"] == program]
    assert [enrollment["status"] for enrollment in enrollments] == ["active"]
    billing = student.billing(program)
    assert [payment["status"] for payment in billing["payments"]] == ["succeeded"]
    assert billing["hasAccess"] is True
    assert student.send("GET", f"/v1/programs/{program}/home").status_code == 200


@pytest.fixture(scope="module")
def forgotten(platform: Platform, school: School) -> Student:
    """Paid, but the webhook is lost, and the student never comes back to ask."""
    student = platform.student("Forgotten")
    reference = student.init_payment(school.paid)["reference"]
    platform.sandbox.pay(reference, announce=False)
    return student


# --- webhooks ---------------------------------------------------------------------------------------------------------


def test_a_webhook_that_comes_twice_counts_once(platform: Platform, school: School, forgotten: Student) -> None:
    student = platform.student()
    reference = student.init_payment(school.paid)["reference"]
    platform.sandbox.disturb("double", reference=reference)
    platform.sandbox.pay(reference)
    student.wait_until_inside(school.paid)
    platform.sandbox.wait_until_settled(reference)
    [first, _second] = platform.sandbox.deliveries(reference)
    platform.sandbox.resend(first["id"])
    platform.sandbox.wait_until_settled(reference)
    assert_is_in_exactly_once(student, school.paid)


def test_when_the_webhook_is_lost_asking_for_the_payment_opens_the_program(platform: Platform, school: School) -> None:
    student = platform.student()
    reference = student.init_payment(school.paid)["reference"]
    platform.sandbox.disturb("drop", reference=reference)
    platform.sandbox.pay(reference)
    assert student.billing(school.paid)["enrollmentStatus"] == "pending"
    assert student.post(f"/v1/payments/{reference}/verify")["status"] == "succeeded"
    student.wait_until_inside(school.paid)
    platform.sandbox.calm()
    for delivery in platform.sandbox.deliveries(reference):
        platform.sandbox.resend(delivery["id"])  # and then it comes after all
    platform.sandbox.wait_until_settled(reference)
    assert_is_in_exactly_once(student, school.paid)


def test_the_order_in_which_webhooks_come_changes_nothing(platform: Platform, school: School) -> None:
    students = [platform.student() for _ in range(3)]
    references = [student.init_payment(school.paid)["reference"] for student in students]
    platform.sandbox.disturb("reorder", next=len(references), event="charge.success")
    for reference in references:
        platform.sandbox.pay(reference)
    for student, reference in zip(students, references, strict=True):
        student.wait_until_inside(school.paid)
        platform.sandbox.wait_until_settled(reference)
        assert_is_in_exactly_once(student, school.paid)


@pytest.mark.parametrize("kind", ["tamper", "wrong-key", "unsigned"])
def test_a_webhook_that_is_not_paystacks_is_worth_nothing(platform: Platform, school: School, kind: str) -> None:
    student = platform.student()
    reference = student.init_payment(school.paid)["reference"]
    platform.sandbox.disturb(kind, reference=reference)
    platform.sandbox.pay(reference)
    refused = eventually(lambda: platform.sandbox.deliveries(reference)[0]["attempts"], what="a delivery")
    assert refused[0]["status"] == 401
    assert student.billing(school.paid)["enrollmentStatus"] == "pending"
    student.post(f"/v1/payments/{reference}/verify")
    student.wait_until_inside(school.paid)
    assert_is_in_exactly_once(student, school.paid)
    platform.sandbox.calm()


def test_webhook_and_impatient_student_at_the_same_instant_end_in_one_enrollment(
    platform: Platform, school: School
) -> None:
    student = platform.student()
    reference = student.init_payment(school.paid)["reference"]
    platform.sandbox.disturb("double", reference=reference)
    with ThreadPoolExecutor(6) as pool:
        paid = pool.submit(platform.sandbox.pay, reference)
        asked = [pool.submit(student.post, f"/v1/payments/{reference}/verify") for _ in range(5)]
        assert {answer.result()["status"] for answer in asked} <= {"pending", "succeeded"}
        paid.result()
    student.wait_until_inside(school.paid)
    platform.sandbox.wait_until_settled(reference)
    assert_is_in_exactly_once(student, school.paid)


# --- processes --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def instructors(platform: Platform) -> Iterator[Staff]:
    """In turn, because an account may log in ten times a minute."""
    return cycle([platform.staff(f"Instructor {number}", ["instructor"], [SEEDED]) for number in range(4)])


@pytest.mark.parametrize("name", NAMES)
def test_killing_it_during_the_demo_and_running_the_demo_again_works(
    platform: Platform, school: School, instructors: Iterator[Staff], name: str, tmp_path: Path
) -> None:
    step = random.Random(f"{SEED}-{name}").randint(1, LAST_STEP)
    hit = Demo.start(platform.home.local, SEEDED, next(instructors), tmp_path)
    hit.reach(step)
    killed = platform.processes.kill(name)
    seconds = platform.processes.wait_until_ready(instead_of=(name, killed))

    again = Demo.start(platform.home.local, SEEDED, next(instructors), tmp_path)
    story = f"{name} was killed after step {step} and was ready {seconds:.1f} s later"
    assert again.finish() == 0, f"{story}, but then:\n{again.text}"
    if hit.finish():
        assert "✗ step" in hit.text, f"{story}; the demo that was hit does not say where it failed:\n{hit.text}"


# --- afterwards -------------------------------------------------------------------------------------------------------


def test_whoever_was_forgotten_is_in_after_minutes_all_the_same(school: School, forgotten: Student) -> None:
    forgotten.wait_until_inside(school.paid, seconds=150)
    assert_is_in_exactly_once(forgotten, school.paid)


def test_every_charge_that_succeeded_ended_in_an_enrollment(platform: Platform) -> None:
    charged = {charge["reference"] for charge in platform.sandbox.transactions() if charge["status"] == "success"}

    def unsettled() -> set[str]:
        settled: set[str] = set()
        cursor: dict[str, str] = {}
        while True:
            page = platform.admin.get("/v1/admin/payments", limit=100, **cursor)
            settled |= {
                one["reference"] for one in page["payments"] if one["enrollmentStatus"] in ("active", "completed")
            }
            if page["nextCursor"] is None:
                return charged - settled
            cursor = {"cursor": page["nextCursor"]}

    eventually(lambda: not unsettled(), 150, what="an enrollment for every charge", every=ASK_EVERY * 20)


def test_no_event_was_given_up_or_is_left_over(platform: Platform) -> None:
    def left() -> dict[str, float]:
        numbers = platform.processes.numbers_of_workers()
        names = ("edx_outbox_depth", "edx_event_failures", "edx_stream_pending", "edx_stream_lag")
        return {name: value for name, value in numbers.items() if name.startswith(names) and value}

    eventually(lambda: not left(), 60, what="an empty outbox and no failures", every=1)
