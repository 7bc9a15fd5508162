"""What the identity endpoints work with, made once in ``create_app``."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, TypeVar

from anyio.to_thread import run_sync
from fastapi import Depends, Response
from sqlalchemy.orm import Session
from starlette.requests import Request

from chassis.database import Database
from chassis.errors import RateLimited
from gateway.identity.access_tokens import TokenIssuer
from gateway.identity.hashing import Hasher
from gateway.identity.keys import SigningKeys
from gateway.identity.oidc import OidcVerifier
from gateway.identity.service.sessions import Lifetimes
from gateway.limits.counter import Counter
from gateway.limits.policy import Limit, headers
from gateway.settings import GatewaySettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IdentityParts:
    """The slice's tools."""

    settings: GatewaySettings
    database: Database
    keys: SigningKeys
    hasher: Hasher
    issuer: TokenIssuer
    counter: Counter
    lifetimes: Lifetimes
    oidc: OidcVerifier | None

    @property
    def test_domains(self) -> bool:
        """Addresses like ``ada@students.test`` are for trying things out, so not in production."""
        return self.settings.env != "production"

    async def run(self, work: Callable[[Session], T]) -> T:
        """``work`` in one transaction on a thread, again when it lost a lock race."""
        return await run_sync(self.database.run, work)

    async def require_within(self, limit: Limit, who: str) -> None:
        """Count one call; raises ``RateLimited``. Redis sees a hash of ``who``: it may be an e-mail address."""
        verdict = await self.counter.hit(limit, hashlib.sha256(who.encode()).hexdigest()[:32])
        if not verdict.allowed:
            raise RateLimited(
                f"Too many tries for this account; wait {verdict.reset} seconds.",
                headers={name.decode(): value.decode() for name, value in headers(verdict)},
            )


def make_parts(settings: GatewaySettings, database: Database, keys: SigningKeys, counter: Counter) -> IdentityParts:
    """The tools that these settings ask for."""
    oidc = None
    if settings.oidc_issuer is not None and settings.oidc_audience is not None:
        oidc = OidcVerifier(settings.oidc_issuer, settings.oidc_audience)
    return IdentityParts(
        settings=settings,
        database=database,
        keys=keys,
        hasher=Hasher(settings),
        issuer=TokenIssuer(settings, keys),
        counter=counter,
        lifetimes=Lifetimes(
            idle=timedelta(days=settings.session_idle_days),
            longest=timedelta(days=settings.session_max_days),
            grace=timedelta(seconds=settings.refresh_grace_seconds),
        ),
        oidc=oidc,
    )


async def _parts(request: Request) -> IdentityParts:
    found: IdentityParts = request.app.state.identity
    return found


Parts = Annotated[IdentityParts, Depends(_parts)]


async def no_store(response: Response) -> None:
    """Tokens and personal data are nobody's to keep."""
    response.headers["Cache-Control"] = "no-store"
