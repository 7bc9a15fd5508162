"""The steps of an enrollment's life. Each changes a locked row, tells it as an event, and outdates cached answers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.cache import forget
from chassis.ids import new_id
from chassis.messaging import emit
from contracts.events import EnrollmentActivated, EnrollmentRevoked, EnrollmentSuspended
from contracts.events.enrollment import Origin, RevokeReason
from enrollment.enrollments import policy
from enrollment.models import Enrollment


def outdate(session: Session, *, student_id: UUID, program_slug: str, cohort_id: UUID) -> None:
    """Cached answers about this student and about this program's seats are out of date after the commit."""
    forget(session, f"student:{student_id}", f"program:{program_slug}", f"cohort:{cohort_id}")


def _outdate(session: Session, enrollment: Enrollment) -> None:
    outdate(
        session,
        student_id=enrollment.student_id,
        program_slug=enrollment.program_slug,
        cohort_id=enrollment.cohort_id,
    )


def start(
    session: Session,
    *,
    student_id: UUID,
    program_slug: str,
    cohort_id: UUID,
    seat_until: datetime | None,
    now: datetime,
) -> Enrollment:
    """A new pending enrollment."""
    enrollment = Enrollment(
        id=new_id(),
        student_id=student_id,
        program_slug=program_slug,
        cohort_id=cohort_id,
        status="pending",
        live_program=program_slug,
        seat_until=seat_until,
        version=1,
        created_at=now,
    )
    session.add(enrollment)
    _outdate(session, enrollment)
    return enrollment


def hold_again(session: Session, enrollment: Enrollment, seat_until: datetime) -> None:
    """A cancelled enrollment takes a seat again for a new checkout."""
    policy.require_step(enrollment.status, "pending")
    enrollment.status = "pending"
    enrollment.live_program = enrollment.program_slug
    enrollment.seat_until = seat_until
    enrollment.ended_at = None
    enrollment.version += 1
    _outdate(session, enrollment)


def cancel(session: Session, enrollment: Enrollment, now: datetime) -> None:
    """Nothing was paid: the seat is free again."""
    policy.require_step(enrollment.status, "cancelled")
    enrollment.status = "cancelled"
    enrollment.live_program = None
    enrollment.seat_until = None
    enrollment.ended_at = now
    enrollment.version += 1
    _outdate(session, enrollment)


def activate(
    session: Session,
    enrollment: Enrollment,
    origin: Origin,
    now: datetime,
    *,
    payment_id: UUID | None = None,
    reason: str | None = None,
) -> None:
    """The student has access; ``payment_id`` is the payment that gave it."""
    policy.require_step(enrollment.status, "active")
    enrollment.status = "active"
    enrollment.live_program = enrollment.program_slug
    enrollment.seat_until = None
    enrollment.origin = origin
    enrollment.payment_id = payment_id
    enrollment.reason = reason
    enrollment.activated_at = now
    enrollment.ended_at = None
    _tell_active(session, enrollment, origin, now)


def suspend(session: Session, enrollment: Enrollment, reason: str, now: datetime) -> None:
    """Access rests."""
    policy.require_step(enrollment.status, "suspended")
    enrollment.status = "suspended"
    enrollment.reason = reason
    _tell_suspended(session, enrollment, reason, now)


def restore(session: Session, enrollment: Enrollment, now: datetime) -> None:
    """A suspended enrollment goes on as what it was."""
    following = policy.restored_status(enrollment.completed_at)
    policy.require_step(enrollment.status, following)
    enrollment.status = following
    enrollment.reason = None
    _tell_active(session, enrollment, "restored", now)


def complete(session: Session, enrollment: Enrollment, completed_at: datetime) -> None:
    """The program is complete; access goes on."""
    policy.require_step(enrollment.status, "completed")
    enrollment.status = "completed"
    enrollment.completed_at = completed_at
    enrollment.version += 1
    _outdate(session, enrollment)


def revoke(
    session: Session, enrollment: Enrollment, cause: RevokeReason, now: datetime, *, reason: str | None = None
) -> None:
    """Access has ended for good; ``reason`` is what staff wrote, else the cause itself is kept."""
    policy.require_step(enrollment.status, "revoked")
    enrollment.status = "revoked"
    enrollment.live_program = None
    enrollment.reason = reason or cause
    enrollment.ended_at = now
    _tell_revoked(session, enrollment, cause, now)


def tell_again(session: Session, enrollment: Enrollment, cause: RevokeReason, now: datetime) -> None:
    """Tell how it stands, to whoever does not know; nothing changes but the version. ``cause``: if it was revoked."""
    told = policy.told_status(enrollment.status)
    if told == "active":
        _tell_active(session, enrollment, "restored", now)
    elif told == "suspended":
        _tell_suspended(session, enrollment, enrollment.reason or "review", now)
    else:
        _tell_revoked(session, enrollment, cause, enrollment.ended_at or now)


def _tell_active(session: Session, enrollment: Enrollment, origin: Origin, now: datetime) -> None:
    enrollment.version += 1
    emit(
        session,
        EnrollmentActivated(
            sequence=enrollment.version,
            enrollment_id=enrollment.id,
            student_id=enrollment.student_id,
            program_slug=enrollment.program_slug,
            cohort_id=enrollment.cohort_id,
            origin=origin,
            activated_at=now,
        ),
    )
    _outdate(session, enrollment)


def _tell_suspended(session: Session, enrollment: Enrollment, reason: str, now: datetime) -> None:
    enrollment.version += 1
    emit(
        session,
        EnrollmentSuspended(
            sequence=enrollment.version,
            enrollment_id=enrollment.id,
            student_id=enrollment.student_id,
            program_slug=enrollment.program_slug,
            cohort_id=enrollment.cohort_id,
            reason=reason,
            suspended_at=now,
        ),
    )
    _outdate(session, enrollment)


def _tell_revoked(session: Session, enrollment: Enrollment, cause: RevokeReason, at: datetime) -> None:
    enrollment.version += 1
    emit(
        session,
        EnrollmentRevoked(
            sequence=enrollment.version,
            enrollment_id=enrollment.id,
            student_id=enrollment.student_id,
            program_slug=enrollment.program_slug,
            cohort_id=enrollment.cohort_id,
            reason=cause,
            revoked_at=at,
        ),
    )
    _outdate(session, enrollment)
