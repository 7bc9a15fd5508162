"""The short way repeats what the long way answered to the same token, for as long as it is current."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from chassis import tokens as tokens_module


@pytest.fixture
def long_ways(app: FastAPI) -> Iterator[list[str]]:
    """The cached reads that the framework answered."""
    seen: list[str] = []
    read = app.state.cache.read

    async def counted(request: Any, key: str, *arguments: Any) -> Any:
        seen.append(key)
        return await read(request, key, *arguments)

    app.state.cache.read = counted
    yield seen
    app.state.cache.read = read


def test_the_second_time_the_framework_is_not_asked(client: httpx.Client, long_ways: list[str]) -> None:
    first, again = client.get("/notes"), client.get("/notes")
    assert len(long_ways) == 1
    assert again.content == first.content
    same = {"etag", "cache-control", "vary", "content-type", "content-length", "x-content-type-options"}
    assert {name: again.headers[name] for name in same} == {name: first.headers[name] for name in same}
    assert again.headers["x-request-id"] != first.headers["x-request-id"]


def test_a_write_is_seen_at_once(client: httpx.Client, long_ways: list[str]) -> None:
    client.get("/notes")
    client.post("/notes", json={"text": "one"})
    assert client.get("/notes").json() == {"count": 1}
    assert len(long_ways) == 2


def test_a_known_etag_is_304(client: httpx.Client, long_ways: list[str]) -> None:
    etag = client.get("/notes").headers["etag"]
    same = client.get("/notes", headers={"If-None-Match": etag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert len(long_ways) == 1


def test_it_ends_when_time_changes_the_answer(
    client: httpx.Client, app: FastAPI, clock: Any, long_ways: list[str]
) -> None:
    app.state.clock = clock
    client.get("/notes")
    clock.advance(hours=1)
    client.get("/notes")
    assert len(long_ways) == 2


def test_another_question_or_another_caller_goes_the_long_way(
    client: httpx.Client, tokens: Any, long_ways: list[str]
) -> None:
    client.get("/notes")
    client.get("/notes?x=1")
    client.get("/notes", headers=tokens.bearer())
    assert len(long_ways) == 3


def test_a_token_that_expired_is_not_answered_the_short_way(
    client: httpx.Client, tokens: Any, long_ways: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = tokens.bearer()
    answers = [client.get("/notes/mine", headers=headers).status_code for _ in range(2)]
    assert (answers, len(long_ways)) == ([200, 200], 1)
    real = time.time
    monkeypatch.setattr(tokens_module.time, "time", lambda: real() + 601)  # no longer remembered as good
    monkeypatch.setattr("jwt.api_jwt.datetime", _Later)  # nor good when it is looked at again
    assert client.get("/notes/mine", headers=headers).status_code == 401


class _Later(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(seconds=700)


def test_requests_that_took_the_short_way_are_counted_under_their_route(client: httpx.Client) -> None:
    for _ in range(3):
        client.get("/notes")
    line = 'edx_http_requests_total{method="GET",route="/notes",service="chassis",status="200"} 3.0'
    assert line in client.get("/metrics").text
