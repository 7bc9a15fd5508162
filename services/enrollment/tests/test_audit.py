"""Who changed what and why: each administrative act, and each change of money, leaves an entry."""

from typing import Any

import pytest

ACTS = ["create a cohort", "change a cohort", "archive a cohort", "grant", "revoke", "refund", "reconcile"]


def _act(school: Any, act: str) -> None:
    cohort = school.cohort()
    student, reference = school.enrolled() if act in {"revoke", "refund", "reconcile"} else (school.student(), "")
    enrollment = school.enrollment_of(reference).id if reference else None
    method, path, body = {
        "create a cohort": ("POST", "/cohorts", school.cohort_document()),
        "change a cohort": ("PATCH", f"/cohorts/{cohort['id']}", {"seats": 5}),
        "archive a cohort": ("PATCH", f"/cohorts/{cohort['id']}", {"archived": True}),
        "grant": ("POST", "/enrollments", {"userId": str(student.id), "cohort": cohort["slug"], "reason": "why"}),
        "revoke": ("DELETE", f"/enrollments/{enrollment}", {"reason": "why"}),
        "refund": ("POST", f"/payments/{reference}/refund", {"reason": "why"}),
        "reconcile": ("POST", f"/payments/{reference}/reconcile", {}),
    }[act]
    answer = school.http.request(method, f"/v1/admin{path}", json=body, headers=school.admin)
    assert answer.is_success, answer.text


@pytest.mark.parametrize(
    ("act", "action", "reason"),
    [
        ("create a cohort", "cohort.created", None),
        ("change a cohort", "cohort.changed", None),
        ("archive a cohort", "cohort.changed", None),
        ("grant", "enrollment.granted", "why"),
        ("revoke", "enrollment.revoked", "why"),
        ("refund", "refund.asked", "why"),
        ("reconcile", "payment.reconciled", None),
    ],
    ids=ACTS,
)
def test_an_act_of_staff_is_written_down(open_school: Any, act: str, action: str, reason: str | None) -> None:
    _act(open_school, act)
    entry = open_school.audited(action)[-1]
    assert (entry.actor, entry.reason) == ("admin", reason)
    assert entry.actor_id is not None
    assert entry.subject_id


def test_the_life_of_a_payment_is_written_down(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    open_school.refund(reference)
    open_school.run_refunds()
    open_school.forward()
    open_school.step_refunds(2)
    entries = open_school.audited(
        "payment.opened", "payment.verified", "enrollment.activated", "refund.asked", "payment.refunding",
        "enrollment.suspended", "refund.processed", "payment.refunded", "enrollment.revoked",
    )  # fmt: skip
    assert [(one.actor, one.action) for one in entries] == [
        ("student", "payment.opened"),
        ("paystack", "payment.verified"),
        ("paystack", "enrollment.activated"),
        ("admin", "refund.asked"),
        ("admin", "payment.refunding"),
        ("admin", "enrollment.suspended"),
        ("paystack", "refund.processed"),
        ("paystack", "payment.refunded"),
        ("paystack", "enrollment.revoked"),
    ]
