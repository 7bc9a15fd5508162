"""Every bad input ends in a problem document; never a 500 without one, never a stack trace."""

from typing import Any

import httpx
import pytest

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "code"),
    [
        ("GET", "/nowhere", None, {}, 404, "not_found"),
        ("DELETE", "/notes", None, {}, 405, "method_not_allowed"),
        ("POST", "/notes", b"{", JSON, 400, "malformed_json"),
        ("POST", "/notes", b"\xff\xfe", JSON, 400, "malformed_json"),
        ("POST", "/notes", b'{"text": "\\ud800"}', JSON, 400, "malformed_json"),
        ("POST", "/notes", b'{"text": NaN}', JSON, 400, "malformed_json"),
        ("POST", "/notes", b"[" * 100_000, JSON, 400, "malformed_json"),
        ("POST", "/notes", b"", JSON, 422, "validation_failed"),
        ("POST", "/notes", b"[]", JSON, 422, "validation_failed"),
        ("POST", "/notes", b"null", JSON, 422, "validation_failed"),
        ("POST", "/notes", b'{"text": 5}', JSON, 422, "validation_failed"),
        ("POST", "/notes", b'{"text": "' + b"x" * 21 + b'"}', JSON, 422, "validation_failed"),
        ("POST", "/notes", b'{"text": "' + b"x" * 2**20 + b'"}', JSON, 413, "too_large"),
        ("GET", "/bug", None, {}, 500, "internal_error"),
        ("GET", "/problem", None, {}, 422, "validation_failed"),
        ("GET", "/bare-problem", None, {}, 500, "internal_error"),
    ],
)
def test_bad_input(
    client: httpx.Client, method: str, path: str, body: bytes | None, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.request(method, path, content=body, headers=headers)
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code)
    assert set(document) >= {"type", "title", "status", "detail", "code", "requestId"}
    assert document["requestId"] == answer.headers["x-request-id"]
    assert "hunter2" not in answer.text


def test_invalid_fields_are_named(client: httpx.Client) -> None:
    errors = client.post("/notes", json={"text": ""}).json()["errors"]
    assert [error["field"] for error in errors] == ["text"]
    assert errors[0]["message"]


def test_a_streamed_body_over_the_limit_is_refused(client: httpx.Client) -> None:
    def endless() -> Any:
        for _ in range(40):
            yield b"x" * 65536

    answer = client.post("/notes", content=endless(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_request_id_is_kept_when_it_looks_like_one(client: httpx.Client) -> None:
    kept = client.get("/notes", headers={"X-Request-Id": "abc-123-def"}).headers["x-request-id"]
    made = client.get("/notes", headers={"X-Request-Id": "bad id"}).headers["x-request-id"]
    assert kept == "abc-123-def"
    assert made != "bad id"
    assert len(made) == 32


def test_answers_carry_nosniff_and_are_not_stored_unless_the_endpoint_says_so(client: httpx.Client) -> None:
    cached, made = client.get("/notes"), client.post("/notes", json={"text": "one"})
    assert cached.headers["x-content-type-options"] == made.headers["x-content-type-options"] == "nosniff"
    assert (cached.headers["cache-control"], made.headers["cache-control"]) == ("private, no-cache", "no-store")


def test_health_and_metrics(client: httpx.Client) -> None:
    assert client.get("/livez").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok", "checks": {"database": "ok"}}
    client.get("/notes")
    metrics = client.get("/metrics").text
    assert 'edx_http_requests_total{method="GET",route="/notes",service="chassis",status="200"}' in metrics
