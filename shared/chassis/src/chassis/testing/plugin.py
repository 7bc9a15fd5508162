"""The pytest plugin: backends, schemas, tokens, clock, S3 and live servers for the tests of every service.

With pytest-xdist the servers are started once, by the controlling process; each worker has schemas of its own.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import redis

from chassis.database import Database
from chassis.settings import ServiceSettings
from chassis.testing.backends import Backends, start_backends
from chassis.testing.clock import SettableClock
from chassis.testing.identity import AUDIENCE, ISSUER, SERVICE_SECRET, TestTokens
from chassis.testing.log_lines import LogLines, logged
from chassis.testing.schemas import TestSchema
from chassis.testing.serving import LiveServer
from chassis.testing.storage import TestS3

S = TypeVar("S", bound=ServiceSettings)

_STACK = pytest.StashKey[ExitStack]()
_BACKENDS = pytest.StashKey[Backends]()


def _ensure_backends(config: pytest.Config) -> Backends:
    if _BACKENDS not in config.stash:
        stack = config.stash.setdefault(_STACK, ExitStack())
        config.stash[_BACKENDS] = start_backends(stack)
    return config.stash[_BACKENDS]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the controlling process's servers to an xdist worker."""
    found = _ensure_backends(node.config)
    node.workerinput["edx_backends"] = (found.mysql_admin_url, found.redis_url, found.kind)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started here."""
    if _STACK in config.stash:
        config.stash[_STACK].close()


@pytest.fixture(scope="session")
def backends(request: pytest.FixtureRequest) -> Backends:
    """The MySQL or MariaDB server and the Redis server of this run."""
    given = getattr(request.config, "workerinput", {}).get("edx_backends")
    return Backends(*given) if given else _ensure_backends(request.config)


@pytest.fixture(scope="session")
def _schemas(backends: Backends) -> Iterator[Callable[[str], TestSchema]]:
    made: dict[str, TestSchema] = {}
    run = f"{os.environ.get('PYTEST_XDIST_WORKER', 'gw')}{os.getpid()}"

    def schema(service: str) -> TestSchema:
        if service not in made:
            made[service] = TestSchema(backends.mysql_admin_url, service, run)
        return made[service]

    yield schema
    for each in made.values():
        each.drop()


@pytest.fixture
def schema_for(_schemas: Callable[[str], TestSchema]) -> Callable[[str], TestSchema]:
    """``schema_for("enrollment")``: the service's migrated schema, emptied before this test."""
    emptied: set[str] = set()

    def schema(service: str) -> TestSchema:
        found = _schemas(service)
        if service not in emptied:
            emptied.add(service)
            found.empty()
        return found

    return schema


@pytest.fixture
def database_for(schema_for: Callable[[str], TestSchema]) -> Iterator[Callable[[str], Database]]:
    """``database_for("enrollment")``: a ``Database`` on the emptied schema, as the service's own user."""
    with ExitStack() as stack:
        made: dict[str, Database] = {}

        def database(service: str) -> Database:
            if service not in made:
                made[service] = Database(schema_for(service).url, pool_size=8)
                stack.callback(made[service].dispose)
            return made[service]

        yield database


def _redis_number(offset: int) -> int:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return (int(worker) * 2 + offset) % 16


def _flushed(url: str) -> str:
    client = redis.Redis.from_url(url)
    client.flushdb()
    client.close()
    return url


@pytest.fixture
def redis_url(backends: Backends) -> str:
    """An empty Redis database for streams."""
    return _flushed(f"{backends.redis_url}/{_redis_number(0)}")


@pytest.fixture
def cache_redis_url(backends: Backends) -> str:
    """An empty Redis database for cached reads."""
    return _flushed(f"{backends.redis_url}/{_redis_number(1)}")


@pytest.fixture(scope="session")
def tokens() -> Iterator[TestTokens]:
    """Access tokens that the services of ``settings_for`` accept."""
    signer = TestTokens()
    yield signer
    signer.close()


@pytest.fixture
def settings_for(
    schema_for: Callable[[str], TestSchema], redis_url: str, cache_redis_url: str, tokens: TestTokens
) -> Callable[..., Any]:
    """``settings_for(EnrollmentSettings, paystack_base_url=…)``: settings on this test's backends."""

    def settings(kind: type[S], **overrides: Any) -> S:
        values: dict[str, Any] = {
            "database_url": schema_for(kind.service).url,
            "redis_url": redis_url,
            "cache_redis_url": cache_redis_url,
            "token_issuer": ISSUER,
            "token_audience": AUDIENCE,
            "jwks_url": tokens.jwks_url,
            "service_token_secrets": SERVICE_SECRET,
            "log_level": "WARNING",
            **overrides,
        }
        return kind(**values)

    return settings


@pytest.fixture
def live() -> Iterator[Callable[[Any], LiveServer]]:
    """``live(app)``: the application on a real uvicorn; ``.url`` is where."""
    with ExitStack() as stack:
        yield lambda app: LiveServer(stack, app)


@pytest.fixture
def serve(live: Callable[[Any], LiveServer]) -> Iterator[Callable[[Any], httpx.Client]]:
    """``serve(app)``: a client that speaks real HTTP to the application on a real uvicorn."""
    with ExitStack() as stack:
        yield lambda app: live(app).client(stack)


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands still until the test sets it: ``app.state.clock = clock``."""
    return SettableClock()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestS3]:
    """A real S3 server on a folder."""
    folder: Path = tmp_path_factory.mktemp("s3") / "data"
    folder.mkdir()
    with ExitStack() as stack:
        yield TestS3(stack, folder)


@pytest.fixture
def log_lines() -> Iterator[LogLines]:
    """What has been logged so far, as operators read it: ``log_lines()``."""
    with logged() as lines:
        yield lines
