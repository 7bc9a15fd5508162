"""ID tokens of one external OpenID Connect issuer, verified by the keys it publishes (discovery)."""

import threading
import time
from dataclasses import dataclass

import httpx
import jwt
import structlog

from chassis.errors import Unauthenticated, Unavailable

log = structlog.get_logger(__name__)

#: Asymmetric only: "none" and HMAC would let anybody sign.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_TIMEOUT_SECONDS = 5
_KEYS_SECONDS = 300
_LEEWAY_SECONDS = 30
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Claims:
    """Who the issuer says this is."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    name: str


class InvalidIdToken(Unauthenticated):
    code = "invalid_id_token"
    title = "The ID token is not valid here"


class OidcVerifier:
    """Verifies ID tokens; blocks for the issuer's documents now and then, so call it from a thread."""

    def __init__(self, issuer: str, audience: str) -> None:
        self.issuer = issuer
        self.audience = audience
        self._keys: jwt.PyJWKClient | None = None
        self._lock = threading.Lock()

    def verify(self, id_token: str) -> Claims:
        """The claims; raises ``InvalidIdToken``, or ``Unavailable`` when the issuer does not answer."""
        try:
            key = self._key_client().get_signing_key_from_jwt(id_token)
            claims = jwt.decode(
                id_token,
                key,
                algorithms=ALGORITHMS,
                audience=self.audience,
                issuer=[self.issuer, f"{self.issuer}/"],
                leeway=_LEEWAY_SECONDS,
                options={"require": ["iss", "aud", "sub", "exp", "iat"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise self._unreachable(error) from error
        except (jwt.PyJWTError, ValueError) as error:
            raise InvalidIdToken(f"The ID token was refused: {error}") from error
        return self._claims(claims)

    def _claims(self, claims: dict[str, object]) -> Claims:
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self.audience:
            raise InvalidIdToken("The ID token was issued to another client.")
        subject = claims["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
            raise InvalidIdToken("The ID token has no usable subject.")
        email = claims.get("email")
        name = claims.get("name") or claims.get("preferred_username") or ""
        return Claims(
            issuer=self.issuer,
            subject=subject,
            email=email if isinstance(email, str) else None,
            email_verified=claims.get("email_verified") in (True, "true"),
            name=" ".join(str(name).split())[:_MAX_NAME],
        )

    def _key_client(self) -> jwt.PyJWKClient:
        with self._lock:
            if self._keys is None:
                self._keys = jwt.PyJWKClient(self._discover(), lifespan=_KEYS_SECONDS, timeout=_TIMEOUT_SECONDS)
            return self._keys

    def _discover(self) -> str:
        started = time.monotonic()
        try:
            response = httpx.get(f"{self.issuer}/.well-known/openid-configuration", timeout=_TIMEOUT_SECONDS)
            response.raise_for_status()
            document = response.json()
            issuer, jwks_uri = str(document["issuer"]), str(document["jwks_uri"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise self._unreachable(error) from error
        if issuer.rstrip("/") != self.issuer:
            raise self._unreachable(ValueError(f"it calls itself {issuer}"))
        log.info("oidc_discovered", issuer=issuer, jwks_uri=jwks_uri, seconds=round(time.monotonic() - started, 3))
        return jwks_uri

    def _unreachable(self, error: Exception) -> Unavailable:
        log.warning("oidc_issuer_unreachable", issuer=self.issuer, error=str(error))
        return Unavailable("The external login cannot be checked right now; try again in a moment.", retry_after=5)
