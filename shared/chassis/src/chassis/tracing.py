"""W3C trace context: one trace from the gateway to the last consumer.

The current ``traceparent`` is a context variable. With ``EDX_OTEL_ENDPOINT`` set, ``configure`` also exports spans;
without it, opentelemetry is never imported.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chassis.settings import ServiceSettings

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_current: ContextVar[str | None] = ContextVar("edx_traceparent", default=None)
_tracer: Any = None


def current_traceparent() -> str | None:
    """The header to send along with whatever this code causes; None outside of any trace."""
    return _current.get()


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace id in a traceparent; None when there is none or it is not one."""
    match = _TRACEPARENT.fullmatch(traceparent or "")
    return match.group(1) if match and int(match.group(1), 16) and int(match.group(2), 16) else None


def child_of(traceparent: str | None) -> str:
    """A new span of the same trace, or of a new trace when there is none to continue."""
    trace_id = trace_id_of(traceparent)
    flags = traceparent[-2:] if traceparent and trace_id else "01"
    return f"00-{trace_id or secrets.token_hex(16)}-{secrets.token_hex(8)}-{flags}"


@contextmanager
def continued(traceparent: str | None, name: str = "request") -> Iterator[str]:
    """Within the block the trace of ``traceparent`` goes on (or a new one begins); gives the trace id."""
    if _tracer is None:
        span = child_of(traceparent)
        token = _current.set(span)
        try:
            yield span[3:35]
        finally:
            _current.reset(token)
        return
    with _exported(traceparent, name) as span:
        yield span[3:35]


@contextmanager
def _exported(traceparent: str | None, name: str) -> Iterator[str]:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    propagator = TraceContextTextMapPropagator()
    parent = propagator.extract({"traceparent": traceparent} if traceparent else {})
    with _tracer.start_as_current_span(name, context=parent):
        carrier: dict[str, str] = {}
        propagator.inject(carrier)
        token = _current.set(carrier["traceparent"])
        try:
            yield carrier["traceparent"]
        finally:
            _current.reset(token)


def configure(settings: "ServiceSettings") -> None:
    """Export spans to ``EDX_OTEL_ENDPOINT`` (OTLP over HTTP), if it is set."""
    global _tracer
    if settings.otel_endpoint is None or _tracer is not None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"edxelera-{settings.service}"}))
    endpoint = f"{settings.otel_endpoint.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    _tracer = provider.get_tracer("edxelera")
