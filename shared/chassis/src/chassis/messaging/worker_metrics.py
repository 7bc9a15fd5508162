"""What a worker tells Prometheus, in a registry of its own."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.messaging import debts, relay_store
from chassis.messaging.consumers import Consumers
from chassis.messaging.groups import Backlog
from chassis.messaging.intake import Outcome, Report
from chassis.messaging.jobs import JOB, Job
from chassis.metrics import PART_OK
from chassis.tables import event_failures, outbox, relay_state

_AGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3600.0)


class WorkerMetrics:
    """Events taken in and failed, the outbox and its relay, backlogs, jobs; every name begins with ``edx_``.

    No label is called ``job`` or ``instance``: Prometheus gives those to what it scrapes.
    """

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
        self._owed = Gauge(
            "edx_stream_owed_events",
            "Events that were trimmed before a group took them in, to be published again for it",
            ["service", "group"],
            registry=registry,
        )
        self._failures = Gauge(
            "edx_event_failures", "Failed events: retrying, dead", ["service", "state"], registry=registry
        )
        self._active = Gauge("edx_relay_active", "1 where the relay publishes", ["service"], registry=registry)
        self._published = Counter(
            "edx_relay_published_events", "Events that this process put into Redis", ["service"], registry=registry
        )
        self._published_before = 0
        self._lag = Gauge(
            "edx_stream_lag", "Entries this service has yet to read", ["service", "stream"], registry=registry
        )
        self._pending = Gauge(
            "edx_stream_pending", "Entries read and not yet acknowledged", ["service", "stream"], registry=registry
        )
        self._part_ok = Gauge("edx_part_ok", PART_OK, ["service", "part"], registry=registry)
        self._jobs = Counter("edx_job_runs", "Scheduled jobs", ["service", "name", "outcome"], registry=registry)
        self._job_seconds = Histogram(
            "edx_job_seconds", "How long they took", ["service", "name"], buckets=_AGES, registry=registry
        )
        self._job_interval = Gauge(
            "edx_job_interval_seconds", "How often a job is to run", ["service", "name"], registry=registry
        )
        self._job_started = Gauge(
            "edx_job_last_start_timestamp_seconds",
            "When a job last began, in whichever worker",
            ["service", "name"],
            registry=registry,
        )

    def expect(self, consumers: Consumers, jobs: Sequence[Job]) -> None:
        """Every series that there can be, at 0: Prometheus does not see the increase of one that appears at 1."""
        names = {handler.name for handler in consumers} | {consumers.service}
        for consumer, outcome in product(sorted(names), Outcome):
            self._events.labels(self._service, consumer, outcome.value)
        for job in jobs:
            for result in ("done", "failed"):
                self._jobs.labels(self._service, job.name, result)
            self._job_interval.labels(self._service, job.name).set(job.every.total_seconds())

    def taken_in(self, report: Report) -> None:
        """A batch, or a retried event."""
        for (consumer, outcome), times in Tally(report.outcomes).items():
            self._events.labels(self._service, consumer, outcome.value).inc(times)
        observe = self._age.labels(self._service).observe
        for age in report.ages:
            observe(max(0.0, age))

    def job_ran(self, job: str, done: bool, seconds: float) -> None:
        """A scheduled job came to its end."""
        self._jobs.labels(self._service, job, "done" if done else "failed").inc()
        self._job_seconds.labels(self._service, job).observe(seconds)

    def relay(self, *, active: bool, published: int) -> None:
        """The relay of this process."""
        self._active.labels(self._service).set(1 if active else 0)
        self._published.labels(self._service).inc(published - self._published_before)
        self._published_before = published

    def parts(self, outcomes: Mapping[str, str]) -> None:
        """What this process needs, as /readyz found it."""
        for part, outcome in outcomes.items():
            self._part_ok.labels(self._service, part).set(1 if outcome == "ok" else 0)

    def backlogs(self, backlogs: Mapping[str, Backlog]) -> None:
        """How far behind this service is on its streams; no number where Redis cannot tell."""
        self._lag.clear()
        for stream, backlog in backlogs.items():
            if backlog.undelivered is not None:
                self._lag.labels(self._service, stream).set(backlog.undelivered)
            self._pending.labels(self._service, stream).set(backlog.pending)

    def forget_schema(self) -> None:
        """The schema cannot be reached: no number is better than an old one."""
        for gauge in (self._depth, self._oldest, self._owed, self._failures, self._job_started):
            gauge.clear()

    def read_schema(self, session: Session, now: datetime) -> None:
        """Outbox, debts, failures and jobs, as they stand."""
        waiting = outbox.c.stream_id.is_(None)
        self._depth.labels(self._service).set(session.scalar(select(func.count()).where(waiting)) or 0)
        oldest = session.scalar(select(outbox.c.time).where(waiting).order_by(outbox.c.position).limit(1))
        self._oldest.labels(self._service).set((now - oldest).total_seconds() if oldest else 0)
        self._owed.clear()
        owed = debts.owed(session)
        for group in owed.keys() | relay_store.groups(session.connection()).keys():
            self._owed.labels(self._service, group).set(owed.get(group, 0))
        states = select(event_failures.c.state, func.count()).group_by(event_failures.c.state)
        found = {row[0]: row[1] for row in session.execute(states)}
        for state in ("retrying", "dead"):
            self._failures.labels(self._service, state).set(found.get(state, 0))
        started = select(relay_state.c.name, relay_state.c.updated_at).where(relay_state.c.name.startswith(JOB))
        for name, at in session.execute(started):
            self._job_started.labels(self._service, name.removeprefix(JOB)).set(at.timestamp())
