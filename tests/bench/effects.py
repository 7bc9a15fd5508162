"""Publish to effect: from an event's row in one service's outbox to its effect in another service's tables."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Thread
from uuid import UUID

import httpx
from sqlalchemy import Engine, create_engine, text
from tests.bench.load import Outcome
from tests.bench.students import Registrar

CONSUMER = "learning.grant_access"
_WAIT_SECONDS = 20

_EMITTED = text("SELECT id, time FROM outbox WHERE type = :type ORDER BY position DESC LIMIT :count")
_TAKEN_IN = text("SELECT 1 FROM inbox WHERE consumer = :consumer AND event_id = :id")
_TYPE = "edxelera.enrollment.enrollment_activated.v1"


def publish_to_effect(
    env: Mapping[str, str], registrar: Registrar, cohort: str, *, events: int, rate: float
) -> Outcome:
    """Grant ``events`` enrollments at ``rate`` a second, and watch each arrive in learning's database."""
    outcome = Outcome()
    enrollment = create_engine(env["EDX_ENROLLMENT_DATABASE_URL"], isolation_level="AUTOCOMMIT")
    learning = create_engine(env["EDX_LEARNING_DATABASE_URL"], isolation_level="AUTOCOMMIT", pool_size=20)
    watchers = []
    started = time.perf_counter()
    with httpx.Client(base_url=env["EDX_ENROLLMENT_URL"]) as client:
        for number in range(events):
            pause = started + number / rate - time.perf_counter()
            if pause > 0:
                time.sleep(pause)
            registrar.grant(client, registrar.account(), cohort)
            with enrollment.connect() as connection:
                event_id, emitted_at = connection.execute(_EMITTED, {"type": _TYPE, "count": 1}).one()
            watcher = Thread(target=_watch, args=(learning, event_id, emitted_at, outcome))
            watcher.start()
            watchers.append(watcher)
    for watcher in watchers:
        watcher.join()
    outcome.seconds = time.perf_counter() - started
    enrollment.dispose()
    learning.dispose()
    return outcome


def _watch(engine: Engine, event_id: bytes, emitted_at: datetime, outcome: Outcome) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    with engine.connect() as connection:
        while connection.execute(_TAKEN_IN, {"consumer": CONSUMER, "id": event_id}).first() is None:
            if time.monotonic() > deadline:
                raise RuntimeError(f"event {UUID(bytes=event_id)} had no effect within {_WAIT_SECONDS} s")
            time.sleep(0.001)
    outcome.latencies.append((datetime.now(UTC).replace(tzinfo=None) - emitted_at).total_seconds())
    outcome.statuses[200] = outcome.statuses.get(200, 0) + 1
