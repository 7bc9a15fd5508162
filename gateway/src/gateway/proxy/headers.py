"""Which headers pass through the gateway, in both directions. Pure."""

import re
import secrets

from gateway.proxy.addresses import Origin

RawHeaders = list[tuple[bytes, bytes]]

#: RFC 9110, 7.6.1: about one connection, not about the message.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
#: Set by us; what a client says here is not believed.
_OURS = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-server",
        b"x-real-ip",
        b"x-client-ip",
        b"x-original-url",
        b"x-rewrite-url",
        b"x-http-method-override",
        b"x-request-id",
        b"traceparent",
        b"tracestate",
    }
)
_NOT_FORWARDED = HOP_BY_HOP | _OURS | {b"host", b"content-length", b"expect"}
_NOT_RETURNED = HOP_BY_HOP | {b"date", b"server", b"x-request-id"}

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,128}")
_TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def request_id(given: bytes | None) -> bytes:
    """The client's id if it looks like one, else a new one."""
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    return secrets.token_hex(16).encode()


def traceparent(given: bytes | None) -> bytes:
    """A span of our own in the client's trace (W3C Trace Context), or in a new one."""
    span = secrets.token_hex(8).encode()
    if given is not None and _TRACEPARENT.fullmatch(given):
        return given[:36] + span + given[52:]
    return b"00-" + secrets.token_hex(16).encode() + b"-" + span + b"-01"


def forwarded(
    headers: RawHeaders, origin: Origin, our_request_id: bytes, our_traceparent: bytes
) -> list[tuple[str, str]]:
    """What the service gets: the client's end-to-end headers and ours. Length and host belong to the new connection.

    Raises ``UnicodeDecodeError`` for bytes that are not UTF-8.
    """
    named = _named_by_connection(headers)
    passed = [
        (name.decode(), value.decode()) for name, value in headers if name not in _NOT_FORWARDED and name not in named
    ]
    passed += (
        ("x-request-id", our_request_id.decode()),
        ("traceparent", our_traceparent.decode()),
        ("x-forwarded-for", origin.chain),
        ("x-forwarded-proto", origin.scheme),
        ("x-forwarded-host", origin.host),
    )
    return passed


def rewritten(headers: RawHeaders, our_request_id: bytes, our_traceparent: bytes) -> RawHeaders:
    """The headers for the identity application in this process: the same beliefs, the same connection."""
    kept = [(name, value) for name, value in headers if name not in _OURS]
    return [*kept, (b"x-request-id", our_request_id), (b"traceparent", our_traceparent)]


def returned(headers: RawHeaders) -> RawHeaders:
    """What the client gets back: the service's end-to-end headers."""
    named = _named_by_connection(headers)
    return [(name, value) for name, value in headers if name not in _NOT_RETURNED and name not in named]


def _named_by_connection(headers: RawHeaders) -> frozenset[bytes]:
    for name, value in headers:
        if name == b"connection" and value.lower() not in (b"keep-alive", b"close"):
            return frozenset(
                part.strip().lower() for header, line in headers if header == b"connection" for part in line.split(b",")
            )
    return frozenset()
