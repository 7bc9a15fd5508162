"""Many at once, and one that waits for another: money takes effect once, and no row is overlooked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chassis.testing.waiting import eventually
from contracts.events import EnrollmentActivated, PaymentVerified
from enrollment.enrollments import steps
from enrollment.payments.locks import lock_enrollments


def test_five_hundred_identical_webhooks_at_once_settle_once(open_school: Any) -> None:
    open_school.cohort()
    reference = open_school.reference(open_school.student())
    open_school.pay(reference)
    with ThreadPoolExecutor(25) as pool:
        posts = [pool.submit(open_school.charge, reference) for _ in range(500)]
        works = [pool.submit(open_school.work) for _ in range(10)]
        assert {post.result().status_code for post in posts} == {200}
        for work in works:
            work.result()
    open_school.work()
    (webhook,) = open_school.webhooks()
    assert (webhook.deliveries, webhook.status) == (500, "processed")
    assert open_school.standing(reference) == ("succeeded", "active")
    assert len(open_school.events(PaymentVerified)) == len(open_school.events(EnrollmentActivated)) == 1


def test_a_lock_finds_the_enrollment_that_ends_while_it_waits(
    open_school: Any, schema_for: Callable[[str], Any]
) -> None:
    """Found by the model: where MariaDB chose the unique key on live enrollments for it, the second lock found nothing
    (the row's entry moves behind the waiting reader), and a verify call was a 500.
    """
    open_school.cohort()
    student = open_school.student()
    open_school.reference(student)

    def lock() -> list[str]:
        with open_school.db.begin() as session:
            return [one.status for one in lock_enrollments(session, student.id, open_school.program)]

    def somebody_waits() -> bool:
        with schema_for("enrollment").connect() as admin:
            waiting = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
            return bool(admin.exec_driver_sql(waiting).scalar())

    with ThreadPoolExecutor(1) as pool:
        with open_school.db.begin() as session:
            (enrollment,) = lock_enrollments(session, student.id, open_school.program)
            waiting = pool.submit(lock)
            eventually(somebody_waits, what="the second lock", every=0.2)  # the table is renewed ten times a second
            steps.cancel(session, enrollment, open_school.clock.now)
        assert waiting.result() == ["cancelled"]
