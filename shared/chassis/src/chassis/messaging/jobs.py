"""Scheduled work of a service: each job runs in one process at a time, however many workers there are."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects import mysql

from chassis import tracing
from chassis.clock import Clock
from chassis.database import Database
from chassis.messaging.locks import only_one, spoken_over
from chassis.tables import relay_state

log = structlog.get_logger(__name__)

#: In ``relay_state``: the rows that say when each job last began.
JOB = "job:"
#: A job's lock is free when its process says nothing to MySQL for so many seconds: it is frozen, or its machine gone.
_SILENCE = 30
_SPEAK_EVERY = 10.0
#: Part of the interval by which a run may be early: clocks and sleeps are not exact.
_EARLY = 0.1
#: A start noted for later than this was noted by a clock that is wrong: it must not hold a job back until then.
_CLOCKS_DIFFER = timedelta(seconds=5)


class Incomplete(Exception):
    """Raised by a job that did what it could and says what it could not do: its run counts as failed."""


@dataclass(frozen=True, slots=True)
class Job:
    """``run(database, now)`` about every ``every``, from a thread; an error is logged and the next run tries again.

    The last start is noted in the schema, so neither restarts nor replicas make a job run more often.
    """

    name: str
    every: timedelta
    run: Callable[[Database, datetime], None]


class JobRunner:
    """Runs one job when it is due and nobody else is running it. ``turn`` is for a ``Loop``."""

    def __init__(
        self, job: Job, database: Database, locks: Engine, clock: Clock, observe: Callable[[str, bool, float], None]
    ) -> None:
        self.job = job
        self._database = database
        self._locks = locks
        self._clock = clock
        self._observe = observe

    def turn(self) -> float:
        """Run the job if it is due; answers after how many seconds to look again."""
        with only_one(self._locks, f"job.{self.job.name}", silence=_SILENCE) as lock:
            if lock is not None and self._start(lock):
                with spoken_over(lock, _SPEAK_EVERY):
                    self._run()
        return self.job.every.total_seconds() * (0.95 + 0.1 * random.random())

    def _start(self, connection: Connection) -> bool:
        now, name = self._clock(), f"{JOB}{self.job.name}"
        with connection.begin():
            last = connection.scalar(select(relay_state.c.updated_at).where(relay_state.c.name == name))
            if last is not None and last <= now + _CLOCKS_DIFFER and now < last + self.job.every * (1 - _EARLY):
                return False
            noted = mysql.insert(relay_state).values(name=name, stream_id="", updated_at=now)
            connection.execute(noted.on_duplicate_key_update(updated_at=noted.inserted.updated_at))
        return True

    def _run(self) -> None:
        started = time.perf_counter()
        with tracing.continued(None, f"job {self.job.name}"):  # what a run causes can be told apart by its trace
            try:
                self.job.run(self._database, self._clock())
                done = True
            except Incomplete as error:
                log.warning("job_failed", job=self.job.name, error=str(error), again="next run")
                done = False
            except Exception:
                log.exception("job_failed", job=self.job.name)
                done = False
        self._observe(self.job.name, done, time.perf_counter() - started)
