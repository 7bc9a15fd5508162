"""The route class of every service's routers: lost lock races are run again, ``Idempotency-Key`` is honoured."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any

import structlog
from anyio.to_thread import run_sync
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import idempotency
from chassis.database import is_lost_race, retry_pause
from chassis.strict_json import reading_strictly

log = structlog.get_logger(__name__)

_ATTEMPTS = 4


class ServiceRoute(APIRoute):
    """``APIRouter(route_class=ServiceRoute)``.

    A sync endpoint runs in one thread, once. FastAPI by itself would validate its answer in the thread pool again,
    with the transaction still open: a second wait for a thread, while holding row locks (see ``database.transaction``).

    An endpoint whose only effects are in its ``Tx`` runs again when MySQL chose its transaction as a deadlock's
    victim (1213) or a lock wait ran out (1205); the client sees nothing of it, or a 503 after four tries.

    JSON is read strictly (see ``chassis.strict_json``).
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint if iscoroutinefunction(endpoint) else in_one_thread(endpoint), **options)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in {"GET", "HEAD"}:
            await super().handle(scope, receive, send)
        else:
            await retrying(super().handle)(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if not (self.methods or set()) - {"GET", "HEAD"}:
            return handle
        guarded = idempotency.guarded(handle) if idempotency.is_idempotent(self.endpoint) else handle
        return reading_strictly(guarded)  # type: ignore[return-value]


def in_one_thread(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """``endpoint`` as a coroutine function that runs it in a thread; marks and signature are kept."""

    @functools.wraps(endpoint)
    async def run(**arguments: Any) -> Any:
        return await run_sync(functools.partial(endpoint, **arguments))

    return run


def retrying(app: ASGIApp) -> ASGIApp:
    """``app``, run again with the same body after a lost lock race, as long as no answer has begun."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        body: list[Message] = []
        for attempt in range(1, _ATTEMPTS + 1):
            begun = False

            async def watched(message: Message) -> None:
                nonlocal begun
                begun = True
                await send(message)

            try:
                await app(scope, _replay(body, receive), watched)
            except Exception as error:
                state = scope.get("state", {})
                if not begun and "session" in state and is_lost_race(error) and attempt < _ATTEMPTS:
                    log.info("transaction_retried", path=scope["path"], attempt=attempt)
                    state.pop("session")
                    await asyncio.sleep(retry_pause(attempt))
                    continue
                if not begun and (owner := state.get(idempotency._OWNER)) is not None:
                    await run_sync(idempotency.release, scope["app"].state.db, owner)
                raise
            return

    return run


def _replay(body: list[Message], receive: Receive) -> Receive:
    position = 0

    async def next_message() -> Message:
        nonlocal position
        if position < len(body):
            message = body[position]
        else:
            message = await receive()
            if message["type"] == "http.request":
                body.append(message)
        position += 1
        return message

    return next_message
