"""Scheduled work of a service: each job runs in one process at a time, however many workers there are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.database import Database


@dataclass(frozen=True, slots=True)
class Job:
    """``run(database, now)`` about every ``every``, from a thread; an error is logged and the next run tries again.

    The last start is noted in the schema, so neither restarts nor replicas make a job run more often.
    """

    name: str
    every: timedelta
    run: Callable[[Database, datetime], None]
