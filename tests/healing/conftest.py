"""Services side by side on real schemas and real HTTP, with the relay in the hands of the test."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import select, update

from chassis.database import Database
from chassis.messaging import Consumers
from chassis.messaging.comparisons import Comparison
from chassis.messaging.jobs import Incomplete
from chassis.messaging.sweeps import Sweeps
from chassis.tables import outbox
from chassis.testing import deliver
from contracts.events import Envelope

#: Longer than any grace.
LATER = timedelta(minutes=5)
Taker = tuple[Database, Consumers]


@pytest.fixture
def relay() -> Callable[..., int]:
    """``relay(db, (db, consumers), …)``: what waits in the outbox goes out, and everybody takes it in; how many."""

    def run(source: Database, *takers: Taker) -> int:
        with source.begin() as session:
            waiting = select(outbox.c.envelope).where(outbox.c.stream_id.is_(None)).order_by(outbox.c.position)
            envelopes = [Envelope.parse(row) for row in session.scalars(waiting)]
            session.execute(update(outbox).where(outbox.c.stream_id.is_(None)).values(stream_id="1-1"))
        for database, consumers in takers:
            deliver(database, consumers, *envelopes)
        return len(envelopes)

    return run


class Healer:
    """The comparisons of one service's worker; ``run`` is one turn of their jobs, minutes after the one before."""

    def __init__(self, service: str, database: Database, *comparisons: Comparison) -> None:
        self.service, self.database = service, database
        self.saga = comparisons[0].saga
        self.now = datetime.now(UTC)
        self.sweeps = Sweeps(comparisons=comparisons)
        self.registry = CollectorRegistry()
        self.sweeps.count_into(self.registry, service)
        self.jobs = self.sweeps.jobs

    def run(self) -> None:
        for job in self.jobs:
            with suppress(Incomplete):  # as a worker goes on with its other jobs
                job.run(self.database, self.now)
        self.now += LATER

    @property
    def open(self) -> float:
        """The gauge, as it reads now."""
        with self.database.begin() as session:
            return self.sweeps.gauge.read(session, self.now)[(self.saga,)]

    @property
    def repaired(self) -> float | None:
        """The counter."""
        labels = {"service": self.service, "saga": self.saga}
        return self.registry.get_sample_value("edx_saga_repaired_total", labels)


@pytest.fixture
def healer() -> Callable[..., Any]:
    return Healer
