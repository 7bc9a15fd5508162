"""``create_worker``: the process beside a service's API that relays, consumes, retries and runs scheduled jobs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import redis.asyncio
import structlog
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis import collector, health, idempotency, logs, metrics, tracing
from chassis.app import connect_database
from chassis.clock import Clock, utc_now
from chassis.database import Database
from chassis.messaging import failures
from chassis.messaging.consumers import Consumers
from chassis.messaging.gauges import Gauge, GaugeBoard
from chassis.messaging.intake import Report, Taker
from chassis.messaging.jobs import Job, JobRunner
from chassis.messaging.locks import lock_engine
from chassis.messaging.loops import Loop
from chassis.messaging.outbox import CLOCK
from chassis.messaging.relay import Relay
from chassis.messaging.retention import outbox_retention
from chassis.messaging.retrier import Retrier
from chassis.messaging.subscriptions import Subscriptions
from chassis.messaging.worker_metrics import WorkerMetrics
from chassis.settings import ServiceSettings

log = structlog.get_logger(__name__)

#: Without failures in this process, those of others are looked for this often (seconds).
_RETRY_LOOK = 1.0


def create_worker(
    settings: ServiceSettings,
    consumers: Consumers,
    jobs: Sequence[Job] = (),
    *,
    gauges: Sequence[Gauge] = (),
    clock: Clock = utc_now,
) -> Starlette:
    """The worker's application: its lifespan is the work, its HTTP side /livez, /readyz and /metrics.

    ``gauges`` are the service's own numbers; what else the service does in this process, it lets ``app.state.worker``
    ``watch``.
    """
    logs.configure_logs(settings)
    tracing.configure(settings)
    worker = Worker(settings, consumers, jobs, gauges, clock)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await worker.start()
        try:
            with collector.set_aside():
                yield
        finally:
            await worker.stop()

    app = Starlette(
        lifespan=lifespan,
        routes=[
            Route("/livez", worker.livez),
            Route("/readyz", worker.readyz),
            Route("/metrics", worker.metrics_endpoint),
        ],
    )
    app.state.settings = settings
    app.state.db = worker.database
    app.state.worker = worker
    return app


class Worker:
    """The parts of one worker process, and how they start and stop together."""

    def __init__(
        self,
        settings: ServiceSettings,
        consumers: Consumers,
        jobs: Sequence[Job],
        gauges: Sequence[Gauge],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._consumers = consumers
        self._clock = clock
        jobs = (*jobs, housekeeping(), *outbox_retention(settings.outbox_retention_days))
        self.metrics = WorkerMetrics(settings.service)
        self.metrics.expect(consumers, jobs)
        self._gauges = GaugeBoard(settings.service, gauges, self.metrics.registry)
        self._watched: dict[str, Callable[[], bool]] = {}
        self.database = connect_database(settings)
        self.database.session_info[CLOCK] = clock
        database_url = settings.database_url.get_secret_value()
        self._taker = Taker(self.database, consumers, clock=clock)
        self._retrier = Retrier(self.database, consumers, clock=clock)
        self._retries = Loop("retries", self._retry)
        self.relay = Relay(
            database_url,
            settings.redis_url.get_secret_value(),
            settings.service,
            maxlen=settings.stream_maxlen,
            max_age=timedelta(days=settings.stream_max_age_days),
            clock=clock,
        )
        locks = lock_engine(database_url)
        runners = [JobRunner(job, self.database, locks, clock, self.metrics.job_ran) for job in jobs]
        self._jobs = [Loop(f"job-{runner.job.name}", runner.turn) for runner in runners]
        self.subscriptions: Subscriptions | None = None
        self._subscribing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin all work; Redis and MySQL may come later."""
        self.subscriptions = Subscriptions(
            self._settings.redis_url.get_secret_value(),
            self._consumers,
            self._taker,
            on_report=self._taken_in,
            threads=max(1, self._settings.database_pool_size - 2),
            batch=self._settings.consumer_batch,
        )
        self._redis = redis.asyncio.Redis.from_url(
            self._settings.redis_url.get_secret_value(), socket_timeout=1.0, socket_connect_timeout=1.0
        )
        self._checks: dict[str, health.Check] = {
            "database": health.database_check(self.database),
            "redis": self._redis_check,
        }
        self._subscribing = asyncio.create_task(self.subscriptions.run(), name="subscriptions")
        self.relay.start()
        for loop in (self._retries, *self._jobs):
            loop.start()
        log.info("worker_started", streams=self._consumers.streams(), jobs=[loop.name for loop in self._jobs])

    def watch(self, part: str, alive: Callable[[], bool]) -> None:
        """/livez asks for a restart when this part of the process is no longer alive."""
        self._watched[part] = alive

    async def stop(self) -> None:
        """Finish what is at hand; whatever is not finished stays where the next process finds it."""
        log.info("worker_stopping")
        if self.subscriptions is not None and self._subscribing is not None:
            self.subscriptions.stop()
            await asyncio.wait([self._subscribing], timeout=20)
        loops = (self._retries, *self._jobs)
        for loop in loops:
            loop.tell_to_stop()
        for loop in loops:
            await run_sync(loop.stop)
        await run_sync(self.relay.stop)  # last: the others' events still go out
        await self._redis.aclose()
        self.database.dispose()
        await run_sync(tracing.flush)

    def _taken_in(self, report: Report) -> None:
        self.metrics.taken_in(report)
        if report.failed:
            self._retries.wake()

    def _retry(self) -> float:
        while not self._retries.stopping and (report := self._retrier.retry_one()) is not None:
            self.metrics.taken_in(report)
        due = self._retrier.due_in()
        return _RETRY_LOOK if due is None else min(_RETRY_LOOK, max(0.01, due.total_seconds()))

    def _dead_parts(self) -> list[str]:
        parts = {
            "relay": self.relay.alive(),
            "subscriptions": self.subscriptions is not None
            and self.subscriptions.alive()
            and self._subscribing is not None
            and not self._subscribing.done(),
            **{loop.name: loop.alive() for loop in (self._retries, *self._jobs)},
            **{name: alive() for name, alive in self._watched.items()},
        }
        return [name for name, alive in parts.items() if not alive]

    async def livez(self, _: Request) -> JSONResponse:
        """GET /livez: every part of this process is at work, or waits for Redis or MySQL; 503 asks for a restart."""
        dead = self._dead_parts()
        return JSONResponse({"status": "dead" if dead else "ok", "dead": dead}, 503 if dead else 200)

    async def readyz(self, _: Request) -> JSONResponse:
        """GET /readyz: MySQL and Redis answer."""
        return await health.report(self._checks)

    async def metrics_endpoint(self, _: Request) -> Response:
        """GET /metrics."""
        self.metrics.relay(active=self.relay.active, published=self.relay.published)
        if self.subscriptions is not None:
            self.metrics.backlogs(self.subscriptions.backlog)
        self.metrics.parts(await health.outcomes_of(self._checks))
        try:
            await run_sync(self._read_schema)
        except Exception as error:
            log.warning("metrics_incomplete", error=str(error))
            self.metrics.forget_schema()
            self._gauges.clear()
        return metrics.exposition(self.metrics.registry)

    def _read_schema(self) -> None:
        now = self._clock()
        with self.database.begin() as session:
            self.metrics.read_schema(session, now)
        self._gauges.update(self.database, now)

    async def _redis_check(self) -> None:
        await self._redis.ping()


def housekeeping() -> Job:
    """What every schema needs from time to time."""
    return Job("housekeeping", timedelta(minutes=10), _keep_house)


def _keep_house(database: Database, now: datetime) -> None:
    database.run(lambda session: idempotency.prune(session, now))
    database.run(failures.forget_settled)
