"""``create_service``: a service's HTTP application, wired the same way everywhere."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import anyio.to_thread
import redis
import redis.asyncio
import structlog
from fastapi import APIRouter, FastAPI
from starlette.routing import Route

from chassis import cache, collector, health, logs, metrics, middleware, openapi, tracing
from chassis.clock import Clock, utc_now
from chassis.database import Database
from chassis.errors import install_problem_handlers
from chassis.hot_reads import HotReads
from chassis.messaging.outbox import HintPublisher, connect_hints
from chassis.settings import ServiceSettings
from chassis.tokens import KeySource, TokenVerifier

log = structlog.get_logger(__name__)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

#: Short: a cache that does not answer at once is passed over (DESIGN §7).
CACHE_TIMEOUT_SECONDS = 0.25


def create_service(
    settings: ServiceSettings,
    *,
    title: str,
    routers: Sequence[APIRouter] = (),
    lifespan: Lifespan | None = None,
    checks: Mapping[str, health.Check] | None = None,
    clock: Clock = utc_now,
    key_source: KeySource | None = None,
    body_limit: int = 1024 * 1024,
) -> FastAPI:
    """The service's application.

    ``app.state`` holds ``settings``, ``clock``, ``db``, ``cache``, ``tokens``, ``metrics``, ``checks`` (what /readyz
    looks at; the database always) and ``parts`` (those, and what it can do without; /metrics tells of them).
    ``lifespan`` opens and closes what the service adds.
    """
    logs.configure_logs(settings)
    tracing.configure(settings)
    app = FastAPI(
        title=title,
        lifespan=_lifespan(lifespan),
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.settings = settings
    app.state.clock = clock
    app.state.metrics = metrics.HttpMetrics(settings.service)
    app.state.tokens = TokenVerifier(settings, key_source)
    open_database(app)
    app.state.checks = {"database": health.database_check(app.state.db), **(checks or {})}
    app.state.parts = {**app.state.checks, "cache": app.state.cache.ping}
    install_problem_handlers(app)
    for router in routers:
        # Flat, in the order given: a route found through nested routers costs three times as much (measured costs).
        app.router.routes.extend(router.routes)
    app.router.routes.extend(
        [
            Route("/livez", health.livez),
            Route("/readyz", health.readyz),
            Route("/metrics", metrics.metrics_endpoint),
        ]
    )
    openapi.describe_security(app)
    app.add_middleware(middleware.BodyLimit, limit=body_limit)
    app.add_middleware(HotReads)
    app.add_middleware(middleware.RequestContext, metrics=app.state.metrics)
    return app


def open_database(app: FastAPI) -> None:
    """Give the application its database and what follows a commit: forgetting cached reads, waking the relay."""
    settings: ServiceSettings = app.state.settings
    app.state.db = connect_database(settings)
    app.state.cache = cache.ReadCache(
        redis.asyncio.Redis.from_url(
            settings.cache_redis_url.get_secret_value(),
            socket_timeout=CACHE_TIMEOUT_SECONDS,
            socket_connect_timeout=CACHE_TIMEOUT_SECONDS,
            retry=None,
        ),
        settings.service,
    )


def connect_database(settings: ServiceSettings) -> Database:
    """A database whose sessions can ``forget`` cached reads and wake the relay after their commits."""
    database = Database(settings.database_url.get_secret_value(), settings.database_pool_size)
    cache.connect_forgetter(database.session_info, cache.Forgetter(_quick(settings.cache_redis_url), settings.service))
    connect_hints(database.session_info, HintPublisher(_quick(settings.redis_url), settings.service))
    return database


def _quick(url: object) -> "redis.Redis":
    client: redis.Redis = redis.Redis.from_url(
        url.get_secret_value(),  # type: ignore[attr-defined]
        socket_timeout=CACHE_TIMEOUT_SECONDS,
        socket_connect_timeout=CACHE_TIMEOUT_SECONDS,
        retry=None,
    )
    return client


def _lifespan(inner: Lifespan | None) -> Lifespan:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        # No more threads than connections: more would only wait for each other (facts: 4 threads beat 40).
        anyio.to_thread.current_default_thread_limiter().total_tokens = app.state.db.pool_size
        async with AsyncExitStack() as stack:
            stack.callback(tracing.flush)
            stack.callback(app.state.db.dispose)
            stack.push_async_callback(app.state.cache.close)
            if inner is not None:
                await stack.enter_async_context(inner(app))
            stack.enter_context(collector.set_aside())
            log.info("started", service=app.state.settings.service)
            yield
            log.info("stopping", service=app.state.settings.service)

    return run
