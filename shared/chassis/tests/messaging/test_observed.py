"""What a worker tells of itself: its gauges, its jobs, what it can reach, and what it does not know."""

import gc
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from messaging_parts import Effects, MediaSettings, emit_all
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis import tables
from chassis.database import Database
from chassis.messaging import Consumers, Gauge, Job, create_worker
from chassis.testing.clock import SettableClock
from chassis.testing.waiting import eventually
from chassis.testing.wire import Wire

Settings = Callable[..., MediaSettings]
Serve = Callable[[Any], httpx.Client]
Numbers = dict[str, dict[tuple[tuple[str, str], ...], float]]


def numbers(client: httpx.Client) -> Numbers:
    """Every sample of /metrics, by its name and its labels without the service."""
    found: Numbers = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            labels = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "service"))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def by_type(session: Session, now: datetime) -> dict[tuple[str, ...], float]:
    rows = session.execute(select(tables.outbox.c.type, func.count()).group_by(tables.outbox.c.type))
    return {(kind,): float(count) for kind, count in rows}


def test_a_service_adds_gauges_of_its_own(settings: Settings, db: Database, serve: Serve, clock: SettableClock) -> None:
    gauge = Gauge("edx_kept_events", "Events ever", by_type, labels=("type",))
    client = serve(create_worker(settings(), Consumers("media"), gauges=[gauge], clock=clock))
    assert numbers(client).get("edx_kept_events", {}) == {}
    emit_all(db, [1, 2])
    clock.advance(seconds=16)
    assert numbers(client)["edx_kept_events"] == {(("type", "edxelera.media.video_ready.v1"),): 2}


def test_a_reading_is_good_for_a_while(settings: Settings, serve: Serve, clock: SettableClock) -> None:
    read = []
    gauge = Gauge("edx_looks", "How often", lambda _, now: {(): float(read.append(now) or len(read))})  # type: ignore[func-returns-value]
    client = serve(create_worker(settings(), Consumers("media"), gauges=[gauge], clock=clock))
    assert [numbers(client)["edx_looks"][()] for _ in range(3)] == [1, 1, 1]
    clock.advance(seconds=gauge.every.total_seconds())
    assert numbers(client)["edx_looks"][()] == 2


def test_a_gauge_that_cannot_be_read_is_absent_and_hides_no_other(
    settings: Settings, serve: Serve, clock: SettableClock
) -> None:
    answers: Iterator[float] = iter([3.0])

    def once(session: Session, now: datetime) -> dict[tuple[str, ...], float]:
        return {(): next(answers)}

    board = [Gauge("edx_fickle", "Once", once), Gauge("edx_steady", "Always", lambda *_: {(): 7})]
    client = serve(create_worker(settings(), Consumers("media"), gauges=board, clock=clock))
    assert numbers(client)["edx_fickle"] == {(): 3}
    clock.advance(minutes=1)
    found = numbers(client)
    assert "edx_fickle" not in found
    assert found["edx_steady"] == {(): 7}


def test_series_are_there_before_anything_happens(settings: Settings, effects: Effects, serve: Serve) -> None:
    job = Job("sweep", timedelta(hours=1), lambda *_: None)
    client = serve(create_worker(settings(), effects.consumers(), jobs=[job]))
    found = numbers(client)
    for outcome in ("handled", "duplicate", "retrying", "dead"):
        assert found["edx_events_total"][(("consumer", "learning.note"), ("outcome", outcome))] == 0
    assert found["edx_job_runs_total"][(("name", "sweep"), ("outcome", "failed"))] == 0
    assert found["edx_job_interval_seconds"][(("name", "sweep"),)] == 3600


def test_when_a_job_last_began_is_known_to_every_worker(settings: Settings, serve: Serve, clock: SettableClock) -> None:
    ran = threading.Event()
    jobs = [Job("sweep", timedelta(hours=1), lambda *_: ran.set())]
    serve(create_worker(settings(), Consumers("media"), jobs=jobs, clock=clock))
    assert ran.wait(20)
    other = serve(create_worker(settings(), Consumers("media"), jobs=jobs, clock=clock))
    assert numbers(other)["edx_job_last_start_timestamp_seconds"][(("name", "sweep"),)] == clock.now.timestamp()


def test_published_events_are_counted(settings: Settings, db: Database, serve: Serve) -> None:
    client = serve(create_worker(settings(), Consumers("media")))
    emit_all(db, [1, 2, 3])
    eventually(lambda: numbers(client)["edx_relay_published_events_total"][()] == 3)
    eventually(lambda: numbers(client)["edx_outbox_depth"][()] == 0)


def test_without_its_database_a_worker_tells_no_old_numbers(
    settings: Settings, serve: Serve, mysql_wire: tuple[Wire, str], db: Database
) -> None:
    wire, url = mysql_wire
    gauge = Gauge("edx_steady", "Always", lambda *_: {(): 7})
    client = serve(create_worker(settings(database_url=url), Consumers("media"), gauges=[gauge]))
    assert numbers(client)["edx_part_ok"] == {(("part", "database"),): 1, (("part", "redis"),): 1}
    wire.cut()
    eventually(lambda: numbers(client)["edx_part_ok"][(("part", "database"),)] == 0)
    found = numbers(client)
    assert not {"edx_steady", "edx_outbox_depth", "edx_outbox_oldest_seconds", "edx_event_failures"} & found.keys()
    wire.mend()
    eventually(lambda: numbers(client).get("edx_steady") == {(): 7})


def test_what_a_service_does_besides_is_part_of_its_life(settings: Settings, serve: Serve) -> None:
    app = create_worker(settings(), Consumers("media"))
    alive = [True]
    app.state.worker.watch("pump", lambda: alive[0])
    client = serve(app)
    assert client.get("/livez").json() == {"status": "ok", "dead": []}
    alive[0] = False
    answer = client.get("/livez")
    assert (answer.status_code, answer.json()["dead"]) == (503, ["pump"])


def test_a_worker_that_runs_has_set_aside_what_it_began_with(settings: Settings, serve: Serve) -> None:
    serve(create_worker(settings(), Consumers("media")))
    assert gc.get_freeze_count() > 0


def test_two_gauges_of_one_name_are_refused_at_once(settings: Settings) -> None:
    board = [Gauge("edx_same", "One", lambda *_: {}), Gauge("edx_same", "Other", lambda *_: {})]
    with pytest.raises(ValueError, match="edx_same"):
        create_worker(settings(), Consumers("media"), gauges=board)
