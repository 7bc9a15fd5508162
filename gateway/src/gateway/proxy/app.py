"""The outer door as pure ASGI: judge the path, find the route, count the caller, and let the right one answer."""

from collections.abc import Mapping

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import tracing
from chassis.errors import BadRequest, MethodNotAllowed, NotFound, Problem, RateLimited, TooLarge, Unauthenticated
from chassis.tokens import TokenVerifier
from gateway.limits.counter import Counter
from gateway.limits.policy import BY_ADDRESS, Limit, headers
from gateway.proxy.access import AccessLog
from gateway.proxy.addresses import ProxyTrust, counted_as
from gateway.proxy.exchange import Exchange
from gateway.proxy.headers import rewritten
from gateway.proxy.paths import is_known_method, refuse_path
from gateway.proxy.routes import Route, RouteTable, Upstream
from gateway.proxy.upstreams import Upstreams
from gateway.settings import GatewaySettings

log = structlog.get_logger(__name__)


class InvalidPath(BadRequest):
    code = "invalid_path"
    title = "This address is not one of ours"


class Gateway:
    """``local`` are the applications in this process, by route; every other route is a service's."""

    def __init__(
        self,
        *,
        settings: GatewaySettings,
        identity: ASGIApp,
        platform: ASGIApp,
        upstreams: Upstreams,
        verifier: TokenVerifier,
        counter: Counter,
        trust: ProxyTrust,
        access_log: AccessLog,
    ) -> None:
        self._local: Mapping[Upstream, ASGIApp] = {Upstream.IDENTITY: identity, Upstream.PLATFORM: platform}
        self._identity = identity
        self._upstreams = upstreams
        self._verifier = verifier
        self._counter = counter
        self._trust = trust
        self._access_log = access_log
        self._routes = RouteTable()
        self._exports_spans = settings.otel_endpoint is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._identity(scope, receive, send)
        else:  # there are no WebSockets here
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, self._trust)
        if self._exports_spans:
            given = exchange.given.get(b"traceparent", b"").decode("latin-1")
            with tracing.continued(given, f"{exchange.method} {scope['path']}"):
                exchange.traceparent = (tracing.current_traceparent() or "").encode()
                await self._serve_exchange(exchange, receive, send)
        else:
            await self._serve_exchange(exchange, receive, send)

    async def _serve_exchange(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        try:
            problem = await self._admit(exchange)
            if problem is not None:
                await exchange.refuse(send, problem)
            else:
                await self._answer(exchange, receive, send)
        except Exception:
            log.exception("gateway_failed", path=exchange.path.decode("latin-1"), **exchange.ids)
            if exchange.started_answering:
                raise
            await exchange.refuse(send, Problem())
        finally:
            self._access_log.note(exchange)

    async def _admit(self, exchange: Exchange) -> Problem | None:
        """Find the route and count the caller; the problem, if the request goes no further."""
        refusal = refuse_path(exchange.path)
        if refusal is not None:
            return InvalidPath(refusal)
        found = self._routes.find(exchange.method, exchange.path.decode("ascii"))
        if found.route is None and found.allowed:
            return MethodNotAllowed(headers={"Allow": ", ".join(found.allowed)})
        if found.route is None or not is_known_method(exchange.method):
            return NotFound("There is nothing at this address.")
        exchange.route = found.route
        if found.route.limit is not None:
            problem = await self._count(exchange, found.route.limit)
            if problem is not None:
                return problem
        return _refuse_announced_length(exchange, found.route)

    async def _count(self, exchange: Exchange, limit: Limit) -> Problem | None:
        who = None if limit in BY_ADDRESS else self._account_of(exchange)
        verdict = await self._counter.hit(limit, who or f"ip:{counted_as(exchange.origin.address)}")
        exchange.extra += headers(verdict)
        if verdict.allowed:
            return None
        return RateLimited(f"Too many requests; wait {verdict.reset} seconds.")

    def _account_of(self, exchange: Exchange) -> str | None:
        """The subject of a token that is valid; a bad one is for the service to refuse, and counts by address.

        The keys are this process's own, so checking blocks for nothing; a token is checked once and remembered.
        """
        given = exchange.given.get(b"authorization", b"")
        if given[:7].lower() != b"bearer ":
            return None
        try:
            return f"account:{self._verifier.verify(given[7:].decode('latin-1').strip()).account_id}"
        except Unauthenticated:
            return None

    async def _answer(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        assert exchange.route is not None
        local = self._local.get(exchange.route.upstream)
        if local is None:
            await self._upstreams.forward(exchange, receive, send)
            return
        exchange.noted = exchange.route.upstream is Upstream.IDENTITY
        await local(_inner_scope(exchange), receive, _adding(exchange, send))


def _refuse_announced_length(exchange: Exchange, route: Route) -> Problem | None:
    announced = exchange.given.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > route.body_limit:
        return TooLarge(f"The body may have at most {route.body_limit} bytes.")
    return None


def _inner_scope(exchange: Exchange) -> Scope:
    """The scope as the applications in this process may believe it."""
    scope = exchange.scope
    return {
        **scope,
        "client": (exchange.origin.address, 0),
        "scheme": exchange.origin.scheme,
        "state": {**scope.get("state", {}), "request_id": exchange.request_id.decode()},
        "headers": rewritten(scope["headers"], exchange.request_id, exchange.traceparent),
    }


def _adding(exchange: Exchange, send: Send) -> Send:
    """``send`` with the gateway's headers, where the application did not set its own."""

    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            given = list(message.get("headers", []))
            names = {name.lower() for name, _ in given}
            message = {**message, "headers": given + [header for header in exchange.extra if header[0] not in names]}
        await send(message)

    return adding
