"""Register, log in, stay logged in, log out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Response, status
from sqlalchemy.exc import IntegrityError

from chassis.clock import Now
from chassis.database import Tx, is_duplicate
from chassis.errors import RateLimited, Unauthenticated, Unavailable, Unprocessable, problems
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute
from contracts.http.gateway import CredentialsIn, OidcIn, RegisteredOut, RegistrationIn, SessionOut, UserOut
from gateway.identity import cookies
from gateway.identity.cookies import RefreshCookie
from gateway.identity.emails import Address, key_of, parse_address
from gateway.identity.oidc import Claims, InvalidIdToken
from gateway.identity.parts import IdentityParts, Parts, no_store
from gateway.identity.problems import EmailNotVerified, EmailTaken, InvalidCredentials, OidcNotConfigured
from gateway.identity.refresh_tokens import RefreshToken
from gateway.identity.service import accounts, external, logins, sessions
from gateway.identity.service.sessions import Opened
from gateway.limits.policy import Limit

router = APIRouter(prefix="/v1/auth", route_class=ServiceRoute, tags=["Identity"], dependencies=[Depends(no_store)])


@dataclass(frozen=True, slots=True)
class _NewAccount:
    address: Address
    name: str
    password_hash: str


async def _new_account(body: RegistrationIn, parts: Parts) -> _NewAccount:
    """What is to be stored; the password is hashed before any transaction begins."""
    address = parse_address(body.email, test_domains=parts.test_domains)
    password = body.password.get_secret_value()
    accounts.require_good_password(password, email=address.display, name=body.name)
    return _NewAccount(address, body.name, await parts.hasher.hash(password))


@router.post(
    "/register",
    status_code=status.HTTP_201_CREATED,
    responses=problems(EmailTaken, Unprocessable, RateLimited, Unavailable),
)
@idempotent
def register(new: Annotated[_NewAccount, Depends(_new_account)], tx: Tx, now: Now) -> RegisteredOut:
    """A new account with the role ``student``. Log in afterwards."""
    account = accounts.register(tx, new.address, new.name, new.password_hash, now)
    return RegisteredOut(user=UserOut.model_validate(account))


@router.post("/login", responses=problems(InvalidCredentials, Unprocessable, RateLimited, Unavailable))
async def login(body: CredentialsIn, response: Response, parts: Parts, now: Now) -> SessionOut:
    """An access token, and the refresh cookie."""
    key, password = key_of(body.email), body.password.get_secret_value()
    await parts.require_within(Limit.LOGIN_ACCOUNT, key)
    found = await parts.run(lambda session: logins.find_credentials(session, key))
    if not await parts.hasher.verify(found.password_hash, password) or found.account_id is None:
        raise InvalidCredentials
    rehashed = await parts.hasher.hash(password) if parts.hasher.is_outdated(found.password_hash or "") else None
    opened = await parts.run(lambda session: logins.log_in(session, found, rehashed, now, parts.lifetimes))
    if opened is None:
        raise InvalidCredentials
    return _logged_in(parts, response, opened, now)


@router.post("/refresh", responses=problems(Unauthenticated, RateLimited))
async def refresh(response: Response, parts: Parts, now: Now, cookie: RefreshCookie = None) -> SessionOut:
    """A new access token for the refresh cookie, which is rotated."""
    token = RefreshToken.decode(cookie)
    opened = None
    if token is not None:
        opened = await parts.run(lambda session: sessions.refresh(session, token, now, parts.lifetimes))
    if opened is None:
        problem = Unauthenticated("This session has ended; log in again.")
        problem.headers["Set-Cookie"] = cookies.clear_cookie(secure=parts.settings.secure_cookies)
        raise problem
    return _logged_in(parts, response, opened, now)


@router.post("/logout", status_code=status.HTTP_204_NO_CONTENT)
async def logout(parts: Parts, now: Now, cookie: RefreshCookie = None) -> Response:
    """Ends the session of the refresh cookie; without one there is nothing to end."""
    token = RefreshToken.decode(cookie)
    if token is not None:
        await parts.run(lambda session: sessions.end_session(session, token, now))
    headers = {"Set-Cookie": cookies.clear_cookie(secure=parts.settings.secure_cookies), "Cache-Control": "no-store"}
    return Response(status_code=status.HTTP_204_NO_CONTENT, headers=headers)


@router.post("/oidc", responses=problems(InvalidIdToken, EmailNotVerified, OidcNotConfigured, Unavailable))
async def exchange(body: OidcIn, response: Response, parts: Parts, now: Now) -> SessionOut:
    """Log in with an ID token of the configured external issuer; the first time makes or links the account."""
    if parts.oidc is None:
        raise OidcNotConfigured
    claims = await run_sync(parts.oidc.verify, body.id_token.get_secret_value())
    try:
        opened = await _open_external(parts, claims, now)
    except (IntegrityError, EmailTaken) as error:
        if isinstance(error, IntegrityError) and not is_duplicate(error):
            raise
        opened = await _open_external(parts, claims, now)  # the same person, a moment earlier: now there is a link
    return _logged_in(parts, response, opened, now)


async def _open_external(parts: IdentityParts, claims: Claims, now: datetime) -> Opened:
    return await parts.run(
        lambda session: sessions.open_session(
            session,
            external.account_of(session, claims, now, test_domains=parts.test_domains),
            now,
            parts.lifetimes,
        )
    )


def _logged_in(parts: IdentityParts, response: Response, opened: Opened, now: datetime) -> SessionOut:
    seconds = cookies.seconds_until(opened.expires_at, now)
    response.headers["Set-Cookie"] = cookies.set_cookie(
        opened.token, seconds=seconds, secure=parts.settings.secure_cookies
    )
    return SessionOut(
        access_token=parts.issuer.issue(opened.account, now),
        expires_in=parts.issuer.seconds,
        user=UserOut.model_validate(opened.account),
    )
