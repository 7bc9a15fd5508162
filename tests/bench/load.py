"""A small load generator: keep-alive connections that each send the next prepared request when the last is answered.

It does as little as HTTP/1.1 allows, so that what is measured is the server.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Outcome:
    """What one run gave: latencies in seconds, and how many answers had which status."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    #: Processor time of the servers under measure, in seconds; unlike latencies it hardly depends on the neighbours.
    processor: float = 0.0

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    @property
    def microseconds(self) -> float:
        """Processor time of the servers for one answer."""
        return self.processor / len(self.latencies) * 1e6 if self.latencies else 0.0

    def percentile(self, share: float) -> float:
        """Latency in milliseconds below which ``share`` of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


def request_bytes(method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request as it goes over the wire."""
    parts = urlsplit(url)
    lines = [
        f"{method} {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1",
        f"Host: {parts.netloc}",
    ]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if method not in {"GET", "HEAD"}:
        lines += [f"Content-Length: {len(body)}", "Content-Type: application/json"]
    return "\r\n".join(lines).encode() + HEAD_END + body


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], deadline: float, outcome: Outcome) -> None:
        self.requests, self.deadline, self.outcome = requests, deadline, outcome
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self.requests, None)
        if request is None or time.perf_counter() >= self.deadline:
            self.transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(HEAD_END)
        if not found or not _is_whole(head, rest):
            return
        self.outcome.latencies.append(time.perf_counter() - self.sent_at)
        status = int(head[9:12])
        self.outcome.statuses[status] = self.outcome.statuses.get(status, 0) + 1
        self.buffer = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))


def _is_whole(head: bytes, body: bytes) -> bool:
    lower = head.lower()
    marker = lower.find(b"content-length:")
    if marker >= 0:
        return len(body) >= int(lower[marker + 15 :].split(b"\r\n", 1)[0])
    if b"transfer-encoding: chunked" in lower:
        return body.endswith(b"0\r\n\r\n")
    return lower[9:12] in {b"204", b"304"}


async def drive(url: str, requests: Sequence[Iterator[bytes]], seconds: float) -> Outcome:
    """One connection for each iterator of ``requests``, until they end or ``seconds`` have passed."""
    parts, outcome, loop = urlsplit(url), Outcome(), asyncio.get_running_loop()
    started = time.perf_counter()
    connections = []
    for each in requests:
        _, protocol = await loop.create_connection(
            lambda each=each: _Connection(each, started + seconds, outcome),  # type: ignore[misc]
            parts.hostname,
            parts.port,
        )
        connections.append(protocol.done)
    await asyncio.gather(*connections)
    outcome.seconds = time.perf_counter() - started
    return outcome


def forever(request: bytes) -> Iterator[bytes]:
    """The same request again and again."""
    while True:
        yield request
