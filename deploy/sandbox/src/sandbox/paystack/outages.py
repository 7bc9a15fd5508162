"""Outages of the Paystack API, as rows: what a caller meets instead of, or around, an answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox import faults
from sandbox.faults import OrderedFault
from sandbox.paystack.errors import PaystackRefusal
from sandbox.store import Store

CALLS = {
    ("POST", "/paystack/transaction/initialize"): "initialize",
    ("GET", "/paystack/transaction"): "list",
    ("POST", "/paystack/refund"): "refund",
}
VERIFY = "/paystack/transaction/verify/"

Outage = Callable[[ASGIApp, OrderedFault, Scope, Receive, Send], Awaitable[None]]


def call_name(method: str, path: str) -> str:
    """The name by which an outage picks a call: initialize, verify, list, refund or other."""
    if path.startswith(VERIFY):
        return "verify"
    return CALLS.get((method, path.rstrip("/")), "other")


async def _down(_app: ASGIApp, fault: OrderedFault, _scope: Scope, _receive: Receive, send: Send) -> None:
    await _respond(send, fault.status or 503, PaystackRefusal("internal").document())


async def _slow(app: ASGIApp, fault: OrderedFault, scope: Scope, receive: Receive, send: Send) -> None:
    received = await _whole_request(receive)  # so that the call takes effect though its caller leaves
    await asyncio.sleep(fault.seconds)
    await app(scope, received, send)


async def _rubbish(_app: ASGIApp, fault: OrderedFault, _scope: Scope, _receive: Receive, send: Send) -> None:
    await _respond(send, fault.status or 200, b'{"status":true,"message":"Verif<html>Just a moment...</html>')


async def _rate_limited(_app: ASGIApp, fault: OrderedFault, _scope: Scope, _receive: Receive, send: Send) -> None:
    await _respond(send, fault.status or 429, PaystackRefusal("rate_limited").document())


async def _refused(_app: ASGIApp, fault: OrderedFault, _scope: Scope, _receive: Receive, send: Send) -> None:
    refusal = PaystackRefusal(fault.error or "unknown_path")
    await _respond(send, fault.status or refusal.row.http_status, refusal.document())


async def _lost_answer(app: ASGIApp, fault: OrderedFault, scope: Scope, receive: Receive, send: Send) -> None:
    received = await _whole_request(receive)

    async def swallow(_message: Message) -> None:
        return

    await app(scope, received, swallow)
    await asyncio.sleep(fault.seconds)
    await _respond(send, fault.status or 504, PaystackRefusal("internal").document())


OUTAGES: dict[str, Outage] = {
    "down": _down,
    "slow": _slow,
    "rubbish": _rubbish,
    "rate-limited": _rate_limited,
    "lost-answer": _lost_answer,
    "refused": _refused,
}
"""down: a 5xx. slow: the true answer after ``seconds``. rubbish: a body that is no JSON. rate-limited: 429.
lost-answer: the call takes effect, but the caller gets a 504 (after ``seconds``). refused: the documented ``error``,
a row of REFUSALS, with its own HTTP status or ``status``."""


class Outages:
    """ASGI middleware that lets an ordered outage befall calls under /paystack."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app = app
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, unless an outage takes it."""
        fault = None
        if scope["type"] == "http" and scope["path"].startswith("/paystack/"):
            fault = await asyncio.to_thread(self._take, call_name(scope["method"], scope["path"]))
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await OUTAGES[fault.kind](self._app, fault, scope, receive, send)

    def _take(self, call: str) -> OrderedFault | None:
        with self._store.read() as db:
            if not faults.exists(db, faults.API):
                return None
        with self._store.begin() as db:
            return faults.take(db, faults.API, call=call)


async def _whole_request(receive: Receive) -> Receive:
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    waiting = iter(messages)

    async def again() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return again


async def _respond(send: Send, status: int, body: object) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(raw)).encode())]
    if status == 429:
        headers.append((b"retry-after", b"60"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})
