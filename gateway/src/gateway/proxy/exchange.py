"""One request on its way through the gateway: what is known of it, and how its answer begins."""

import time
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.types import Scope, Send

from chassis.errors import Problem
from gateway.proxy.addresses import Origin, ProxyTrust
from gateway.proxy.headers import RawHeaders, request_id, traceparent
from gateway.proxy.routes import Route

_PROBLEM_HEADERS: RawHeaders = [
    (b"content-type", b"application/problem+json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class Exchange:
    """``extra`` are headers that the gateway adds to the answer, whoever gives it."""

    __slots__ = (
        "extra",
        "given",
        "method",
        "noted",
        "origin",
        "path",
        "request_id",
        "route",
        "scope",
        "started",
        "status",
        "traceparent",
    )

    def __init__(self, scope: Scope, trust: ProxyTrust) -> None:
        self.started = time.perf_counter()
        self.scope = scope
        self.method: str = scope["method"]
        self.path: bytes = scope.get("raw_path") or scope["path"].encode()
        #: The headers by name; of equal names the first, as the services see it.
        self.given: Mapping[bytes, bytes] = dict(reversed(scope["headers"]))
        self.request_id = request_id(self.given.get(b"x-request-id"))
        self.traceparent = traceparent(self.given.get(b"traceparent"))
        self.origin: Origin = trust.origin(scope)
        self.route: Route | None = None
        self.status = 0
        #: Whether the application that answers writes the log line and the metric itself.
        self.noted = False
        self.extra: RawHeaders = [(b"x-request-id", self.request_id)]

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self.started

    @property
    def ids(self) -> dict[str, str]:
        """What every log line about it names."""
        return {"request_id": self.request_id.decode(), "trace_id": self.traceparent[3:35].decode()}

    @property
    def started_answering(self) -> bool:
        """Whether the client has been told a status."""
        return self.status != 0

    async def start(self, send: Send, status: int, headers: RawHeaders) -> None:
        """The status and the headers of the answer, and ours."""
        self.status = status
        await send({"type": "http.response.start", "status": status, "headers": headers + self.extra})

    async def refuse(self, send: Send, problem: Problem) -> None:
        """Answer with a problem document."""
        document: dict[str, Any] = problem.document(self.request_id.decode())
        body = b"" if self.method == "HEAD" else orjson.dumps(document)
        ours = {name for name, _ in self.extra}
        headers = [
            *_PROBLEM_HEADERS,
            (b"content-length", str(len(body)).encode()),
            *((name.lower().encode(), value.encode()) for name, value in problem.headers.items()),
        ]
        await self.start(send, problem.status, [header for header in headers if header[0] not in ours])
        await send({"type": "http.response.body", "body": body})
