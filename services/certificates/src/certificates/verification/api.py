"""Verification for machines (JSON) and people (a page). Public; the gateway limits how often."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from certificates.errors import CertificateNotFound
from certificates.verification import service
from certificates.verification.page import VerificationPage
from certificates.verification.schemas import VerificationOut
from certificates.wiring import CertificateSettings
from chassis.database import Tx
from chassis.errors import problems
from chassis.routing import ServiceRoute

router = APIRouter(route_class=ServiceRoute, tags=["verification"])

Code = Annotated[str, Path(description="as printed on the certificate; case and dashes do not matter")]


@router.get("/v1/certificates/verify/{code}", response_model=VerificationOut, responses=problems(CertificateNotFound))
def verify_certificate(code: Code, tx: Tx, response: Response) -> VerificationOut:
    """Whether the certificate of this code is valid, and what it says."""
    found = service.verify(tx, code)
    if found is None:
        raise CertificateNotFound("No certificate has this code. Compare it with the one on the document.")
    response.headers["Cache-Control"] = "no-store"
    return found


@router.get("/verify/{code}", response_class=Response, responses={200: {"content": {"text/html": {}}}})
def verification_page(code: Code, tx: Tx, request: Request, settings: CertificateSettings) -> Response:
    """The same as a page for people."""
    page: VerificationPage = request.app.state.verification_page
    return page.render(service.verify(tx, code), code, settings)
