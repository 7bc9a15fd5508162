"""The caller's enrollments; grants and revocations by administrators."""

from uuid import UUID

from fastapi import APIRouter

from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute
from enrollment.audit import admin
from enrollment.auth import AsAdmin, AsCaller
from enrollment.cohorts.repository import CohortNotFound
from enrollment.enrollments import service
from enrollment.enrollments.repository import EnrollmentNotFound
from enrollment.enrollments.schemas import AdminEnrollmentOut, EnrollmentsOut, GrantIn, RevokeIn
from enrollment.enrollments.service import AlreadyEnded, AlreadyEnrolled, StudentErased
from enrollment.paging import Cursor, Limit

router = APIRouter(route_class=ServiceRoute)


@router.get("/v1/enrollments", response_model=EnrollmentsOut, operation_id="listEnrollments", tags=["enrollments"])
def list_enrollments(caller: AsCaller, tx: Tx, now: Now, limit: Limit = 50, cursor: Cursor = None) -> EnrollmentsOut:
    """The caller's enrollments, newest first."""
    return service.list_own(tx, caller.account_id, cursor, limit, now)


@router.post(
    "/v1/admin/enrollments",
    response_model=AdminEnrollmentOut,
    status_code=201,
    operation_id="grantEnrollment",
    tags=["admin"],
    responses=problems(CohortNotFound, AlreadyEnrolled, StudentErased),
)
@idempotent
def grant_enrollment(body: GrantIn, caller: AsAdmin, tx: Tx, now: Now) -> AdminEnrollmentOut:
    """Enrol a student without a payment."""
    granted = service.grant(tx, body.user_id, body.cohort, body.reason, admin(caller.account_id), now)
    return service.get_for_admin(tx, granted, now)


@router.delete(
    "/v1/admin/enrollments/{enrollment_id}",
    response_model=AdminEnrollmentOut,
    operation_id="revokeEnrollment",
    tags=["admin"],
    responses=problems(EnrollmentNotFound, AlreadyEnded),
)
def revoke_enrollment(enrollment_id: UUID, body: RevokeIn, caller: AsAdmin, tx: Tx, now: Now) -> AdminEnrollmentOut:
    """End an enrollment, with a reason."""
    service.revoke(tx, enrollment_id, body.reason, admin(caller.account_id), now)
    return service.get_for_admin(tx, enrollment_id, now)
