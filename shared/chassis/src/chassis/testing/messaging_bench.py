"""How fast events travel: ``python -m chassis.testing.messaging_bench MYSQL_URL REDIS_URL``.

Give it a schema and a Redis database of its own: the schema is migrated, both are emptied. Prints, for one worker on
this machine, the time from a commit to the effect at a steady rate, and how fast a backlog drains.
"""

import random
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar
from uuid import uuid4

import redis
from pydantic import SecretStr
from sqlalchemy import delete, event
from sqlalchemy.orm import Session

from chassis import migrate, tables
from chassis.app import connect_database
from chassis.messaging import Consumers, create_worker, emit
from chassis.settings import ServiceSettings
from chassis.testing.serving import LiveServer
from chassis.testing.waiting import eventually
from contracts.events import VideoReady


class BenchSettings(ServiceSettings):
    """A service that consumes what it publishes."""

    service: ClassVar[str] = "media"


@dataclass(frozen=True, slots=True)
class Latency:
    """From commit to effect, in milliseconds."""

    median: float
    p99: float
    worst: float


class Bench:
    """A worker that notes when each event's effect was committed."""

    def __init__(self, settings: BenchSettings) -> None:
        self._settings = settings
        self._database = connect_database(settings)
        self.effects: dict[int, float] = {}
        self._consumers = Consumers("media")
        self._consumers.on(VideoReady, as_="media.bench")(self._handle)

    def _handle(self, session: Session, video: VideoReady) -> None:
        number = video.sequence
        event.listen(session, "after_commit", lambda _: self.effects.setdefault(number, time.perf_counter()), once=True)

    def run_worker(self, stack: ExitStack) -> LiveServer:
        """Start the worker and wait until it reads."""
        server = LiveServer(stack, create_worker(self._settings, self._consumers))
        worker = server.app.state.worker
        eventually(lambda: worker.relay.active and worker.subscriptions.reading, 20, what="a working worker")
        return server

    def emit(self, numbers: Sequence[int]) -> float:
        """Commit these events in one transaction, as an API process does; answers when."""
        with self._database.begin() as session:
            for number in numbers:
                emit(session, _video(number))
        return time.perf_counter()

    def latency(self, *, rate: float, events: int) -> Latency:
        """At about ``rate`` commits of one event a second."""
        committed, pace = {}, threading.Event()
        first = max(self.effects, default=0) + 1
        for number in range(first, first + events):
            committed[number] = self.emit([number])
            pace.wait(random.uniform(0.5, 1.5) / rate)
        eventually(lambda: committed.keys() <= self.effects.keys(), 30, what="every effect")
        return _summary([self.effects[number] - at for number, at in committed.items()])

    def drain(self, *, events: int) -> float:
        """Events a second from a full outbox to their effects; the worker is started here."""
        first = max(self.effects, default=0) + 1
        for start in range(first, first + events, 1000):
            self.emit(range(start, min(start + 1000, first + events)))
        started = time.perf_counter()
        with ExitStack() as stack:
            LiveServer(stack, create_worker(self._settings, self._consumers))
            eventually(lambda: len(self.effects) >= first - 1 + events, 300, what="a drained backlog")
            return events / (max(self.effects.values()) - started)


def _video(number: int) -> VideoReady:
    return VideoReady(
        sequence=number,
        video_id=uuid4(),
        program_slug="bench",
        kind="mp4",
        content_type="video/mp4",
        size_bytes=1,
        duration_seconds=None,
    )


def _summary(seconds: Sequence[float]) -> Latency:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return Latency(cuts[49] * 1000, cuts[98] * 1000, max(seconds) * 1000)


def bench_settings(mysql_url: str, redis_url: str) -> BenchSettings:
    """Settings on these servers."""
    return BenchSettings(
        database_url=SecretStr(mysql_url),
        redis_url=SecretStr(redis_url),
        cache_redis_url=SecretStr(redis_url),
        service_token_secrets=(SecretStr("b" * 32),),
        log_level="WARNING",
    )


def main(mysql_url: str, redis_url: str) -> None:
    """Measure and print."""
    migrate.upgrade_url(mysql_url)
    redis.Redis.from_url(redis_url).flushdb()
    settings = bench_settings(mysql_url, redis_url)
    bench = Bench(settings)
    with connect_database(settings).begin() as session:
        for table in (tables.outbox, tables.inbox, tables.event_failures, tables.relay_state):
            session.execute(delete(table))
    with ExitStack() as stack:
        bench.run_worker(stack)
        found = bench.latency(rate=20, events=600)
    print(f"commit to effect at 20 events/s: p50 {found.median:.1f} ms, p99 {found.p99:.1f}, max {found.worst:.1f}")  # noqa: T201
    print(f"backlog: {bench.drain(events=20_000):.0f} events/s from outbox to effect")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:3])
