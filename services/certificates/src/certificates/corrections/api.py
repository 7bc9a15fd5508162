"""Name corrections: asked for by owners, decided by staff of the program."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from certificates.auth import AsCaller, AsStaff
from certificates.corrections import repository, service
from certificates.corrections.schemas import NameCorrectionIn, NameCorrectionOut, NameCorrectionsOut
from certificates.errors import CertificateNotFound, CertificateRevokedAlready, CertificateSuperseded
from certificates.staff import managed_programs
from certificates.wiring import not_stored
from chassis.auth import StaffOnly
from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute

router = APIRouter(route_class=ServiceRoute, tags=["name corrections"], dependencies=[Depends(not_stored)])


@router.post(
    "/v1/certificates/{certificate_id}/name-correction",
    status_code=201,
    response_model=NameCorrectionOut,
    responses=problems(CertificateNotFound, CertificateRevokedAlready, CertificateSuperseded),
)
@idempotent
def ask_for_name_correction(
    certificate_id: UUID, asked: NameCorrectionIn, caller: AsCaller, tx: Tx, now: Now
) -> NameCorrectionOut:
    """Ask staff to put another name on the certificate; asking again changes the request."""
    correction, certificate = service.ask(tx, caller.account_id, certificate_id, asked.name, now)
    return service.correction_out(correction, certificate)


@router.get("/v1/admin/certificates/name-corrections", response_model=NameCorrectionsOut, responses=problems(StaffOnly))
def list_name_corrections(
    caller: AsStaff,
    tx: Tx,
    program_slug: Annotated[str | None, Query(alias="programSlug", max_length=100)] = None,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> NameCorrectionsOut:
    """Requests for other names that wait for a decision, oldest first."""
    programs = managed_programs(caller, program_slug)
    found = list(repository.list_open(tx, programs, cursor, limit + 1))
    return NameCorrectionsOut(
        corrections=[service.correction_out(*each) for each in found[:limit]],
        next_cursor=str(found[limit - 1][0].id) if len(found) > limit else None,
    )


@router.post(
    "/v1/admin/certificates/{certificate_id}/name-correction/approve",
    response_model=NameCorrectionOut,
    responses=problems(StaffOnly, CertificateNotFound, service.NoCorrectionAsked),
)
@idempotent
def approve_name_correction(certificate_id: UUID, caller: AsStaff, tx: Tx, now: Now) -> NameCorrectionOut:
    """Issue the certificate under the name that was asked for; it supersedes the old one."""
    return service.correction_out(*service.approve(tx, caller, certificate_id, now))


@router.post(
    "/v1/admin/certificates/{certificate_id}/name-correction/reject",
    response_model=NameCorrectionOut,
    responses=problems(StaffOnly, CertificateNotFound, service.NoCorrectionAsked),
)
@idempotent
def reject_name_correction(certificate_id: UUID, caller: AsStaff, tx: Tx, now: Now) -> NameCorrectionOut:
    """Leave the name as it is."""
    return service.correction_out(*service.reject(tx, caller, certificate_id, now))
