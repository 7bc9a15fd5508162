"""Who may call: dependencies that turn a verified token into a typed caller. Rules about objects are in policies."""

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Depends
from starlette.requests import Request

from chassis import service_tokens
from chassis.errors import Forbidden, Unauthenticated
from chassis.tokens import Caller, TokenVerifier

__all__ = ["AsAdmin", "AsCaller", "AsService", "AsStaff", "Caller", "MaybeCaller"]


class AdminOnly(Forbidden):
    code = "admin_only"
    title = "Only administrators may do this"


class StaffOnly(Forbidden):
    code = "staff_only"
    title = "Only instructors of the program and administrators may do this"


def bearer_of(request: Request) -> str | None:
    """The bearer token of the request, if it sent one; raises ``Unauthenticated`` when it is another scheme."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Send the access token as 'Authorization: Bearer …'.")
    return token.strip()


async def maybe_caller_of_request(request: Request) -> Caller | None:
    """Whoever sent a token; nobody when none was sent."""
    token = bearer_of(request)
    if token is None:
        return None
    verifier: TokenVerifier = request.app.state.tokens
    # The common case is a dictionary look-up; only a new token costs a thread (it may fetch keys).
    caller = verifier.remembered(token) or await run_sync(verifier.verify, token)
    request.state.caller = caller
    return caller


MaybeCaller = Annotated[Caller | None, Depends(maybe_caller_of_request)]


async def caller_of_request(caller: MaybeCaller) -> Caller:
    """Somebody with a token."""
    if caller is None:
        raise Unauthenticated
    return caller


AsCaller = Annotated[Caller, Depends(caller_of_request)]


async def _admin(caller: AsCaller) -> Caller:
    if not caller.is_admin:
        raise AdminOnly
    return caller


AsAdmin = Annotated[Caller, Depends(_admin)]


async def _staff(caller: AsCaller) -> Caller:
    if not (caller.is_admin or caller.is_instructor):
        raise StaffOnly
    return caller


#: Any instructor or administrator; whether of *this* program is for a policy to say.
AsStaff = Annotated[Caller, Depends(_staff)]


async def service_of_request(request: Request) -> str:
    """The service whose token it is."""
    token = bearer_of(request)
    if token is None:
        raise Unauthenticated("This address needs a service token.")
    return service_tokens.verify(request.app.state.settings, token)


#: The name of the calling service, from its service token.
AsService = Annotated[str, Depends(service_of_request)]
