"""Prometheus metrics of one application, in a registry of its own (several applications may live in one test)."""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class HttpMetrics:
    """Requests by method, route template and status, and how long they took in seconds."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.service = service
        labels = ["service", "method", "route", "status"]
        self._requests = Counter("edx_http_requests", "HTTP requests answered", labels, registry=self.registry)
        self._seconds = Histogram(
            "edx_http_request_seconds",
            "Time to answer an HTTP request",
            ["service", "method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self._requests.labels(self.service, method, route, str(status)).inc()
        self._seconds.labels(self.service, method, route).observe(seconds)


def exposition(registry: CollectorRegistry) -> Response:
    """The registry in Prometheus' text form."""
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def metrics_endpoint(request: Request) -> Response:
    """GET /metrics."""
    return exposition(request.app.state.metrics.registry)
