"""Cached reads: current, with ETags, and correct without Redis."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import redis
from example_service import ExampleSettings, create_app
from fastapi import FastAPI, Request

from chassis.cache import Forgetter
from chassis.database import Database
from chassis.testing import count_queries, eventually


@pytest.fixture
def db(app: FastAPI) -> Database:
    found: Database = app.state.db
    return found


def test_a_second_read_costs_no_query_and_a_write_is_seen_at_once(client: httpx.Client, db: Database) -> None:
    assert client.get("/notes").json() == {"count": 0}
    with count_queries(db) as statements:
        assert client.get("/notes").json() == {"count": 0}
    assert statements == []
    client.post("/notes", json={"text": "one"})
    assert client.get("/notes").json() == {"count": 1}


def test_an_etag_answers_304_until_the_answer_changes(client: httpx.Client) -> None:
    etag = client.get("/notes").headers["etag"]
    same = client.get("/notes", headers={"If-None-Match": f'"x", W/{etag}'})
    assert (same.status_code, same.content) == (304, b"")
    client.post("/notes", json={"text": "one"})
    assert client.get("/notes", headers={"If-None-Match": etag}).status_code == 200


def test_an_answer_never_outlives_the_instant_at_which_time_changes_it(
    client: httpx.Client, app: FastAPI, db: Database, clock: Any
) -> None:
    app.state.clock = clock
    client.get("/notes")
    clock.advance(hours=1)
    with count_queries(db) as statements:
        client.get("/notes")
    assert statements


def test_a_build_that_a_write_overtook_is_not_kept(client: httpx.Client, app: FastAPI) -> None:
    """The build reads, a write commits and forgets, then the build stores its older answer: it must not count."""
    from chassis.app import create_service  # noqa: F401
    from chassis.cache import Fresh

    cache = app.state.cache
    reading, written = threading.Event(), threading.Event()

    @app.get("/slow")
    async def slow(request: Request) -> Any:
        def build(session: Any, now: Any) -> Fresh:
            from example_service import notes

            count = notes(session)
            if not written.is_set():
                reading.set()
                written.wait(10)
            return Fresh(b'{"count":%d}' % count)

        return await cache.read(request, "slow", ["notes"], build)

    answers: list[httpx.Response] = []
    reader = threading.Thread(target=lambda: answers.append(client.get("/slow")))
    reader.start()
    assert reading.wait(10)
    assert client.post("/notes", json={"text": "one"}).status_code == 201
    written.set()
    reader.join(10)
    assert answers[0].json() == {"count": 0}
    assert client.get("/slow").json() == {"count": 1}


def test_without_redis_reads_and_writes_still_answer(
    settings_for: Callable[..., Any], serve: Callable[[Any], httpx.Client]
) -> None:
    nowhere = "redis://127.0.0.1:1"
    client = serve(create_app(settings_for(ExampleSettings, cache_redis_url=nowhere, redis_url=nowhere)))
    assert client.get("/notes").json() == {"count": 0}
    assert client.post("/notes", json={"text": "one"}).status_code == 201
    assert client.get("/notes").json() == {"count": 1}


def test_what_redis_could_not_forget_is_owed_and_forgotten_later(cache_redis_url: str) -> None:
    class Flaky(redis.Redis):
        down = True

        def pipeline(self, *arguments: Any, **named: Any) -> Any:
            if self.down:
                raise redis.ConnectionError("down")
            return super().pipeline(*arguments, **named)

    client = Flaky.from_url(cache_redis_url)
    forgetter = Forgetter(client, "chassis")
    forgetter.forget({"notes"})
    assert client.get("edx:chassis:tag:notes") is None
    client.down = False
    eventually(lambda: client.get("edx:chassis:tag:notes"))
    client.close()


def test_a_rolled_back_write_forgets_nothing(client: httpx.Client, db: Database) -> None:
    from chassis.cache import forget

    client.get("/notes")

    def write_and_fail(session: Any) -> None:
        forget(session, "notes")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        db.run(write_and_fail)
    with count_queries(db) as statements:
        client.get("/notes")
    assert statements == []
