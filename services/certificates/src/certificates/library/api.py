"""Certificates for their owners."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from certificates.auth import AsCaller
from certificates.errors import (
    CertificateNotFound,
    CertificateRevokedAlready,
    CertificateSuperseded,
    DocumentNotReady,
)
from certificates.library import repository, service
from certificates.library.schemas import CertificatesOut, DownloadOut
from certificates.wiring import CertificateSettings, Store, not_stored
from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import problems
from chassis.routing import ServiceRoute

router = APIRouter(route_class=ServiceRoute, prefix="/v1/certificates", tags=["certificates"])

NotStored = Annotated[None, Depends(not_stored)]


@router.get("", response_model=CertificatesOut)
def get_certificates(caller: AsCaller, tx: Tx, settings: CertificateSettings, _: NotStored) -> CertificatesOut:
    """The caller's certificates, newest first, with revoked and superseded ones."""
    found = repository.list_for(tx, caller.account_id)
    return CertificatesOut(certificates=[service.shown_to_owner(each, settings) for each in found])


@router.get(
    "/{certificate_id}/download-url",
    response_model=DownloadOut,
    responses=problems(CertificateNotFound, DocumentNotReady, CertificateRevokedAlready, CertificateSuperseded),
)
def get_certificate_download_url(
    certificate_id: UUID,
    caller: AsCaller,
    tx: Tx,
    store: Store,
    settings: CertificateSettings,
    now: Now,
    _: NotStored,
) -> DownloadOut:
    """Where the caller's PDF can be fetched for a few minutes."""
    return service.download(service.get_own(tx, caller.account_id, certificate_id), store, settings, now)
