"""``Idempotency-Key``: the same caller's same key answers the first answer again (API.md, fine print).

The answer is stored in the endpoint's own transaction, so either both the effect and its answer exist or neither.
Refusals are not stored: what was refused had no effect and may be tried again under the same key.

A request that dies leaves its claim behind; after ``PRESUMED_DEAD_SECONDS`` by the database's clock, which is the same
for all replicas, a repeated request takes it over. Should the first be alive after all (its process was frozen, its row
lock long in coming), its transaction is rolled back: the effect is the second's.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from anyio.to_thread import run_sync
from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from chassis import auth, database_clock
from chassis.database import Database, at_the_end, is_duplicate
from chassis.errors import Conflict, Unprocessable
from chassis.ids import new_id
from chassis.tables import idempotency_keys as keys

Handler = Callable[[Request], Awaitable[Response]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

KEPT = timedelta(hours=24)
#: A request that has not answered by then is taken to have died; its key may be used again.
PRESUMED_DEAD_SECONDS = 15
_PRESUMED_DEAD_AT = database_clock.after(timedelta(seconds=PRESUMED_DEAD_SECONDS))
_MARK = "__idempotent__"
_OWNER = "idempotency_owner"


class KeyReused(Unprocessable):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for another request"


class InProgress(Conflict):
    code = "request_in_progress"
    title = "The first request with this Idempotency-Key is still running"


@dataclass(frozen=True, slots=True)
class _Claim:
    caller: str
    key: str
    fingerprints: tuple[bytes, ...]
    owner: UUID

    @property
    def fingerprint(self) -> bytes:
        """Of the request, under the secret that is in use; the others were in use before."""
        return self.fingerprints[0]


def idempotent(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint of a ``ServiceRoute`` router as honouring ``Idempotency-Key``."""
    setattr(endpoint, _MARK, True)
    return endpoint


def is_idempotent(endpoint: Callable[..., Any]) -> bool:
    """Whether the endpoint was marked."""
    return getattr(endpoint, _MARK, False)


def guarded(handle: Handler) -> Handler:
    """``handle``, run at most once per caller and key."""

    async def guard(request: Request) -> Response:
        key = request.headers.get("idempotency-key")
        if key is None:
            return await handle(request)
        if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
            raise Unprocessable.field("Idempotency-Key", "must be 1 to 255 printable ASCII characters")
        claim = await _claim_of(request, key)
        database: Database = request.app.state.db
        replay = await run_sync(_start, database, claim, request.app.state.clock())
        if replay is not None:
            return replay
        try:
            response = await handle(request)
        except BaseException:
            await at_the_end(release, database, claim.owner)
            raise
        await _finish(request, claim, response)
        return response

    return guard


async def _claim_of(request: Request, key: str) -> _Claim:
    caller = await auth.maybe_caller_of_request(request)
    name = str(caller.account_id) if caller else f"address:{request.client.host if request.client else 'unknown'}"
    parts = [request.method.encode(), request.url.path.encode(), request.url.query.encode(), await request.body()]
    content = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    secrets = request.app.state.settings.service_token_secrets
    owner = getattr(request.state, _OWNER, None) or new_id()  # kept when a lost lock race runs the endpoint again
    setattr(request.state, _OWNER, owner)
    return _Claim(name, key, tuple(_fingerprint(content, each.get_secret_value()) for each in secrets), owner)


def _fingerprint(content: bytes, secret: str) -> bytes:
    """Keyed, because the content may be a password: whoever reads the table must not be able to try passwords."""
    key = hashlib.blake2b(secret.encode(), digest_size=32, person=b"edx-idempotency").digest()
    return hashlib.blake2b(content, digest_size=32, key=key).digest()


def _start(database: Database, claim: _Claim, now: datetime) -> Response | None:
    try:
        with database.begin() as session:
            session.execute(insert(keys).values(**_running(claim, now)))
    except Exception as error:
        if not is_duplicate(error):
            raise
        return database.run(lambda session: _resume(session, claim, now))
    return None


def _running(claim: _Claim, now: datetime) -> dict[str, Any]:
    return {
        "caller": claim.caller,
        "key": claim.key,
        "fingerprint": claim.fingerprint,
        "owner": claim.owner,
        "locked_until": _PRESUMED_DEAD_AT,
        "created_at": now,
        "status": None,
        "content_type": None,
        "body": None,
    }


def _same_key(claim: _Claim) -> Any:
    return and_(keys.c.caller == claim.caller, keys.c.key == claim.key)


def _resume(session: Session, claim: _Claim, now: datetime) -> Response | None:
    is_running = (keys.c.locked_until > database_clock.NOW).label("is_running")
    row = session.execute(select(keys, is_running).where(_same_key(claim)).with_for_update()).first()
    if row is None:
        raise InProgress(headers={"Retry-After": "1"})  # just released; the client's next try starts afresh
    if row.owner == claim.owner:
        return None
    if row.created_at + KEPT > now:
        if bytes(row.fingerprint) not in claim.fingerprints:
            raise KeyReused("Use a new Idempotency-Key for a different request.")
        if row.status is not None:
            return Response(
                row.body,
                status_code=row.status,
                headers={"Idempotency-Replayed": "true", "Cache-Control": "no-store"},
                media_type=row.content_type,
            )
        if row.is_running:
            raise InProgress("Wait for the first request to answer.", headers={"Retry-After": "1"})
    session.execute(update(keys).where(_same_key(claim)).values(**_running(claim, now)))
    return None


async def _finish(request: Request, claim: _Claim, response: Response) -> None:
    database: Database = request.app.state.db
    if response.status_code >= 400:
        await at_the_end(release, database, claim.owner)
        return
    session: Session | None = getattr(request.state, "session", None)
    if session is None:
        await run_sync(database.run, lambda own: _store(own, claim, response))
    elif not await at_the_end(_store, session, claim, response):
        raise InProgress("This request took so long that a repeated one took its place.", headers={"Retry-After": "1"})


def _store(session: Session, claim: _Claim, response: Response) -> bool:
    """Whether the claim was still this request's."""
    result = session.execute(
        update(keys)
        .where(_same_key(claim), keys.c.owner == claim.owner)
        .values(
            status=response.status_code,
            content_type=response.headers.get("content-type"),
            body=bytes(response.body),
        )
    )
    return bool(getattr(result, "rowcount", 0))


def release(database: Database, owner: UUID) -> None:
    """Free the key of a request that had no effect."""
    database.run(lambda session: session.execute(delete(keys).where(keys.c.owner == owner, keys.c.status.is_(None))))


def prune(session: Session, now: datetime) -> int:
    """Forget keys older than 24 hours; answers how many."""
    result = session.execute(delete(keys).where(keys.c.created_at < now - KEPT))
    return int(getattr(result, "rowcount", 0))
