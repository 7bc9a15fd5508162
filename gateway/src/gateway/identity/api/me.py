"""The caller's own account."""

from fastapi import APIRouter, Depends, Response, status

from chassis.auth import AsCaller
from chassis.clock import Now
from chassis.database import Tx
from chassis.errors import Unauthenticated, Unprocessable, problems
from chassis.routing import ServiceRoute
from contracts.http.gateway import ProfileIn, UserOut
from gateway.identity import cookies
from gateway.identity.parts import Parts, no_store
from gateway.identity.service import accounts

router = APIRouter(prefix="/v1/me", route_class=ServiceRoute, tags=["Identity"], dependencies=[Depends(no_store)])


@router.get("", responses=problems(Unauthenticated))
def read(caller: AsCaller, tx: Tx) -> UserOut:
    """Who the caller is, as stored now (the token may be up to ten minutes old)."""
    return UserOut.model_validate(accounts.get_own(tx, caller.account_id))


@router.patch("", responses=problems(Unauthenticated, Unprocessable))
def rename(body: ProfileIn, caller: AsCaller, tx: Tx) -> UserOut:
    """Change the name that others see."""
    return UserOut.model_validate(accounts.rename(tx, caller.account_id, body.name))


@router.delete("", status_code=status.HTTP_204_NO_CONTENT, responses=problems(Unauthenticated))
def erase(caller: AsCaller, parts: Parts, tx: Tx, now: Now) -> Response:
    """Erase the account: name, address, password and sessions, here and in every service. It cannot be undone."""
    accounts.erase(tx, caller.account_id, now)
    headers = {"Set-Cookie": cookies.clear_cookie(secure=parts.settings.secure_cookies), "Cache-Control": "no-store"}
    return Response(status_code=status.HTTP_204_NO_CONTENT, headers=headers)
