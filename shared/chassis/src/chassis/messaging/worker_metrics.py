"""What a worker tells Prometheus, in a registry of its own."""

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.messaging.groups import Backlog
from chassis.messaging.intake import Report
from chassis.tables import event_failures, outbox

_AGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3600.0)


class WorkerMetrics:
    """Events taken in and failed, the outbox and its relay, backlogs, jobs; every name begins with ``edx_``."""

    def __init__(self, service: str) -> None:
        self.registry = registry = CollectorRegistry()
        self._service = service
        ProcessCollector(registry=registry)
        self._events = Counter(
            "edx_events", "Events by consumer and outcome", ["service", "consumer", "outcome"], registry=registry
        )
        self._age = Histogram(
            "edx_event_age_seconds", "From commit to effect", ["service"], buckets=_AGES, registry=registry
        )
        self._depth = Gauge("edx_outbox_depth", "Events not yet in Redis", ["service"], registry=registry)
        self._oldest = Gauge("edx_outbox_oldest_seconds", "Age of the oldest of them", ["service"], registry=registry)
        self._failures = Gauge(
            "edx_event_failures", "Failed events: retrying, dead", ["service", "state"], registry=registry
        )
        self._active = Gauge("edx_relay_active", "1 where the relay publishes", ["service"], registry=registry)
        self._published = Gauge("edx_relay_published_events", "Sent by this relay", ["service"], registry=registry)
        self._lag = Gauge(
            "edx_stream_lag", "Entries this service has yet to read", ["service", "stream"], registry=registry
        )
        self._pending = Gauge(
            "edx_stream_pending", "Entries read and not yet acknowledged", ["service", "stream"], registry=registry
        )
        self._jobs = Counter("edx_job_runs", "Scheduled jobs", ["service", "job", "outcome"], registry=registry)
        self._job_seconds = Histogram(
            "edx_job_seconds", "How long they took", ["service", "job"], buckets=_AGES, registry=registry
        )

    def taken_in(self, report: Report) -> None:
        """A batch, or a retried event."""
        for consumer, outcome in report.outcomes:
            self._events.labels(self._service, consumer, outcome.value).inc()
        for age in report.ages:
            self._age.labels(self._service).observe(max(0.0, age))

    def job_ran(self, job: str, done: bool, seconds: float) -> None:
        """A scheduled job came to its end."""
        self._jobs.labels(self._service, job, "done" if done else "failed").inc()
        self._job_seconds.labels(self._service, job).observe(seconds)

    def relay(self, *, active: bool, published: int) -> None:
        """The relay of this process."""
        self._active.labels(self._service).set(1 if active else 0)
        self._published.labels(self._service).set(published)

    def backlogs(self, backlogs: Mapping[str, Backlog]) -> None:
        """How far behind this service is on its streams."""
        for stream, backlog in backlogs.items():
            if backlog.undelivered is not None:
                self._lag.labels(self._service, stream).set(backlog.undelivered)
            self._pending.labels(self._service, stream).set(backlog.pending)

    def read_schema(self, session: Session, now: datetime) -> None:
        """Outbox and failures, as they stand."""
        waiting = outbox.c.stream_id.is_(None)
        self._depth.labels(self._service).set(session.scalar(select(func.count()).where(waiting)) or 0)
        oldest = session.scalar(select(outbox.c.time).where(waiting).order_by(outbox.c.position).limit(1))
        self._oldest.labels(self._service).set((now - oldest).total_seconds() if oldest else 0)
        states = select(event_failures.c.state, func.count()).group_by(event_failures.c.state)
        found = {row[0]: row[1] for row in session.execute(states)}
        for state in ("retrying", "dead"):
            self._failures.labels(self._service, state).set(found.get(state, 0))
