"""Prometheus metrics of one application, in a registry of its own (several applications may live in one test)."""

from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from chassis import health

#: The help of ``edx_part_ok``.
PART_OK = "1 while this process can reach that part (database, redis, cache)"
# Half as many series: nobody asks when a counter was made.
disable_created_metrics()  # type: ignore[no-untyped-call]

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class HttpMetrics:
    """Requests by method, route template and status, how long they took in seconds, and what can be reached."""

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
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._part_ok = Gauge("edx_part_ok", PART_OK, ["service", "part"], registry=self.registry)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        known = self._known.get((method, route, status))
        if known is None:  # finding a child by its labels costs more than counting in it
            known = self._known[method, route, status] = (
                self._requests.labels(self.service, method, route, str(status)),
                self._seconds.labels(self.service, method, route),
            )
        known[0].inc()
        known[1].observe(seconds)

    def parts(self, outcomes: Mapping[str, str]) -> None:
        """What this process uses, as it was found just now."""
        for part, outcome in outcomes.items():
            self._part_ok.labels(self.service, part).set(1 if outcome == "ok" else 0)


def exposition(registry: CollectorRegistry) -> Response:
    """The registry in Prometheus' text form."""
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def render(metrics: HttpMetrics, parts: Mapping[str, health.Check]) -> Response:
    """What has been counted, and whether each of ``parts`` can be reached now."""
    metrics.parts(await health.outcomes_of(parts))
    return exposition(metrics.registry)


async def metrics_endpoint(request: Request) -> Response:
    """GET /metrics."""
    return await render(request.app.state.metrics, request.app.state.parts)
