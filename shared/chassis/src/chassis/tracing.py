"""W3C trace context: one trace from the gateway to the last consumer, and links between traces that follow each other.

Whatever a request or an event causes belongs to its trace. What happens weeks later because of it (a student paid,
then learned, then finished) is a trace of its own that *follows* the earlier one: its log lines and events name both,
so one trace id finds the whole story (deploy/adr/0011-traces.md).

The context is a context variable. With ``EDX_OTEL_ENDPOINT`` set, ``configure`` also exports spans; without it,
no exporter is loaded (what redis-py loads of opentelemetry does nothing).
"""

import random
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chassis.settings import ServiceSettings

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
#: How long a process that ends waits for its last spans to be taken.
_FLUSH_MILLISECONDS = 3000


@dataclass(frozen=True, slots=True)
class Context:
    """Where this work stands: its span, the one that it was handed, and the trace that it follows."""

    traceparent: str
    cause: str | None = None
    origin: str | None = None


_context: ContextVar[Context | None] = ContextVar("edx_trace", default=None)
_tracer: Any = None
_provider: Any = None


def current_traceparent() -> str | None:
    """The header to send along with whatever this code causes; None outside of any trace."""
    context = _context.get()
    return context.traceparent if context else None


def current_origin() -> str | None:
    """The traceparent of the earlier trace that this work follows, if any; it travels with events."""
    context = _context.get()
    return context.origin if context else None


def beginning() -> str | None:
    """What later work should follow when it goes back to this: the traceparent that this work was handed (always the
    same, however often it is done again), or the one that this work itself follows.
    """
    context = _context.get()
    return (context.origin or context.cause) if context else None


def log_fields() -> Mapping[str, str]:
    """``trace_id``, and ``origin_trace_id`` where an earlier trace is followed; empty outside of any trace."""
    context = _context.get()
    if context is None:
        return {}
    fields = {"trace_id": context.traceparent[3:35]}
    if context.origin and context.origin[3:35] != fields["trace_id"]:
        fields["origin_trace_id"] = context.origin[3:35]
    return fields


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace id in a traceparent; None when there is none or it is not one."""
    match = _TRACEPARENT.fullmatch(traceparent or "")
    return match.group(1) if match else None


def child_of(traceparent: str | None) -> str:
    """A new span of the same trace, or of a new trace when there is none to continue."""
    trace_id = trace_id_of(traceparent)
    flags = traceparent[-2:] if traceparent and trace_id else "01"
    return f"00-{trace_id or _random_hex(128)}-{_random_hex(64)}-{flags}"


def _random_hex(bits: int) -> str:
    """Ids need to differ, not to be secret (OpenTelemetry draws them so too); zero would mean that there is none."""
    return f"{random.getrandbits(bits) or 1:0{bits // 4}x}"


def _sound(traceparent: str | None) -> str | None:
    return traceparent if trace_id_of(traceparent) else None


@contextmanager
def continued(traceparent: str | None, name: str = "request", *, origin: str | None = None) -> Iterator[str]:
    """Within the block the trace of ``traceparent`` goes on (or a new one begins) and follows ``origin``, if given;
    gives the trace id.
    """
    cause, origin = _sound(traceparent), _sound(origin)
    if _tracer is None:
        with _within(Context(child_of(cause), cause, origin)) as span:
            yield span[3:35]
        return
    with _exported(cause, name, origin) as span:
        yield span[3:35]


@contextmanager
def following(origin: str | None) -> Iterator[None]:
    """Within the block the work at hand also follows ``origin``, an earlier trace that it goes back to (a trace does
    not follow itself).
    """
    context, origin = _context.get(), _sound(origin)
    if context is None or origin is None or origin[3:35] == context.traceparent[3:35]:
        yield
        return
    if _tracer is not None:
        from opentelemetry import trace

        trace.get_current_span().add_link(_link(origin).context)
    with _within(replace(context, origin=origin)):
        yield


@contextmanager
def _within(context: Context) -> Iterator[str]:
    token = _context.set(context)
    try:
        yield context.traceparent
    finally:
        _context.reset(token)


@contextmanager
def _exported(cause: str | None, name: str, origin: str | None) -> Iterator[str]:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    propagator = TraceContextTextMapPropagator()
    parent = propagator.extract({"traceparent": cause} if cause else {})
    links = [_link(origin)] if origin else None
    with _tracer.start_as_current_span(name, context=parent, links=links):
        carrier: dict[str, str] = {}
        propagator.inject(carrier)
        with _within(Context(carrier["traceparent"], cause, origin)) as span:
            yield span


def _link(traceparent: str) -> Any:
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = TraceContextTextMapPropagator().extract({"traceparent": traceparent})
    return trace.Link(trace.get_current_span(carrier).get_span_context())


def describe(name: str, attributes: Mapping[str, str | int]) -> None:
    """Name the current span by what it turned out to be (a request's route is known at its end)."""
    if _tracer is None:
        return
    from opentelemetry import trace

    span = trace.get_current_span()
    span.update_name(name)
    span.set_attributes(attributes)


def configure(settings: "ServiceSettings") -> None:
    """Export spans to ``EDX_OTEL_ENDPOINT`` (OTLP over HTTP), if it is set."""
    global _tracer, _provider
    if settings.otel_endpoint is None or _tracer is not None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    _provider = TracerProvider(resource=Resource.create({"service.name": f"edxelera-{settings.service}"}))
    endpoint = f"{settings.otel_endpoint.rstrip('/')}/v1/traces"
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    _tracer = _provider.get_tracer("edxelera")


def flush() -> None:
    """Hand over the last spans, for at most three seconds. uvicorn ends by the signal that stopped it, so nothing that
    waits for the interpreter's own end would ever run.
    """
    if _provider is not None:
        _provider.force_flush(_FLUSH_MILLISECONDS)
