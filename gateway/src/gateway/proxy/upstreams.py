"""The services behind the gateway, and the way there: pooled connections, streamed both ways.

Each service has a pool of its own, so that one that hangs cannot use up the others' connections. Why aiohttp:
deploy/adr/0004-gateway-client.md.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)
from multidict import CIMultiDict
from starlette.types import Receive, Send
from yarl import URL

from chassis.errors import BadGateway, BadRequest, Problem, TooLarge, Unavailable
from gateway.proxy.bodies import BodyOverLimit, ClientGone, DisconnectWatch, IncomingBody
from gateway.proxy.exchange import Exchange
from gateway.proxy.headers import forwarded, returned
from gateway.proxy.routes import Upstream
from gateway.settings import GatewaySettings

log = structlog.get_logger(__name__)

_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_OUR_LIMIT_ON_HEADERS = 64 * 1024
#: aiohttp would add these; the client did not send them, so the service does not get them.
_NOT_OURS_TO_ADD = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


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
        self._sessions: dict[Upstream, ClientSession] = {}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """The connections live inside this block."""
        async with AsyncExitStack() as stack:
            for upstream in self.urls:
                self._sessions[upstream] = await stack.enter_async_context(self._session())
            yield

    def _session(self) -> ClientSession:
        settings = self._settings
        return ClientSession(
            connector=TCPConnector(
                limit=settings.upstream_max_requests, keepalive_timeout=settings.upstream_idle_seconds, ttl_dns_cache=30
            ),
            timeout=ClientTimeout(
                total=None, connect=settings.upstream_connect_seconds, sock_read=settings.upstream_read_seconds
            ),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,  # bodies pass as they are
            skip_auto_headers=_NOT_OURS_TO_ADD,
            max_line_size=_OUR_LIMIT_ON_HEADERS,
            max_field_size=_OUR_LIMIT_ON_HEADERS,
        )

    async def get(self, upstream: Upstream, path: str) -> bytes:
        """The body of a public GET; raises when it is not answered with 200."""
        async with self._sessions[upstream].get(self.urls[upstream] + path, raise_for_status=True) as response:
            return await response.read()

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
            await self._answer(exchange, None, send)
            return
        body.on_end = watch.start
        first = await body.read()
        await self._answer(exchange, first if body.finished else body.stream(first), send)

    async def _answer(self, exchange: Exchange, data: bytes | AsyncIterator[bytes] | None, send: Send) -> None:
        """Ask the service and pass its answer on.

        aiohttp asks idempotent requests once more when the service had closed a pooled connection.
        """
        assert exchange.route is not None
        upstream = exchange.route.upstream
        headers = CIMultiDict(
            forwarded(exchange.scope["headers"], exchange.origin, exchange.request_id, exchange.traceparent)
        )
        announced = exchange.given.get(b"content-length")
        if announced is not None and not isinstance(data, bytes | None):
            headers["content-length"] = announced.decode("ascii")
        async with self._sessions[upstream].request(
            exchange.method, _url(self.urls[upstream], exchange), headers=headers, data=data, allow_redirects=False
        ) as response:
            received = [(name.lower(), value) for name, value in response.raw_headers]
            await exchange.start(send, response.status, returned(received))
            await _relay(response, send)


async def _relay(response: ClientResponse, send: Send) -> None:
    """The body as it comes; the last part is sent as the last, so that a small answer is one message."""
    left = response.content_length
    while part := await response.content.readany():
        if left is not None:
            left -= len(part)
            if left <= 0:
                await send({"type": "http.response.body", "body": part})
                return
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _url(base: str, exchange: Exchange) -> URL:
    """Path and query as they were sent: ``encoded`` keeps yarl from tidying them up."""
    query: bytes = exchange.scope["query_string"]
    target = base + exchange.path.decode("ascii")
    return URL(f"{target}?{query.decode('ascii')}" if query else target, encoded=True)


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
        **exchange.ids,
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
    cause = f": {error.os_error}" if isinstance(error, ClientConnectorError) else ""
    return f"{type(error).__name__}{cause}"


def problem_of(error: Exception, service: str, body_limit: int) -> Problem | None:
    """What the client is told; None when there is no client any more."""
    if isinstance(error, BodyOverLimit):
        return TooLarge(f"The body may have at most {body_limit} bytes.")
    if isinstance(error, ClientGone):
        return None
    if isinstance(error, UnicodeError):
        return BadRequest("A header or the query contains bytes that cannot be passed on.")
    if isinstance(error, ClientConnectorError | ConnectionTimeoutError):
        return ServiceDown(f"The {service} service is not answering; try again in a moment.", retry_after=2)
    if isinstance(error, TimeoutError):
        return GatewayTimeout(f"The {service} service did not answer in time; look before you try again.")
    if isinstance(error, ClientResponseError):
        return BadGateway(f"The {service} service gave an answer that makes no sense.")
    if isinstance(error, ClientError | OSError):
        return ServiceDown(f"The {service} service broke off; look before you try again.", retry_after=2)
    raise error
