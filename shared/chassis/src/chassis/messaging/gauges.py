"""What a service itself counts, beside what every worker does: read from its schema when Prometheus asks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import prometheus_client
import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy.orm import Session

from chassis.database import Database

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Gauge:
    """``read(session, now)`` answers a value for each combination of values of ``labels`` (``()`` without labels).

    A reading is good for ``every``, however often Prometheus asks. Every worker of a service reads the same schema and
    so tells the same: take the ``max`` of them, not the ``sum``.
    """

    name: str
    help: str
    read: Callable[[Session, datetime], Mapping[tuple[str, ...], float]]
    labels: tuple[str, ...] = ()
    every: timedelta = timedelta(seconds=15)


class GaugeBoard:
    """The gauges of one worker. One that cannot be read is absent until it can: no number is better than an old one."""

    def __init__(self, service: str, gauges: Sequence[Gauge], registry: CollectorRegistry) -> None:
        self._service = service
        self._shown = [
            (gauge, prometheus_client.Gauge(gauge.name, gauge.help, ["service", *gauge.labels], registry=registry))
            for gauge in gauges
        ]
        self._due: dict[str, datetime] = {}

    def update(self, database: Database, now: datetime) -> None:
        """Read what is due, each in a transaction of its own; never raises."""
        for gauge, metric in self._shown:
            if now >= self._due.get(gauge.name, now):
                self._read(gauge, metric, database, now)

    def clear(self) -> None:
        """The schema cannot be reached."""
        for _, metric in self._shown:
            metric.clear()
        self._due.clear()

    def _read(self, gauge: Gauge, metric: prometheus_client.Gauge, database: Database, now: datetime) -> None:
        try:
            with database.begin() as session:
                found = gauge.read(session, now)
        except Exception as error:
            log.warning("gauge_not_read", gauge=gauge.name, error=str(error), effect="it is absent until it can be")
            metric.clear()
            self._due.pop(gauge.name, None)
            return
        metric.clear()
        for values, number in found.items():
            metric.labels(self._service, *values).set(number)
        self._due[gauge.name] = now + gauge.every
