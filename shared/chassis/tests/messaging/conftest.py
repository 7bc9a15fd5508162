from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis
from messaging_parts import Effects, MediaSettings, Parts
from sqlalchemy import text

from chassis.database import Database
from chassis.testing.identity import SERVICE_SECRET
from chassis.testing.schemas import TestSchema
from chassis.testing.wire import Wire


@pytest.fixture
def schema(schema_for: Callable[[str], TestSchema]) -> TestSchema:
    """A schema with chassis' tables and one for the effects of handlers."""
    found = schema_for("chassis")
    with found.connect() as connection:
        connection.execute(
            text(
                "CREATE TABLE IF NOT EXISTS effects (id BIGINT AUTO_INCREMENT PRIMARY KEY, consumer VARCHAR(100),"
                " number BIGINT, trace VARCHAR(64)) CHARACTER SET utf8mb4"
            )
        )
        connection.execute(text("DELETE FROM effects"))
        connection.commit()
    found.protect()
    return found


@pytest.fixture
def db(schema: TestSchema, database_for: Callable[[str], Database]) -> Database:
    return database_for("chassis")


@pytest.fixture
def effects(db: Database) -> Effects:
    return Effects(db)


@pytest.fixture
def streams(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def wires() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def redis_wire(wires: ExitStack, redis_url: str) -> tuple[Wire, str]:
    """A Redis that the test can take down, and its URL."""
    return Wire.to_url(wires, redis_url)


@pytest.fixture
def mysql_wire(wires: ExitStack, schema: TestSchema) -> tuple[Wire, str]:
    """A MySQL that the test can take down, and the URL of the service's user there."""
    return Wire.to_url(wires, schema.url)


@pytest.fixture
def settings(schema: TestSchema, redis_url: str, cache_redis_url: str) -> Callable[..., MediaSettings]:
    """``settings(redis_url=…)``: of a service ``media`` on the schema of these tests."""

    def make(**overrides: Any) -> MediaSettings:
        values = {
            "database_url": schema.url,
            "redis_url": redis_url,
            "cache_redis_url": cache_redis_url,
            "service_token_secrets": SERVICE_SECRET,
            "log_level": "WARNING",
        }
        return MediaSettings(**{**values, **overrides})

    return make


@pytest.fixture
def parts(schema: TestSchema, redis_url: str) -> Iterator[Parts]:
    """Starts relays and subscriptions, and stops them after the test."""
    with ExitStack() as stack:
        yield Parts(stack, schema.url, redis_url)
