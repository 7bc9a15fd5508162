"""The services behind the gateway, and the way there: pooled connections, streamed both ways.

Each service has a client of its own, so that one that hangs cannot use up the others' connections. Why pyreqwest:
deploy/adr/0004-gateway-client.md.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import quote

import structlog
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    BuilderError,
    ConnectError,
    ConnectTimeoutError,
    NetworkError,
    PoolTimeoutError,
    RequestError,
    RequestTimeoutError,
)
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response
from starlette.types import Receive, Send

from chassis.errors import BadRequest, Problem, TooLarge, Unavailable
from gateway.proxy.bodies import BodyOverLimit, ClientGone, DisconnectWatch, IncomingBody
from gateway.proxy.exchange import Exchange
from gateway.proxy.headers import RawHeaders, forwarded, returned
from gateway.proxy.routes import Upstream
from gateway.settings import GatewaySettings

log = structlog.get_logger(__name__)

_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


class GatewayTimeout(Problem):
    status = 504
    code = "upstream_timeout"
    title = "A service took too long to answer"


class ServiceDown(Unavailable):
    code = "service_unavailable"
    title = "A service cannot be reached right now"


def base_urls(settings: GatewaySettings) -> dict[Upstream, str]:
    """Where each service is."""
    return {
        Upstream.ENROLLMENT: settings.enrollment_url,
        Upstream.LEARNING: settings.learning_url,
        Upstream.MEDIA: settings.media_url,
        Upstream.CERTIFICATES: settings.certificates_url,
        Upstream.DISCUSSION: settings.discussion_url,
    }


class Upstreams:
    """Forwards exchanges to services. Open while the application runs."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self.urls: Mapping[Upstream, str] = base_urls(settings)
        self._clients: dict[Upstream, Client] = {}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """The connections live inside this block."""
        self._clients = {upstream: self._client() for upstream in self.urls}
        try:
            yield
        finally:
            for client in self._clients.values():
                await client.close()

    def _client(self) -> Client:
        settings = self._settings
        builder = ClientBuilder().no_proxy().follow_redirects(False).referer(False).http1_only()
        for decode in ("gzip", "brotli", "zstd", "deflate"):  # bodies pass as they are
            builder = getattr(builder, decode)(False)
        return (
            builder.http1_lower_case_headers()
            .connect_timeout(timedelta(seconds=settings.upstream_connect_seconds))
            .read_timeout(timedelta(seconds=settings.upstream_read_seconds))
            .pool_idle_timeout(timedelta(seconds=settings.upstream_idle_seconds))
            .max_connections(settings.upstream_max_requests)
            .pool_timeout(timedelta(seconds=settings.upstream_connect_seconds))
            .build()
        )

    async def get(self, upstream: Upstream, path: str) -> bytes:
        """The body of a public GET; raises when it is not answered with 200."""
        response = await self._clients[upstream].get(self.urls[upstream] + path).error_for_status().build().send()
        return bytes(await response.bytes())

    async def forward(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        """Let the route's service answer; what goes wrong on the way is answered with a problem."""
        assert exchange.route is not None
        body = IncomingBody(receive, exchange.route.body_limit)
        watch = DisconnectWatch(receive)
        try:
            await self._exchange(exchange, body, watch, send)
        except asyncio.CancelledError:
            if not watch.gone:
                raise
            _no_longer_cancelled()
            exchange.status = exchange.status or 499
        except Exception as error:
            await _explain(exchange, body, error, send)
        finally:
            watch.stop()

    async def _exchange(self, exchange: Exchange, body: IncomingBody, watch: DisconnectWatch, send: Send) -> None:
        if exchange.method in _BODILESS and not _announces_body(exchange):
            watch.start()
            try:
                await self._answer(exchange, self._request(exchange), send)
            except NetworkError as error:
                if isinstance(error, ConnectError) or exchange.started_answering:
                    raise
                # The service closed a pooled connection just as we used it. A read may simply be asked again.
                await self._answer(exchange, self._request(exchange), send)
            return
        body.on_end = watch.start
        first = await body.read()
        await self._answer(exchange, self._request(exchange, body, first), send)

    def _request(self, exchange: Exchange, body: IncomingBody | None = None, first: bytes = b"") -> StreamRequest:
        assert exchange.route is not None
        upstream = exchange.route.upstream
        headers = forwarded(exchange.scope["headers"], exchange.origin, exchange.request_id, exchange.traceparent)
        builder = self._clients[upstream].request(exchange.method, self.urls[upstream] + _target(exchange))
        if body is not None and body.finished:
            return builder.headers(headers).body_bytes(first).build_streamed()
        if body is not None:
            announced = exchange.given.get(b"content-length")
            if announced is not None:
                headers.append(("content-length", announced.decode("latin-1")))
            return builder.headers(headers).body_stream(body.stream(first)).build_streamed()
        return builder.headers(headers).build_streamed()

    async def _answer(self, exchange: Exchange, request: StreamRequest, send: Send) -> None:
        async with request as response:
            headers = _raw(response)
            await exchange.start(send, response.status, returned(headers))
            await _relay(response, send)


async def _relay(response: Response, send: Send) -> None:
    """The body as it comes; the last part is sent as the last, so that a small answer is one message."""
    reader = response.body_reader
    announced = response.get_header("content-length")
    left = int(announced) if announced is not None and announced.isdigit() else None
    while (part := await reader.read_chunk()) is not None:
        if left is not None:
            left -= len(part)
            if left <= 0:
                await send({"type": "http.response.body", "body": bytes(part)})
                return
        await send({"type": "http.response.body", "body": bytes(part), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _raw(response: Response) -> RawHeaders:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers.items()]


def _target(exchange: Exchange) -> str:
    query: bytes = exchange.scope["query_string"]
    path = exchange.path.decode("ascii")
    if not query:
        return path
    return f"{path}?{query.decode('ascii') if query.isascii() else quote(query, safe='%&=+/?:@,;!$()*~')}"


def _announces_body(exchange: Exchange) -> bool:
    given = exchange.given
    return b"transfer-encoding" in given or given.get(b"content-length", b"0") != b"0"


def _no_longer_cancelled() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


async def _explain(exchange: Exchange, body: IncomingBody, error: Exception, send: Send) -> None:
    """Answer with the problem that ``error`` is, unless the answer has begun: then it is left unfinished.

    uvicorn closes the connection of an unfinished answer, so the client does not take it for whole.
    """
    assert exchange.route is not None
    facts = {
        "upstream": exchange.route.upstream.value,
        "method": exchange.method,
        "path": exchange.path.decode("latin-1"),
        "request_id": exchange.request_id.decode(),
    }
    if exchange.started_answering:
        log.warning("upstream_broke_off", error=_reason(error), **facts)
        return
    if body.trouble is not None:
        error = body.trouble
    problem = problem_of(error, exchange.route.upstream.value, exchange.route.body_limit)
    if problem is None:
        exchange.status = 499
        return
    if problem.status >= 500:
        log.warning("upstream_failed", code=problem.code, error=_reason(error), **facts)
    await exchange.refuse(send, problem)


def _reason(error: Exception) -> str:
    """The error without the address, whose query may hold a secret."""
    causes = error.details["causes"] if isinstance(error, RequestError) else None
    return f"{type(error).__name__}: {causes[-1]['message'] if causes else 'no further cause'}"


def problem_of(error: Exception, service: str, body_limit: int) -> Problem | None:
    """What the client is told; None when there is no client any more."""
    if isinstance(error, BodyOverLimit):
        return TooLarge(f"The body may have at most {body_limit} bytes.")
    if isinstance(error, BuilderError):
        return BadRequest("A header or the address contains characters that cannot be passed on.")
    if isinstance(error, PoolTimeoutError | ConnectTimeoutError):
        return ServiceDown(f"The {service} service is not answering; try again in a moment.", retry_after=2)
    if isinstance(error, RequestTimeoutError):
        return GatewayTimeout(f"The {service} service did not answer in time; look before you try again.")
    if isinstance(error, RequestError):
        return ServiceDown(f"The {service} service cannot be reached; try again in a moment.", retry_after=2)
    if isinstance(error, ClientGone):
        return None
    raise error
