"""Grants, revocations, the student's own list, and what other services tell."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from chassis.ids import new_id
from contracts.events import AccountErased, EnrollmentActivated, EnrollmentRevoked, ProgramCompleted


def _grant(school: Any, student: Any, cohort: Any, status: int = 201, **changes: Any) -> Any:
    body = {"userId": str(student.id), "cohort": cohort["slug"], "reason": "scholarship", **changes}
    answer = school.http.post("/v1/admin/enrollments", json=body, headers=school.admin)
    assert answer.status_code == status, answer.text
    return answer.json()


def _revoke(school: Any, enrollment_id: str, status: int = 200) -> Any:
    answer = school.http.request(
        "DELETE", f"/v1/admin/enrollments/{enrollment_id}", json={"reason": "misconduct"}, headers=school.admin
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def _completed(school: Any, enrollment_id: Any, student: Any, cohort: Any) -> ProgramCompleted:
    return ProgramCompleted(
        sequence=9,
        student_id=student.id,
        enrollment_id=enrollment_id,
        program_slug=school.program,
        program_title="Data Engineering",
        cohort_id=cohort["id"],
        completed_at=school.clock.now,
    )


def test_a_grant_gives_access_with_its_reason_in_the_audit_trail(open_school: Any) -> None:
    cohort, student = open_school.cohort(seats=0), open_school.student()
    granted = _grant(open_school, student, cohort)
    assert (granted["status"], granted["userId"], granted["reason"]) == ("active", str(student.id), "scholarship")
    assert open_school.billing(student)["hasAccess"] is True
    assert [event.origin for event in open_school.events(EnrollmentActivated)] == ["grant"]
    (entry,) = open_school.audited("enrollment.granted")
    assert (entry.actor, entry.reason, entry.subject_id) == ("admin", "scholarship", granted["id"])
    assert _grant(open_school, student, cohort, status=409)["code"] == "already_enrolled"


def test_a_grant_ends_an_open_checkout_and_money_that_still_comes_goes_back(open_school: Any) -> None:
    cohort, student = open_school.cohort(), open_school.student()
    reference = open_school.reference(student)
    _grant(open_school, student, cohort)
    open_school.pay(reference)
    assert open_school.verify(student, reference)["status"] == "refunding"
    assert open_school.billing(student)["enrollmentStatus"] == "active"


def test_staff_revoke_and_the_student_may_buy_again(open_school: Any) -> None:
    cohort, student = open_school.cohort(), open_school.student()
    granted = _grant(open_school, student, cohort)
    assert _revoke(open_school, granted["id"])["status"] == "revoked"
    assert _revoke(open_school, granted["id"], status=409)["code"] == "already_ended"
    assert [event.reason for event in open_school.events(EnrollmentRevoked)] == ["staff"]
    assert open_school.audited("enrollment.revoked")[0].reason == "misconduct"
    reference = open_school.reference(student)
    assert str(open_school.enrollment_of(reference).id) != granted["id"]
    _revoke(open_school, str(uuid4()), status=404)


def test_a_dispute_that_is_won_does_not_undo_what_staff_revoked(open_school: Any) -> None:
    open_school.cohort()
    _, reference = open_school.enrolled()
    dispute = open_school.sandbox.control(f"transactions/{reference}/disputes", status=201)
    open_school.forward()
    open_school.work()
    _revoke(open_school, str(open_school.enrollment_of(reference).id))
    open_school.sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": "won"})
    open_school.forward()
    open_school.work()
    assert open_school.standing(reference) == ("succeeded", "revoked")


def test_the_students_own_list(open_school: Any) -> None:
    first, student = open_school.cohort(), open_school.student()
    _grant(open_school, student, first)
    open_school.publish("machine-learning")
    second = open_school.cohort(programSlug="machine-learning")
    _grant(open_school, student, second)
    _grant(open_school, open_school.student(), second)
    page = open_school.http.get("/v1/enrollments?limit=1", headers=student.headers).json()
    rest = open_school.http.get(
        "/v1/enrollments", params={"cursor": page["nextCursor"]}, headers=student.headers
    ).json()
    found = page["enrollments"] + rest["enrollments"]
    assert [one["programTitle"] for one in found] == ["Machine Learning", "Data Engineering"]
    assert [one["cohort"]["slug"] for one in found] == [second["slug"], first["slug"]]
    assert {one["status"] for one in found} == {"active"}
    assert rest["nextCursor"] is None


def test_access_ends_with_the_cohorts_access_period_from_the_cache_too(open_school: Any) -> None:
    cohort, student = open_school.cohort(accessDays=10), open_school.student()
    _grant(open_school, student, cohort)
    assert open_school.billing(student)["hasAccess"] is True
    end = open_school.http.get("/v1/enrollments", headers=student.headers).json()["enrollments"][0]["accessEndsAt"]
    from datetime import datetime

    open_school.clock.set(datetime.fromisoformat(end) - timedelta(microseconds=1))
    assert open_school.billing(student)["hasAccess"] is True
    open_school.clock.set(datetime.fromisoformat(end))
    assert open_school.billing(student)["hasAccess"] is False


def test_a_completed_program_is_shown_once_and_keeps_access(open_school: Any) -> None:
    cohort, student = open_school.cohort(), open_school.student()
    granted = _grant(open_school, student, cohort)
    event = _completed(open_school, granted["id"], student, cohort)
    open_school.deliver(event, event)
    billing = open_school.billing(student)
    assert (billing["enrollmentStatus"], billing["hasAccess"]) == ("completed", True)
    assert open_school.can_enroll(student)["reason"] == "already_enrolled"


def test_who_completes_while_suspended_is_restored_as_completed(open_school: Any) -> None:
    cohort = open_school.cohort()
    student, reference = open_school.enrolled()
    dispute = open_school.sandbox.control(f"transactions/{reference}/disputes", status=201)
    open_school.forward()
    open_school.work()
    open_school.deliver(_completed(open_school, open_school.enrollment_of(reference).id, student, cohort))
    assert open_school.standing(reference)[1] == "suspended"
    open_school.sandbox.control(f"disputes/{dispute['id']}/resolve", {"outcome": "won"})
    open_school.forward()
    open_school.work()
    assert open_school.standing(reference) == ("succeeded", "completed")


def test_a_completion_of_what_is_not_here_or_has_ended_changes_nothing(open_school: Any) -> None:
    cohort, student = open_school.cohort(), open_school.student()
    granted = _grant(open_school, student, cohort)
    _revoke(open_school, granted["id"])
    open_school.deliver(_completed(open_school, granted["id"], student, cohort))
    open_school.deliver(_completed(open_school, new_id(), student, cohort))
    assert open_school.billing(student)["enrollmentStatus"] == "revoked"


def test_an_erased_account_keeps_nothing_personal_and_its_late_money_goes_back(open_school: Any) -> None:
    open_school.cohort()
    student, paid = open_school.enrolled()
    open_school.webhook("charge.success", {"reference": paid, "customer": {"email": "ada@example.com"}})
    open_school.work()
    other = open_school.student()
    waiting = open_school.reference(other)
    open_school.deliver(
        AccountErased(sequence=3, account_id=student.id), AccountErased(sequence=3, account_id=other.id)
    )
    assert open_school.standing(paid) == ("succeeded", "revoked")
    assert open_school.standing(waiting) == ("abandoned", "cancelled")
    assert [event.reason for event in open_school.events(EnrollmentRevoked)] == ["erased"]
    assert b"ada@example.com" not in b"".join(webhook.body for webhook in open_school.webhooks())
    open_school.pay(waiting)
    open_school.webhook("charge.success", {"reference": waiting, "customer": {"email": "eve@example.com"}})
    open_school.work()
    assert open_school.payment(waiting).status == "refunding"
    assert open_school.refunds(waiting)[0].reason == "account_erased"
    assert b"eve@example.com" not in b"".join(webhook.body for webhook in open_school.webhooks())
    cohort = open_school.cohort()
    assert _grant(open_school, student, cohort, status=409)["code"] == "account_erased"
