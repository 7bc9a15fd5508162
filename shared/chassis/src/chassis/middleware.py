"""What surrounds every request, as pure ASGI (a ``@app.middleware("http")`` would halve the speed: measured costs)."""

import logging
import re
import time
from contextlib import suppress
from uuid import uuid4

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import tracing
from chassis.errors import TooLarge, as_problem, problem_response
from chassis.logs import current_request
from chassis.metrics import HttpMetrics

log = structlog.get_logger("chassis.access")
_standard = logging.getLogger("chassis.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
_QUIET = {"/livez", "/readyz", "/metrics"}
_PRIVATE = (b"cache-control", b"no-store")
_SECURITY_HEADERS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]


class RequestContext:
    """Gives each request an id and a trace, one log line, one metric, and a problem document if it fails.

    The request's id comes from ``X-Request-Id`` when it looks like one, and goes back in the answer; both ids are
    bound to every log line written while the request runs.
    """

    def __init__(self, app: ASGIApp, *, metrics: HttpMetrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = _pick(scope)
        request_id = headers.get(b"x-request-id", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", [])
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), *_SECURITY_HEADERS]
                if not any(name == b"cache-control" for name, _ in message["headers"]):
                    message["headers"].append(_PRIVATE)  # personal data, unless the endpoint says otherwise
            await send(message)

        current = current_request.set(request_id)
        with tracing.continued(headers.get(b"traceparent"), scope["method"]):
            try:
                await self.app(scope, receive, send_with_headers)
            except Exception as error:
                problem = as_problem(error)
                log.exception("request_failed", method=scope["method"], path=scope["path"], code=problem.problem_code)
                if status == 0:
                    response = problem_response(Request(scope), problem)
                    await response(scope, receive, send_with_headers)
                else:  # the answer has begun: cut the connection, so that the client does not take it for whole
                    raise
            finally:
                self._tell(scope, status, time.perf_counter() - started)
                current_request.reset(current)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route = _template(scope)
        self.metrics.observe(scope["method"], route, status, seconds)
        tracing.describe(
            f"{scope['method']} {route}",
            {"http.request.method": scope["method"], "http.route": route, "http.response.status_code": status},
        )
        if scope["path"] in _QUIET or not _standard.isEnabledFor(logging.INFO):
            return
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 2),
        )


def _pick(scope: Scope) -> dict[bytes, str]:
    wanted = (b"x-request-id", b"traceparent")
    return {name: value.decode("latin-1") for name, value in scope["headers"] if name in wanted}


def _template(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", None) or "unmatched"


class BodyLimit:
    """Refuses bodies over ``limit`` bytes with 413, announced or streamed."""

    def __init__(self, app: ASGIApp, *, limit: int = 1024 * 1024) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self.app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if announced.isdigit() and int(announced) > self.limit:
            await self._refuse(scope, receive, send)
            return
        seen = 0
        over = False
        started = False

        async def counted() -> Message:
            nonlocal seen, over
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self.limit:
                    over = True
                    raise _OverLimit
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            if over and not started:  # the application turned our exception into an answer of its own
                return
            started = True
            await send(message)

        with suppress(_OverLimit):
            await self.app(scope, counted, watched)
        if over and not started:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"The body may have at most {self.limit} bytes."
        await problem_response(Request(scope), TooLarge(detail))(scope, receive, send)


class _OverLimit(Exception):
    """The body went over the limit while it was read."""
