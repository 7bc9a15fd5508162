"""The worker process: everything together, its health, its metrics, its jobs."""

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import redis
from messaging_parts import STREAM, Effects, MediaSettings, delivery, emit_all, numbered, put, video
from sqlalchemy import delete, event, text
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from chassis import tables
from chassis.app import connect_database
from chassis.clock import utc_now
from chassis.database import Database
from chassis.messaging import Consumers, Job, create_worker, emit
from chassis.messaging.intake import Taker
from chassis.messaging.jobs import Incomplete, JobRunner
from chassis.messaging.locks import lock_engine, only_one
from chassis.messaging.retry import RetryPolicy
from chassis.messaging.worker import housekeeping
from chassis.testing import eventually
from chassis.testing.clock import SettableClock
from chassis.testing.schemas import TestSchema
from chassis.testing.serving import LiveServer
from chassis.testing.wire import Wire
from contracts.events import VideoReady

Serve = Callable[[Any], httpx.Client]
Settings = Callable[..., MediaSettings]


def no_consumers() -> Consumers:
    return Consumers("media")


def test_from_commit_to_effect_through_two_workers(
    db: Database, effects: Effects, settings: Settings, serve: Serve
) -> None:
    consumers = effects.consumers()
    clients = [serve(create_worker(settings(), consumers)) for _ in range(2)]
    for client in clients:
        eventually(lambda client=client: client.get("/readyz").status_code == 200)  # type: ignore[misc]
    emit_all(connect_database(settings()), range(100))
    effects.expect(range(100))
    assert sum(_value(client, "edx_relay_active") for client in clients) == 1
    assert (
        sum(_value(client, 'edx_events_total{consumer="learning.note",outcome="handled"') for client in clients) == 100
    )


def test_health_and_metrics_say_what_is_wrong(
    db: Database,
    effects: Effects,
    settings: Settings,
    serve: Serve,
    redis_wire: tuple[Wire, str],
    mysql_wire: tuple[Wire, str],
) -> None:
    def raises(session: Session, event: VideoReady) -> None:
        if event.sequence == 2:
            raise ValueError

    app = create_worker(settings(redis_url=redis_wire[1], database_url=mysql_wire[1]), effects.consumers(raises))
    client = serve(app)
    eventually(lambda: app.state.worker.subscriptions.reading and app.state.worker.relay.active)
    emit_all(db, [1, 2])
    effects.expect([1])
    eventually(lambda: _value(client, 'edx_event_failures{service="media",state="retrying"}') == 1)
    redis_wire[0].cut()
    emit_all(db, [3])
    eventually(lambda: client.get("/readyz").json()["checks"]["redis"] != "ok")
    eventually(lambda: _value(client, "edx_outbox_depth") == 1)
    assert client.get("/livez").status_code == 200, "a restart would not bring Redis back"
    redis_wire[0].mend()
    effects.expect([1, 3])
    mysql_wire[0].cut()
    eventually(lambda: client.get("/readyz").json()["checks"]["database"] != "ok")
    assert client.get("/livez").status_code == 200
    assert client.get("/metrics").status_code == 200
    mysql_wire[0].mend()
    emit_all(db, [4])
    effects.expect([1, 3, 4])


def test_entries_are_held_and_not_written_off_while_mysql_is_down(
    db: Database,
    effects: Effects,
    settings: Settings,
    serve: Serve,
    streams: "redis.Redis",
    mysql_wire: tuple[Wire, str],
) -> None:
    app = create_worker(settings(database_url=mysql_wire[1]), effects.consumers())
    client = serve(app)
    eventually(lambda: app.state.worker.subscriptions.reading)
    mysql_wire[0].cut()
    put(streams, *numbered(1, 2, 3))
    eventually(lambda: streams.xpending(STREAM, "learning")["pending"])
    eventually(lambda: client.get("/readyz").json()["checks"]["database"] != "ok")
    mysql_wire[0].mend()
    effects.expect([1, 2, 3])
    eventually(lambda: streams.xpending(STREAM, "learning")["pending"] == 0)
    assert effects.failures() == []


def test_while_one_batch_waits_the_next_is_taken_in(
    db: Database, effects: Effects, settings: Settings, serve: Serve, streams: "redis.Redis"
) -> None:
    """Each handler waits for the other, in a batch of its own."""
    meeting = threading.Barrier(2, timeout=10)

    def meet(session: Session, event: VideoReady) -> None:
        meeting.wait()

    app = create_worker(settings(), effects.consumers(meet))
    serve(app)
    eventually(lambda: app.state.worker.subscriptions.reading)
    put(streams, *numbered(1))
    eventually(lambda: meeting.n_waiting == 1)
    put(streams, *numbered(2))
    effects.expect([1, 2])
    assert effects.failures() == []


def test_livez_asks_for_a_restart_when_a_part_has_died(settings: Settings, serve: Serve) -> None:
    app = create_worker(settings(), no_consumers())
    client = serve(app)
    assert client.get("/livez").json() == {"status": "ok", "dead": []}
    app.state.worker._retries.stop()
    assert client.get("/livez").status_code == 503
    assert client.get("/livez").json()["dead"] == ["retries"]


def test_a_worker_starts_before_its_redis(
    db: Database, effects: Effects, settings: Settings, serve: Serve, redis_wire: tuple[Wire, str]
) -> None:
    wire, url = redis_wire
    wire.cut()
    client = serve(create_worker(settings(redis_url=url), effects.consumers()))
    emit_all(db, [1])
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 503
    wire.mend()
    effects.expect([1])


def test_a_failure_wakes_the_retries(
    db: Database,
    settings: Settings,
    serve: Serve,
    effects: Effects,
    streams: "redis.Redis",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chassis.messaging.worker._RETRY_LOOK", 60.0)

    def needs_the_cause(session: Session, event: VideoReady) -> None:
        if event.sequence == 2 and not session.scalar(text("SELECT COUNT(*) FROM effects WHERE number = 1")):
            raise LookupError("video 1 is unknown")

    policy = RetryPolicy(first=timedelta(milliseconds=50), longest=timedelta(milliseconds=50), attempts=1000)
    serve(create_worker(settings(), effects.consumers(needs_the_cause, retry=policy)))
    put(streams, *numbered(2))
    eventually(lambda: effects.failures())
    put(streams, *numbered(1))
    effects.expect([1, 2], timeout=5)
    eventually(lambda: effects.failures() == [])


def test_events_that_a_worker_emits_while_it_stops_are_published(
    db: Database, settings: Settings, streams: "redis.Redis"
) -> None:
    consumers, inside, go_on = Consumers("media"), threading.Event(), threading.Event()

    @consumers.on(VideoReady, as_="media.echo")
    def echo(session: Session, event: VideoReady) -> None:
        inside.set()
        go_on.wait(10)
        if event.sequence < 100:
            emit(session, video(event.sequence + 100))

    with ExitStack() as stack:
        LiveServer(stack, create_worker(settings(), consumers))
        put(streams, *numbered(1))
        inside.wait(10)
        threading.Timer(0.2, go_on.set).start()
    assert streams.xlen(STREAM) == 2


class Note:
    """A job that notes when it ran."""

    def __init__(self, error: Exception | None = None) -> None:
        self.runs: list[datetime] = []
        self._error = error

    def __call__(self, database: Database, now: datetime) -> None:
        self.runs.append(now)
        if self._error:
            raise self._error


def runner(note: Note, db: Database, schema: TestSchema, clock: SettableClock) -> JobRunner:
    job = Job("reconcile", timedelta(minutes=1), note)
    return JobRunner(job, db, lock_engine(schema.url), clock, lambda *_: None)


def test_a_job_runs_when_due_however_many_workers_and_restarts(db: Database, schema: TestSchema) -> None:
    clock, note = SettableClock(), Note()
    for _ in range(2):
        runner(note, db, schema, clock).turn()
    assert note.runs == [clock.now]
    clock.advance(seconds=61)
    for _ in range(2):
        wait = runner(note, db, schema, clock).turn()
    assert len(note.runs) == 2
    assert 57 <= wait <= 63


def test_a_worker_whose_clock_was_ahead_holds_no_job_back(db: Database, schema: TestSchema) -> None:
    ahead, right, note = SettableClock(), SettableClock(), Note()
    ahead.advance(minutes=10)
    runner(note, db, schema, ahead).turn()
    for _ in range(2):
        runner(note, db, schema, right).turn()
    assert note.runs == [ahead.now, right.now]


def test_a_job_that_another_process_is_running_is_left_to_it(db: Database, schema: TestSchema) -> None:
    clock, note = SettableClock(), Note()
    with only_one(lock_engine(schema.url), "job.reconcile"):
        runner(note, db, schema, clock).turn()
    assert note.runs == []


class Busy:
    """A job that begins, and goes on until it may end."""

    def __init__(self) -> None:
        self.inside, self.end, self.runs = threading.Event(), threading.Event(), 0

    def __call__(self, database: Database, now: datetime) -> None:
        self.runs += 1
        self.inside.set()
        assert self.end.wait(30)


def test_a_long_job_keeps_its_lock(db: Database, schema: TestSchema, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.messaging.jobs._SILENCE", 1)
    monkeypatch.setattr("chassis.messaging.jobs._SPEAK_EVERY", 0.2)
    clock, busy, note, words = SettableClock(), Busy(), Note(), []
    locks = lock_engine(schema.url)
    event.listen(locks, "commit", lambda _: words.append(1))
    job = Job("reconcile", timedelta(minutes=1), busy)
    turn = threading.Thread(target=JobRunner(job, db, locks, clock, lambda *_: None).turn)
    turn.start()
    assert busy.inside.wait(10)
    eventually(lambda: len(words) > 12, what="more than twice the silence that is allowed")
    clock.advance(minutes=2)
    runner(note, db, schema, clock).turn()
    busy.end.set()
    turn.join()
    assert (busy.runs, note.runs) == (1, [])


def test_the_job_of_a_frozen_process_is_left_to_others(
    db: Database, schema: TestSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.messaging.jobs._SILENCE", 1)
    monkeypatch.setattr("chassis.messaging.jobs._SPEAK_EVERY", 60.0)  # frozen: it says nothing
    clock, busy, note = SettableClock(), Busy(), Note()
    job = Job("reconcile", timedelta(minutes=1), busy)
    turn = threading.Thread(target=JobRunner(job, db, lock_engine(schema.url), clock, lambda *_: None).turn)
    turn.start()
    assert busy.inside.wait(10)
    clock.advance(minutes=2)
    other = runner(note, db, schema, clock)
    eventually(lambda: bool(other.turn() and note.runs))
    busy.end.set()  # it thaws, and ends what it began
    turn.join()
    assert len(note.runs) == 1


def test_a_failing_job_runs_again(db: Database, schema: TestSchema) -> None:
    clock, note = SettableClock(), Note(ValueError("no"))
    for _ in range(2):
        runner(note, db, schema, clock).turn()
        clock.advance(minutes=2)
    assert len(note.runs) == 2


def test_a_job_that_could_not_do_everything_has_failed(db: Database, schema: TestSchema) -> None:
    ends: list[tuple[str, bool]] = []
    job = Job("reconcile", timedelta(minutes=1), Note(Incomplete("learning did not answer")))
    runner = JobRunner(job, db, lock_engine(schema.url), utc_now, lambda name, done, _: ends.append((name, done)))
    with capture_logs() as lines:
        runner.turn()
    assert ends == [("reconcile", False)]
    assert [(line["log_level"], line["error"], "exc_info" in line) for line in lines] == [
        ("warning", "learning did not answer", False)
    ]


def test_jobs_run_in_the_worker(settings: Settings, serve: Serve) -> None:
    note = Note()
    client = serve(create_worker(settings(), no_consumers(), [Job("often", timedelta(milliseconds=20), note)]))
    eventually(lambda: len(note.runs) >= 3)
    eventually(lambda: _value(client, 'edx_job_runs_total{name="often",outcome="done"') >= 3)


def test_housekeeping_forgets_failures_that_were_taken_in_after_all(db: Database, effects: Effects) -> None:
    def raises(session: Session, event: VideoReady) -> None:
        raise ValueError

    (envelope,) = numbered(1)
    Taker(db, effects.consumers(raises)).take_in([delivery(envelope)])
    Taker(db, effects.consumers()).take_in([delivery(envelope)])
    assert len(effects.failures()) == 1
    housekeeping().run(db, utc_now())
    assert effects.failures() == []
    assert effects.numbers() == [1]


def test_api_processes_do_not_carry_faststream() -> None:
    code = "import sys, chassis.app, chassis.messaging; sys.exit('faststream' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_process_carries_what_colours_a_console() -> None:
    code = "import sys, chassis.app, chassis.messaging.worker; sys.exit(bool({'rich', 'pygments'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    code = "import chassis, rich.console, pygments"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0, "who wants them can have them"


@pytest.fixture(autouse=True)
def _no_jobs_noted(db: Database) -> None:
    with db.begin() as session:
        session.execute(delete(tables.relay_state))


def _value(client: httpx.Client, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))
