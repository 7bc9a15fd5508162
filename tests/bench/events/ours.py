"""The platform's own parts, as they run in production: the relay's publisher, and worker processes on uvicorn."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tests.bench.events.bare import Run, timed
from tests.bench.events.service import EXPRESSIONS
from tests.bench.events.stage import STREAM, WARM_UP, Stage
from tests.bench.processes import Server, processor_seconds, served

from chassis.clock import utc_now
from chassis.messaging.locks import lock_engine, only_one
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import streams_client
from chassis.testing.waiting import eventually

#: A contender that has not finished by then (seconds) never will.
_LONGEST = 300.0


def relay(stage: Stage) -> Run:
    """The relay alone: outbox to stream, stamped, over the connection that holds the relay's lock."""
    stage.fill_outbox()

    with only_one(lock_engine(stage.mysql_url), "relay") as connection:
        client = streams_client(stage.redis_url)
        publisher = Publisher(connection, client, STREAM, maxlen=1_000_000, clock=utc_now)  # type: ignore[arg-type]

        def work() -> None:
            while publisher.publish():
                pass

        run = timed(stage, work)
        client.close()
    return run


def consumer(stage: Stage) -> Run:
    """One worker process, from a full stream to the last acknowledged effect. Its handler sends the statement that
    the bare side sends, so that the rest of the difference is the backbone's.
    """
    return _drained(stage, stage.fill_stream, workers=1)


def consumer_of_expressions(stage: Stage) -> Run:
    """The same with a handler that says it in SQLAlchemy's expressions, as the services' handlers do."""
    return _drained(stage, stage.fill_stream, workers=1, **{EXPRESSIONS: "1"})


def two_consumers(stage: Stage) -> Run:
    """Two worker processes that share the same."""
    return _drained(stage, stage.fill_stream, workers=2)


def whole_way(stage: Stage) -> Run:
    """One worker process that relays and consumes, from a full outbox to the last acknowledged effect."""
    return _drained(stage, stage.fill_outbox, workers=1)


def _drained(stage: Stage, fill: Callable[[], None], workers: int, **environment: str) -> Run:
    with ExitStack() as stack:
        servers = [stack.enter_context(worker(stage, **environment)) for _ in range(workers)]
        pids = [server.pid for server in servers]
        stage.warm_up()
        eventually(lambda: drained(stage, WARM_UP), _LONGEST, what="workers at work")
        with frozen(pids):
            fill()
        processor, started = processor_seconds(*pids), time.perf_counter()
        eventually(lambda: drained(stage, WARM_UP + len(stage.bodies)), _LONGEST, what="a drained backlog")
        seconds = time.perf_counter() - started
        run = Run(len(stage.bodies), seconds, processor_seconds(*pids) - processor)
    if [count for _, count in stage.effects()] != [1] * len(stage.bodies):
        raise AssertionError("not every event took effect once")
    return run


def drained(stage: Stage, entries: int) -> bool:
    """So many are published, and all of them acknowledged."""
    with stage.redis() as client:
        (group,) = client.xinfo_groups(STREAM)
        published = int(client.xlen(STREAM)) >= entries
        return published and (group["lag"], group["pending"]) == (0, 0)


@contextmanager
def worker(stage: Stage, **environment: str) -> Iterator[Server]:
    """A worker process that reads and, if it is the first, relays."""
    application = "tests.bench.events.service:create_app"
    with served(application, stage.environment(**environment), factory=True, health="/readyz", pinned=False) as server:
        yield server


@contextmanager
def frozen(pids: Sequence[int]) -> Iterator[None]:
    """The processes stand still within the block."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
