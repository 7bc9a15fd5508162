"""Traces: one trace id from the gateway's request to the last consumer (W3C Trace Context).

The ids travel in ``traceparent`` headers and envelopes and are bound to every log line, with or without a collector.
Where ``EDX_OTEL_ENDPOINT`` is set, the same spans are also sent there by OpenTelemetry (OTLP over HTTP); the library
is imported only then, because it costs memory in every process.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from chassis.settings import ServiceSettings

_FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_current: ContextVar[str | None] = ContextVar("edxelera_traceparent", default=None)
_tracer: Any = None


def current_traceparent() -> str | None:
    """The ``traceparent`` to hand on, or None outside any trace."""
    return _current.get()


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace id (32 hex digits) of a ``traceparent``, or None when it has not that form."""
    found = _FORM.fullmatch(traceparent or "")
    return found[1] if found and found[1] != "0" * 32 else None


@contextmanager
def continued(traceparent: str | None, name: str = "request") -> Iterator[str]:
    """A new span under ``traceparent`` (a new trace when there is none); answers the trace id."""
    if _tracer is not None:
        with _exported(traceparent, name) as trace_id:
            yield trace_id
        return
    trace_id = trace_id_of(traceparent) or secrets.token_hex(16)
    token = _current.set(f"00-{trace_id}-{secrets.token_hex(8)}-01")
    try:
        yield trace_id
    finally:
        _current.reset(token)


@contextmanager
def _exported(traceparent: str | None, name: str) -> Iterator[str]:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent} if traceparent else {})
    with _tracer.start_as_current_span(name, context=parent) as span:
        context = span.get_span_context()
        token = _current.set(f"00-{context.trace_id:032x}-{context.span_id:016x}-01")
        try:
            yield f"{context.trace_id:032x}"
        finally:
            _current.reset(token)


def configure(settings: ServiceSettings) -> None:
    """Send spans to the collector, where one is configured."""
    global _tracer
    if settings.otel_endpoint is None or _tracer is not None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"edxelera-{settings.service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otel_endpoint)))
    _tracer = provider.get_tracer("edxelera")
