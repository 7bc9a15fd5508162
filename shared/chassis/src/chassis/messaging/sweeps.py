"""Sagas that heal: looks for what must be true and is not, and repairs it through the normal path.

A saga crosses transactions and services; every step of it is retried where it stands, and still a bug, a restored
backup or a row changed by hand can leave one open. A sweep finds such cases in the service's own schema, a comparison
(``chassis.messaging.comparisons``) in what another place knows. Two numbers tell of them: ``edx_saga_open`` should read
0, and ``edx_saga_repaired_total`` says how often it did not.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import prometheus_client
import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy.orm import Session

from chassis.database import Database, is_unreachable
from chassis.messaging.cases import Cases
from chassis.messaging.comparisons import Comparing, Comparison
from chassis.messaging.gauges import Gauge
from chassis.messaging.jobs import Incomplete, Job

log = structlog.get_logger(__name__)

#: Cases that one run finds beside those tried before, and the most that the gauge counts.
MOST = 500
_LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Sweep:
    """``find(session, now, limit)`` answers the keys of open cases; ``repair(session, key, now)`` closes one, in a
    transaction of its own. It must look again under its locks: the case may have been closed meanwhile. A repair may
    also only set the normal path in motion, which then closes the case after it. A case that stays open is tried again
    after growing pauses.
    """

    saga: str
    find: Callable[[Session, datetime, int], Sequence[Hashable]]
    repair: Callable[[Session, Any, datetime], None]
    every: timedelta = timedelta(minutes=1)


class Sweeps:
    """The sweeps and comparisons of one worker: give ``jobs`` and ``gauge`` to ``create_worker``, then let them
    ``count_into``.
    """

    def __init__(self, sweeps: Iterable[Sweep] = (), comparisons: Iterable[Comparison] = ()) -> None:
        self._sweeps = tuple(sweeps)
        self._comparing = tuple(Comparing(comparison) for comparison in comparisons)
        self._repaired: Callable[[str, int], None] = lambda _saga, _cases: None

    @property
    def jobs(self) -> list[Job]:
        """One job a saga (and place that is asked): in one worker at a time."""
        comparing = [Job(f"sweep-{one.saga}-{one.place}", one.every, self._compare(one)) for one in self._comparing]
        return [Job(f"sweep-{sweep.saga}", sweep.every, self._job(sweep)) for sweep in self._sweeps] + comparing

    @property
    def gauge(self) -> Gauge:
        """Open cases by saga."""
        return Gauge(
            "edx_saga_open",
            "Cases in which something that must be true is not; should read 0",
            self._count,
            labels=("saga",),
            every=timedelta(seconds=30),
        )

    def count_into(self, registry: CollectorRegistry, service: str) -> None:
        """Tell Prometheus of every repair from now on."""
        counter = prometheus_client.Counter(
            "edx_saga_repaired", "Open cases that a sweep closed", ["service", "saga"], registry=registry
        )
        for saga in {each.saga for each in self._sweeps} | {each.saga for each in self._comparing}:
            counter.labels(service, saga)
        self._repaired = lambda saga, cases: counter.labels(service, saga).inc(cases)

    def _job(self, sweep: Sweep) -> Callable[[Database, datetime], None]:
        return lambda database, now: self.run(sweep, database, now)

    def _compare(self, comparing: Comparing) -> Callable[[Database, datetime], None]:
        def run(database: Database, now: datetime) -> None:
            compared = comparing.run(database, now)
            self._repaired(comparing.saga, compared.repaired)
            if compared.unanswered:
                raise Incomplete(f"{comparing.place} did not answer: {compared.unanswered}")

        return run

    def run(self, sweep: Sweep, database: Database, now: datetime) -> None:
        """Repair what is open. One case that cannot be repaired stops no other, however many there are of its kind, and
        stays open. What has been tried is noted, so that each repaired case is counted once, whoever repairs it.
        """
        cases = Cases(sweep.saga)
        tried = database.run(cases.all)
        found = database.run(lambda session: sweep.find(session, now, MOST + len(tried)))
        due = [case for case in found if str(case) not in tried or tried[str(case)].due_at <= now]
        for case in due:
            _repair(sweep, database, case, now)
        if not tried and not due:
            return
        closed = database.run(lambda session: _note(sweep, cases, session, [str(case) for case in due], now))
        for key in closed:
            log.warning("saga_repaired", saga=sweep.saga, case=key)
        self._repaired(sweep.saga, len(closed))

    def _count(self, session: Session, now: datetime) -> dict[tuple[str, ...], float]:
        found: dict[tuple[str, ...], float] = defaultdict(float)
        for sweep in self._sweeps:
            found[(sweep.saga,)] += len(sweep.find(session, now, MOST))
        for comparing in self._comparing:
            found[(comparing.saga,)] += comparing.count(session, now)
        return found


def _repair(sweep: Sweep, database: Database, case: Hashable, now: datetime) -> None:
    try:
        database.run(lambda session: sweep.repair(session, case, now))
    except Exception as error:
        if is_unreachable(error):
            raise
        log.exception("saga_not_repaired", saga=sweep.saga, case=str(case), again="with the next sweep")


def _note(sweep: Sweep, cases: Cases, session: Session, due: Sequence[str], now: datetime) -> list[str]:
    """After the repairs: which cases, of all that were ever tried, are open no more."""
    cases.keep(session, due, now, now)
    tried = cases.all(session)
    left = {str(case) for case in sweep.find(session, now, MOST + len(tried))}
    closed = [key for key in tried if key not in left]
    cases.close(session, closed)
    for key in left.intersection(due):
        pause: timedelta = min(sweep.every / 2 * 2 ** min(tried[key].attempts, 10), _LONGEST_PAUSE)
        cases.tried(session, key, now + pause)
    return closed
