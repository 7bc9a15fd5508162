"""Verification of access tokens (ES256, DESIGN §5): in every service, by the issuer's published keys.

A verified token is remembered until it expires: a signature check costs about 0.2 ms (facts: measured costs) and a
page makes several calls with one token.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import httpx
import jwt
import structlog

from chassis.clock import LEEWAY_SECONDS
from chassis.errors import Unauthenticated, Unavailable
from chassis.settings import ServiceSettings

log = structlog.get_logger(__name__)

ALGORITHM = "ES256"
_REMEMBERED = 10_000
_REFETCH_AFTER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the verified token says. ``teaches`` are slugs of programs."""

    account_id: UUID
    name: str
    email: str | None
    roles: frozenset[str]
    teaches: frozenset[str]
    token: str

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles

    @property
    def is_instructor(self) -> bool:
        return "instructor" in self.roles

    def is_staff_of(self, program_slug: str) -> bool:
        """Admins are staff of every program, instructors of those they teach."""
        return self.is_admin or (self.is_instructor and program_slug in self.teaches)


class KeySource(Protocol):
    """Where public keys come from: a JWKS over HTTP, or the gateway's own keys."""

    def fetch(self) -> Mapping[str, Any]:
        """The JWKS document; raises ``httpx.HTTPError`` when it cannot be had."""


class HttpKeySource:
    """A JWKS over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def fetch(self) -> Mapping[str, Any]:
        response = httpx.get(self.url, timeout=3.0)
        response.raise_for_status()
        document: Mapping[str, Any] = response.json()
        return document


class TokenVerifier:
    """Verifies access tokens. Thread-safe; may block for one fetch of the keys when it meets an unknown key id."""

    def __init__(self, settings: ServiceSettings, keys: KeySource | None = None) -> None:
        self._issuer = settings.issuer
        self._audience = settings.token_audience
        self._source = keys or HttpKeySource(settings.jwks)
        self._keys: dict[str, Any] = {}
        self._fetched_at = float("-inf")
        self._fetching = threading.Lock()
        self._remembered: OrderedDict[str, tuple[float, Caller]] = OrderedDict()

    def remembered(self, token: str) -> Caller | None:
        """The caller of a token verified before that has not expired; never blocks."""
        found = self._remembered.get(token)
        if found is None:
            return None
        expires_at, caller = found
        if time.time() >= expires_at:
            self._remembered.pop(token, None)
            return None
        return caller

    def verify(self, token: str) -> Caller:
        """The caller; raises ``Unauthenticated`` (bad token) or ``Unavailable`` (keys cannot be had)."""
        caller = self.remembered(token)
        return caller if caller is not None else self._verify_anew(token)

    def _verify_anew(self, token: str) -> Caller:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != ALGORITHM:
                raise Unauthenticated("The token is signed in a way that is not accepted.")
            claims = jwt.decode(
                token,
                self._key(str(header.get("kid"))),
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["iss", "aud", "sub", "exp", "iat"]},
            )
            caller = _caller(token, claims)
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The token has expired; refresh it.") from error
        except (jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
            raise Unauthenticated("The token is not valid; log in again.") from error
        self._remember(token, float(claims["exp"]), caller)
        return caller

    def _remember(self, token: str, expires_at: float, caller: Caller) -> None:
        self._remembered[token] = (expires_at, caller)
        while len(self._remembered) > _REMEMBERED:
            try:
                self._remembered.popitem(last=False)
            except KeyError:  # another thread was quicker
                break

    def _key(self, kid: str) -> Any:
        if kid not in self._keys:
            self._fetch_keys(kid)
        try:
            return self._keys[kid]
        except KeyError:
            raise Unauthenticated("The token is signed with a key that is not known.") from None

    def _fetch_keys(self, kid: str) -> None:
        with self._fetching:
            if kid in self._keys or time.monotonic() - self._fetched_at < _REFETCH_AFTER_SECONDS:
                return
            try:
                document = self._source.fetch()
                keys = {key["kid"]: jwt.PyJWK(key).key for key in document["keys"] if key.get("kty") == "EC"}
            except (httpx.HTTPError, KeyError, ValueError, jwt.PyJWTError) as error:
                log.warning("keys_unavailable", error=str(error))
                if not self._keys:
                    raise Unavailable("Tokens cannot be checked right now; try again in a moment.") from error
                return
            self._keys = keys
            self._fetched_at = time.monotonic()


def _caller(token: str, claims: Mapping[str, Any]) -> Caller:
    return Caller(
        account_id=UUID(claims["sub"]),
        name=str(claims.get("name") or ""),
        email=claims.get("email"),
        roles=frozenset(_strings(claims.get("roles"))),
        teaches=frozenset(_strings(claims.get("teaches"))),
        token=token,
    )


def _strings(value: object) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("roles and teaches are lists of strings")
    return value
