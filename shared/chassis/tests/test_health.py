"""/livez and /readyz say what whoever asks should do about it: restart the process, or send it nothing."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from example_service import ExampleSettings, create_app
from fastapi import FastAPI

from chassis.testing.schemas import TestSchema
from chassis.testing.waiting import eventually
from chassis.testing.wire import Wire

Serve = Callable[[Any], httpx.Client]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


def part(client: httpx.Client, name: str) -> str:
    """The value of ``edx_part_ok``."""
    (line,) = [line for line in client.get("/metrics").text.splitlines() if f'edx_part_ok{{part="{name}"' in line]
    return line.rsplit(" ", 1)[1]


def test_a_service_that_is_busy_is_ready(app: FastAPI, client: httpx.Client) -> None:
    database = app.state.db
    busy = [database.engine.connect() for _ in range(database.pool_size)]
    try:
        assert client.get("/readyz").json() == {"status": "ok", "checks": {"database": "ok"}}
    finally:
        for connection in busy:
            connection.close()


@pytest.mark.parametrize("trouble", ["cut", "mute"])
def test_without_its_database_a_service_lives_but_is_not_ready(
    settings_for: Callable[..., Any],
    schema_for: Callable[[str], TestSchema],
    serve: Serve,
    stack: ExitStack,
    trouble: str,
) -> None:
    wire, url = Wire.to_url(stack, schema_for("chassis").url)
    client = serve(create_app(settings_for(ExampleSettings, database_url=url)))
    assert client.get("/readyz").status_code == 200
    getattr(wire, trouble)()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert answer.json()["checks"]["database"] != "ok"
    assert client.get("/livez").status_code == 200, "a restart would not bring the database back"
    assert part(client, "database") == "0.0"
    wire.mend()
    eventually(lambda: client.get("/readyz").status_code == 200)


def test_without_its_cache_a_service_is_ready_and_says_so_in_its_metrics(
    settings_for: Callable[..., Any], cache_redis_url: str, serve: Serve, stack: ExitStack
) -> None:
    wire, url = Wire.to_url(stack, cache_redis_url)
    client = serve(create_app(settings_for(ExampleSettings, cache_redis_url=url)))
    assert part(client, "cache") == "1.0"
    wire.cut()
    assert client.get("/readyz").status_code == 200
    assert part(client, "cache") == "0.0"


def test_a_probe_that_hangs_does_not_hold_up_the_next(
    settings_for: Callable[..., Any], schema_for: Callable[[str], TestSchema], serve: Serve, stack: ExitStack
) -> None:
    wire, url = Wire.to_url(stack, schema_for("chassis").url)
    client = serve(create_app(settings_for(ExampleSettings, database_url=url)))
    wire.mute()
    for _ in range(6):
        assert client.get("/readyz").status_code == 503
    wire.drop()
    wire.mend()
    eventually(lambda: client.get("/readyz").status_code == 200)
