"""The student's list, and what staff do by hand: grants and revocations, each with its reason in the audit trail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.errors import Conflict
from contracts.http.enrollment import AdminEnrollmentOut, EnrollmentOut, EnrollmentsOut
from enrollment import paging
from enrollment.audit import Actor, record
from enrollment.cohorts import repository as cohorts
from enrollment.cohorts.views import CohortView, select_cohorts
from enrollment.enrollments import policy, repository, steps
from enrollment.enrollments.repository import EnrollmentNotFound
from enrollment.models import Cohort, Enrollment, ErasedStudent
from enrollment.payments import checkout
from enrollment.payments.locks import lock_enrollments, lock_payments


class AlreadyEnrolled(Conflict):
    code = "already_enrolled"
    title = "The student is enrolled in this program already"


class AlreadyEnded(Conflict):
    code = "already_ended"
    title = "This enrollment has ended already"


class StudentErased(Conflict):
    code = "account_erased"
    title = "This account was erased"


def list_own(session: Session, student_id: UUID, cursor: str | None, limit: int, now: datetime) -> EnrollmentsOut:
    """The student's enrollments, newest first. Always three queries."""
    rows = repository.list_of_student(session, student_id, paging.decode_id(cursor), limit + 1)
    page = rows[:limit]
    found = session.execute(select_cohorts(Cohort.id.in_({row.cohort_id for row in page})))
    by_id = {row.id: CohortView.of(row) for row in found}
    seats = cohorts.count_seats(session, list(by_id), now)
    return EnrollmentsOut(
        enrollments=[EnrollmentOut(**_shown(row, by_id[row.cohort_id], seats.of(row.cohort_id), now)) for row in page],
        next_cursor=paging.encode(str(page[-1].id)) if len(rows) > limit else None,
    )


def _shown(row: Any, cohort: CohortView, taken: int, now: datetime) -> dict[str, Any]:
    access_ends_at = cohort.calendar.access_ends_at
    return {
        "id": row.id,
        "program_slug": row.program_slug,
        "program_title": row.program_title,
        "cohort": cohort.summary(taken),
        "status": row.status,
        "has_access": policy.has_access(row.status, access_ends_at, now),
        "access_ends_at": access_ends_at,
        "created_at": row.created_at,
        "activated_at": row.activated_at,
        "completed_at": row.completed_at,
    }


def get_for_admin(session: Session, enrollment_id: UUID, now: datetime) -> AdminEnrollmentOut:
    """One enrollment with its student."""
    row = repository.get_shown(session, enrollment_id)
    cohort = CohortView.of(session.execute(select_cohorts(Cohort.id == row.cohort_id)).one())
    taken = cohorts.count_seats(session, [cohort.id], now).of(cohort.id)
    return AdminEnrollmentOut(**_shown(row, cohort, taken, now), user_id=row.student_id, reason=row.reason)


def grant(session: Session, student_id: UUID, cohort_name: str, reason: str, by: Actor, now: datetime) -> UUID:
    """Enrol a student without a payment; staff may do so outside the window and above the seats."""
    if session.get(ErasedStudent, student_id) is not None:
        raise StudentErased
    cohort = cohorts.lock(session, cohort_name)
    enrollments = lock_enrollments(session, student_id, cohort.program_slug)
    payments = lock_payments(session, student_id, cohort.program_slug)
    live = next((one for one in enrollments if one.live_program is not None), None)
    if live is not None:
        if live.status in policy.SEATED:
            raise AlreadyEnrolled(f"Enrollment {live.id} of this student in {cohort.program_slug} is {live.status}.")
        checkout.close(session, live, next((one for one in payments if one.open_enrollment == live.id), None), now)
    enrollment = steps.start(
        session,
        student_id=student_id,
        program_slug=cohort.program_slug,
        cohort_id=cohort.id,
        seat_until=None,
        now=now,
    )
    session.flush()
    steps.activate(session, enrollment, "grant", now, reason=reason)
    record(session, now, by, "enrollment.granted", ("enrollment", enrollment.id), reason=reason, cohort=cohort.slug)
    session.flush()
    return enrollment.id


def revoke(session: Session, enrollment_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """End an enrollment by hand. Money is not touched: a refund is asked for separately."""
    found = session.get(Enrollment, enrollment_id)
    if found is None:
        raise EnrollmentNotFound(f"There is no enrollment {enrollment_id}.")
    enrollments = lock_enrollments(session, found.student_id, found.program_slug)
    payments = lock_payments(session, found.student_id, found.program_slug)
    enrollment = next(one for one in enrollments if one.id == enrollment_id)
    if enrollment.status not in policy.LIVE:
        raise AlreadyEnded(f"Enrollment {enrollment_id} is {enrollment.status}.")
    if enrollment.status != "pending":
        steps.revoke(session, enrollment, "staff", now, reason=reason)
    open_payment = next((one for one in payments if one.open_enrollment == enrollment.id), None)
    checkout.close(session, enrollment, open_payment, now)
    record(session, now, by, "enrollment.revoked", ("enrollment", enrollment.id), reason=reason)
    session.flush()
