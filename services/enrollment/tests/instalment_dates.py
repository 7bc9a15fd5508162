"""A cohort that is paid in three parts, and what tests of it do again and again."""

from datetime import UTC, datetime, timedelta
from typing import Any

from enrollment.instalments import follow_up

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
#: A third at once, the others due at the ends of 31 March and 30 April in Lagos, a week of grace each.
PLAN = {
    "parts": [{"percent": 40}, {"percent": 30, "dueDate": "2026-03-31"}, {"percent": 30, "dueDate": "2026-04-30"}],
    "graceDays": 7,
}
MARCH = {"slug": "march", "startDate": "2026-03-02", "endDate": "2026-05-31", "instalments": PLAN}
SECOND_DUE, THIRD_DUE = datetime(2026, 3, 31, 23, tzinfo=UTC), datetime(2026, 4, 30, 23, tzinfo=UTC)
GRACE = timedelta(days=7)
FIRST, SECOND, THIRD = 1_000_000, 750_000, 750_000
PARTS = {"plan": "instalments"}


def at(school: Any, instant: datetime) -> None:
    """Go there, and let the worker look."""
    school.clock.set(instant)
    while follow_up.run_due(school.cashier, instant):
        pass


def pay_next(school: Any, student: Any, **body: Any) -> str:
    reference = school.reference(student, **body)
    school.pay(reference)
    assert school.verify(student, reference)["status"] == "succeeded"
    return reference


def begun(school: Any, **body: Any) -> tuple[Any, str]:
    """A student who has paid the first part."""
    student = school.student()
    return student, pay_next(school, student, **PARTS, **body)


def shown(school: Any, student: Any) -> list[str]:
    return [part["status"] for part in school.billing(student)["instalments"]]


def refunded(school: Any, reference: str, **body: Any) -> None:
    school.refund(reference, **body)
    school.run_refunds()
    school.forward()
    school.step_refunds(2)
