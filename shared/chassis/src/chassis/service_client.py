"""A pooled HTTP client for the internal endpoints of another service."""

import httpx

from chassis import service_tokens, tracing
from chassis.settings import ServiceSettings


def service_client(settings: ServiceSettings, base_url: str, audience: str, *, timeout: float = 3.0) -> httpx.Client:
    """A client that signs each call with a service token for ``audience`` and carries the trace on."""

    def prepare(request: httpx.Request) -> None:
        request.headers["Authorization"] = f"Bearer {service_tokens.mint(settings, audience)}"
        traceparent = tracing.current_traceparent()
        if traceparent:
            request.headers["traceparent"] = traceparent

    return httpx.Client(
        base_url=base_url,
        timeout=httpx.Timeout(timeout, connect=1.0),
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
        event_hooks={"request": [prepare]},
    )
