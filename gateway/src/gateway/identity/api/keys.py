"""The public keys of access tokens."""

from fastapi import APIRouter, Response

from contracts.http.gateway import JwksOut
from gateway.identity.parts import Parts

router = APIRouter(tags=["Identity"])


@router.get("/.well-known/jwks.json")
async def jwks(parts: Parts, response: Response) -> JwksOut:
    """RFC 7517. Keys that will sign are here before they do; those that signed stay until their tokens expired."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return JwksOut.model_validate(parts.keys.fetch())
