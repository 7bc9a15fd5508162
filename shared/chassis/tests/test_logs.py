"""Logs are JSON lines for machines, with the request's ids and without secrets."""

import io
import json
import logging
from typing import Any

import httpx
import pytest
import structlog
from example_service import ExampleSettings

from chassis.logs import configure_logs
from chassis.testing import eventually


@pytest.fixture
def lines(settings_for: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    configure_logs(settings_for(ExampleSettings, log_level="INFO"))
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    monkeypatch.undo()
    configure_logs(settings_for(ExampleSettings))


def test_a_line_is_json_and_names_the_service(lines: Any) -> None:
    structlog.get_logger("here").info("something_happened", thing="lesson")
    (line,) = lines()
    assert line["event"] == "something_happened"
    assert (line["service"], line["level"], line["logger"], line["thing"]) == ("chassis", "info", "here", "lesson")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "field", ["password", "newPassword", "access_token", "Authorization", "cookie", "client_secret"]
)
def test_secret_fields_are_blank(lines: Any, field: str) -> None:
    structlog.get_logger().warning("careless", **{field: "hunter2"})
    assert lines()[0][field] == "[hidden]"


def test_the_standard_library_speaks_the_same_form(lines: Any) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("library").exception("it failed")
    (line,) = lines()
    assert (line["event"], line["level"], line["service"]) == ("it failed", "error", "chassis")
    assert "ValueError: broken" in line["exception"]


def test_a_request_writes_one_line_with_its_ids(client: httpx.Client, lines: Any, settings_for: Any) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    client.get("/notes", headers={"X-Request-Id": "request-0001", "traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    (line,) = eventually(lambda: [line for line in lines() if line["event"] == "request"])
    assert (line["request_id"], line["trace_id"]) == ("request-0001", trace)
    assert (line["method"], line["route"], line["status"]) == ("GET", "/notes", 200)
