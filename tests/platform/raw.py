"""HTTP as no well-bred client would write it: bytes over a socket."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class RawAnswer:
    """What came back; ``status`` 0 when the connection was closed without an answer."""

    status: int
    head: str
    body: str


def send_raw(url: str, request: bytes, seconds: float = 10) -> RawAnswer:
    """Send these bytes, read until the server closes (ask it to) or falls silent."""
    parts = urlsplit(url)
    received = b""
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=seconds) as connection:
        try:
            connection.sendall(request)
            while chunk := connection.recv(65536):
                received += chunk
        except (TimeoutError, ConnectionError):  # a server may close before it has read everything
            pass
    head, _, body = received.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return RawAnswer(status, head.decode("latin-1"), body.decode("utf-8", "replace"))


def get_raw(url: str, target: str, method: str = "GET", headers: str = "") -> RawAnswer:
    """One request with exactly this target."""
    host = urlsplit(url).netloc
    return send_raw(url, f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n".encode())
