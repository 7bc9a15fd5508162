"""Change a password, or reset one by mail."""

from fastapi import APIRouter, Depends, Response, status

from chassis.auth import AsCaller
from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import RateLimited, Unauthenticated, Unavailable, Unprocessable, problems
from chassis.routing import ServiceRoute
from contracts.http.gateway import PasswordChangeIn, PasswordResetConfirmIn, PasswordResetIn
from gateway.identity.cookies import RefreshCookie
from gateway.identity.emails import key_of
from gateway.identity.parts import Parts, no_store
from gateway.identity.problems import InvalidToken, WrongPassword
from gateway.identity.refresh_tokens import RefreshToken
from gateway.identity.service import accounts, logins, passwords
from gateway.limits.policy import Limit

router = APIRouter(prefix="/v1/auth", route_class=ServiceRoute, tags=["Identity"], dependencies=[Depends(no_store)])


@router.post(
    "/password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(WrongPassword, Unauthenticated, Unprocessable, RateLimited, Unavailable),
)
async def change(
    body: PasswordChangeIn, caller: AsCaller, parts: Parts, now: Now, cookie: RefreshCookie = None
) -> Response:
    """Set a new password. Every session but the one of the refresh cookie ends."""
    found = await parts.run(lambda session: logins.credentials_of(session, caller.account_id))
    if found.account_id is None:
        raise Unauthenticated("This account no longer exists.")
    await parts.require_within(Limit.LOGIN_ACCOUNT, key_of(found.email))
    if not await parts.hasher.verify(found.password_hash, body.current_password.get_secret_value()):
        raise WrongPassword("If the account has no password yet, set one with a password reset.")
    new = body.new_password.get_secret_value()
    accounts.require_good_password(new, email=found.email, name=found.name, field="newPassword")
    new_hash = await parts.hasher.hash(new)
    token = RefreshToken.decode(cookie)
    await parts.run(
        lambda session: passwords.change_password(session, caller.account_id, found.password_hash, new_hash, token, now)
    )
    return Response(status_code=status.HTTP_204_NO_CONTENT, headers={"Cache-Control": "no-store"})


@router.post("/password-reset", status_code=status.HTTP_202_ACCEPTED, responses=problems(RateLimited))
def ask(body: PasswordResetIn, tx: Tx, now: Now) -> None:
    """Mail a link, if there is such an account. The answer is the same if there is none."""
    passwords.ask_for_reset(tx, body.email, now)


@router.post(
    "/password-reset/confirm",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(InvalidToken, Unprocessable, Unavailable),
)
async def confirm(body: PasswordResetConfirmIn, parts: Parts, now: Now) -> Response:
    """Set the password with the token of the mail. Every session ends."""
    token, new = body.token.get_secret_value(), body.new_password.get_secret_value()
    account = await parts.run(lambda session: passwords.account_of_reset(session, token, now))
    accounts.require_good_password(new, email=account.email or "", name=account.name, field="newPassword")
    new_hash = await parts.hasher.hash(new)
    await parts.run(lambda session: passwords.confirm_reset(session, token, new_hash, now))
    return Response(status_code=status.HTTP_204_NO_CONTENT, headers={"Cache-Control": "no-store"})
