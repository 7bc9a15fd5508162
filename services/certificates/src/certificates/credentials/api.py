"""Open Badges 3.0: credentials for owners and staff; issuer, keys, achievements and status lists for everybody."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response

from certificates.auth import AsCaller
from certificates.credentials.service import Credentials, CredentialsNotOffered
from certificates.errors import CertificateNotFound, CertificateRevokedAlready, CertificateSuperseded
from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import NotFound, problems
from chassis.routing import ServiceRoute

router = APIRouter(route_class=ServiceRoute, tags=["credentials"])

VC_JWT = "application/vc+jwt"
PUBLIC = "/v1/credentials"
#: Achievements, keys and the issuer change rarely; a revocation should be seen within a minute.
_RARELY = {"Cache-Control": "public, max-age=300"}
_SOON = {"Cache-Control": "public, max-age=60"}


async def _credentials(request: Request) -> Credentials:
    found: Credentials = request.app.state.credentials
    return found


AsIssuer = Annotated[Credentials, Depends(_credentials)]
JWT_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {VC_JWT: {"schema": {"type": "string"}}}}}


async def _rarely_changes(response: Response) -> None:
    response.headers.update(_RARELY)


@router.get(
    "/v1/certificates/{certificate_id}/credential",
    response_class=Response,
    responses={
        **JWT_ANSWER,
        **problems(CertificateNotFound, CredentialsNotOffered, CertificateRevokedAlready, CertificateSuperseded),
    },
)
def get_credential(certificate_id: UUID, caller: AsCaller, tx: Tx, issuer: AsIssuer) -> Response:
    """The certificate as an Open Badges 3.0 credential, secured as VC-JWT."""
    token = issuer.credential_of(tx, caller, certificate_id)
    return Response(token, media_type=VC_JWT, headers={"Cache-Control": "no-store"})


@router.get(f"{PUBLIC}/issuer", responses=problems(CredentialsNotOffered), dependencies=[Depends(_rarely_changes)])
async def get_issuer(issuer: AsIssuer) -> dict[str, Any]:
    """Who issues."""
    return issuer.profile()


@router.get(f"{PUBLIC}/jwks.json", dependencies=[Depends(_rarely_changes)])
async def get_jwks(issuer: AsIssuer) -> dict[str, Any]:
    """All public keys."""
    return issuer.keys.jwks()


@router.get(f"{PUBLIC}/keys/{{fingerprint}}", responses=problems(NotFound), dependencies=[Depends(_rarely_changes)])
async def get_key(fingerprint: str, issuer: AsIssuer) -> dict[str, Any]:
    """The public key that a credential's ``kid`` names."""
    jwk = issuer.keys.find_jwk(fingerprint)
    if jwk is None:
        raise NotFound("There is no such key.")
    return jwk


@router.get(
    f"{PUBLIC}/achievements/{{kind}}/{{slug}}",
    responses=problems(NotFound),
    dependencies=[Depends(_rarely_changes)],
)
def get_achievement(
    kind: Literal["courses", "programs"], slug: Annotated[str, Path(max_length=100)], tx: Tx, issuer: AsIssuer
) -> dict[str, Any]:
    """What holders of a badge have done."""
    return issuer.achievement(tx, kind.removesuffix("s"), slug)


@router.get(
    f"{PUBLIC}/status/{{number}}",
    response_class=Response,
    responses={**JWT_ANSWER, **problems(NotFound, CredentialsNotOffered)},
)
def get_status_list(number: Annotated[int, Path(ge=0, le=10**6)], tx: Tx, issuer: AsIssuer, now: Now) -> Response:
    """Which certificates are revoked: a Bitstring Status List, secured as VC-JWT."""
    return Response(issuer.status_list(tx, number, now), media_type=VC_JWT, headers=_SOON)
