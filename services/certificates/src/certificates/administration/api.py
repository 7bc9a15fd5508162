"""Certificates for staff of their program."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from certificates.administration import repository, service
from certificates.administration.schemas import (
    RevocationIn,
    StaffCertificateOut,
    StaffCertificatesOut,
)
from certificates.auth import AsStaff
from certificates.errors import CertificateNotFound, CertificateSuperseded
from certificates.issuing.codes import understood
from certificates.staff import managed_programs
from certificates.wiring import CertificateSettings, not_stored
from chassis.auth import StaffOnly
from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute

router = APIRouter(
    route_class=ServiceRoute,
    prefix="/v1/admin/certificates",
    tags=["certificates for staff"],
    dependencies=[Depends(not_stored)],
)

Limit = Annotated[int, Query(ge=1, le=100)]
ProgramSlug = Annotated[str | None, Query(alias="programSlug", max_length=100)]


@router.get("", response_model=StaffCertificatesOut, responses=problems(StaffOnly))
def list_certificates(
    caller: AsStaff,
    tx: Tx,
    settings: CertificateSettings,
    program_slug: ProgramSlug = None,
    student_id: Annotated[UUID | None, Query(alias="studentId")] = None,
    code: Annotated[str | None, Query(max_length=100)] = None,
    cursor: UUID | None = None,
    limit: Limit = 50,
) -> StaffCertificatesOut:
    """Certificates of the programs that the caller teaches (an administrator: of all), newest first."""
    meant = understood(code) or "" if code is not None else None
    programs = managed_programs(caller, program_slug)
    found = list(repository.list_certificates(tx, programs, student_id, meant, cursor, limit + 1))
    return StaffCertificatesOut(
        certificates=[service.shown_to_staff(each, settings) for each in found[:limit]],
        next_cursor=str(found[limit - 1].id) if len(found) > limit else None,
    )


@router.post(
    "/{certificate_id}/revoke",
    response_model=StaffCertificateOut,
    responses=problems(StaffOnly, CertificateNotFound, CertificateSuperseded),
)
@idempotent
def revoke_certificate(
    certificate_id: UUID, asked: RevocationIn, caller: AsStaff, tx: Tx, settings: CertificateSettings, now: Now
) -> StaffCertificateOut:
    """End a certificate; whoever verifies it sees that at once. Only staff issue it again."""
    return service.shown_to_staff(service.revoke(tx, caller, certificate_id, asked.reason, now), settings)


@router.post(
    "/{certificate_id}/reissue",
    status_code=201,
    response_model=StaffCertificateOut,
    responses=problems(
        StaffOnly,
        CertificateNotFound,
        CertificateSuperseded,
        service.CertificateStillValid,
        service.PaymentWithdrawn,
        service.RecipientUnknown,
    ),
)
@idempotent
def reissue_certificate(
    certificate_id: UUID, caller: AsStaff, tx: Tx, settings: CertificateSettings, now: Now
) -> StaffCertificateOut:
    """Issue a revoked certificate again; the new one supersedes it."""
    return service.shown_to_staff(service.reissue(tx, caller, certificate_id, now), settings)
