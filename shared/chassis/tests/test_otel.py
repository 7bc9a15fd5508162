"""With ``EDX_OTEL_ENDPOINT`` spans reach a real OTLP collector, the last ones too; without it no exporter is loaded."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from messaging_parts import numbered, put
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from chassis.testing.backends import free_port
from chassis.testing.identity import SERVICE_SECRET
from chassis.testing.schemas import TestSchema
from chassis.testing.waiting import eventually

HERE = Path(__file__).parent
REQUEST = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PAYMENT = "00-11111111111111111111111111111111-2222222222222222-01"


class Collector:
    """Takes OTLP over HTTP, as a collector does."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Any]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.take(self.path, ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, path: str, request: Any) -> None:
        assert path == "/v1/traces", path
        for of_resource in request.resource_spans:
            names = {one.key: one.value.string_value for one in of_resource.resource.attributes}
            for scope in of_resource.scope_spans:
                self.spans += [(names["service.name"], span) for span in scope.spans]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of(self, traceparent: str) -> dict[str, tuple[str, Any]]:
        """The spans of a trace: by their names, whose they are and the span."""
        trace = bytes.fromhex(traceparent[3:35])
        return {span.name: (service, span) for service, span in self.spans if span.trace_id == trace}


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.close()


@pytest.fixture
def environment(schema_for: Callable[[str], TestSchema], redis_url: str, cache_redis_url: str) -> dict[str, str]:
    url = schema_for("chassis").url
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
        "EDX_CHASSIS_DATABASE_URL": url,
        "EDX_LEARNING_DATABASE_URL": url,
        "EDX_REDIS_URL": redis_url,
        "EDX_CACHE_REDIS_URL": cache_redis_url,
        "EDX_SERVICE_TOKEN_SECRETS": SERVICE_SECRET,
    }


@contextmanager
def process(factory: str, environment: dict[str, str]) -> Iterator[str]:
    """The application as the platform runs it; stopped as the platform stops it."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", f"otel_applications:{factory}", "--factory", "--port", str(port)]
    running = subprocess.Popen([*command, "--no-access-log"], env=environment)
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        assert running.poll() is None, "the process ended"
        with suppress(httpx.TransportError):
            return httpx.get(f"{url}/readyz").status_code == 200
        return False

    try:
        eventually(ready, 40, what=f"a ready {factory}")
        yield url
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)


def test_a_request_is_a_span_of_the_callers_trace_and_is_not_lost_when_the_process_ends(
    collector: Collector, environment: dict[str, str]
) -> None:
    with process("create_api", {**environment, "EDX_OTEL_ENDPOINT": collector.url}) as url:
        assert httpx.get(f"{url}/notes", headers={"traceparent": REQUEST}).status_code == 200
    service, span = collector.of(REQUEST)["GET /notes"]
    assert service == "edxelera-chassis"
    assert span.parent_span_id.hex() == REQUEST[36:52]
    attributes = {one.key: one.value for one in span.attributes}
    assert attributes["http.route"].string_value == "/notes"
    assert attributes["http.response.status_code"].int_value == 200


def test_a_consumer_goes_on_in_the_trace_and_links_the_one_that_it_follows(
    collector: Collector, environment: dict[str, str], redis_url: str
) -> None:
    (event,) = numbered(1)
    with (
        process("create_consumer", {**environment, "EDX_OTEL_ENDPOINT": collector.url}) as url,
        redis.Redis.from_url(redis_url) as streams,
    ):
        put(streams, event.model_copy(update={"traceparent": REQUEST, "traceorigin": PAYMENT}))
        handled = 'edx_events_total{consumer="learning.watch",outcome="handled",service="learning"} 1.0'
        eventually(lambda: handled in httpx.get(f"{url}/metrics").text, 20, what="the handled event")
    service, span = collector.of(REQUEST)["learning.watch"]
    assert service == "edxelera-learning"
    assert span.parent_span_id.hex() == REQUEST[36:52]
    assert [link.trace_id.hex() for link in span.links] == [PAYMENT[3:35]]


def test_a_collector_that_is_down_disturbs_nobody(environment: dict[str, str]) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    with process("create_api", {**environment, "EDX_OTEL_ENDPOINT": nowhere}) as url:
        assert httpx.get(f"{url}/notes").status_code == 200


def test_without_an_endpoint_no_exporter_is_loaded(environment: dict[str, str]) -> None:
    code = (
        "import sys, otel_applications as applications\n"
        "applications.create_api(), applications.create_consumer()\n"
        "sys.exit(any(name.startswith('opentelemetry.exporter') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
