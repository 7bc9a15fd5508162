"""Traces: continued, followed, carried by events, and named by every log line."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import structlog
from messaging_parts import Effects, delivery, numbered, video
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis import tables, tracing
from chassis.clock import utc_now
from chassis.database import Database
from chassis.messaging import Consumers, emit
from chassis.messaging.intake import Taker
from chassis.messaging.jobs import Job, JobRunner
from chassis.messaging.locks import lock_engine
from chassis.messaging.retrier import Retrier
from chassis.testing.log_lines import LogLines
from chassis.testing.schemas import TestSchema
from contracts.events import Envelope, VideoReady

WEBHOOK = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LATER = "00-11111111111111111111111111111111-2222222222222222-01"


def id_of(traceparent: str | None) -> str | None:
    return tracing.trace_id_of(traceparent)


@pytest.fixture
def db(schema_for: Callable[[str], TestSchema], database_for: Callable[[str], Database]) -> Database:
    schema_for("chassis")
    return database_for("chassis")


def outbox(db: Database) -> list[Envelope]:
    with db.begin() as session:
        return [Envelope.parse(raw) for raw in session.scalars(select(tables.outbox.c.envelope))]


def test_a_trace_goes_on_in_spans_of_its_own() -> None:
    with tracing.continued(WEBHOOK) as trace_id:
        span = tracing.current_traceparent()
    assert trace_id == id_of(WEBHOOK) == id_of(span)
    assert span != WEBHOOK
    assert tracing.current_traceparent() is None


@pytest.mark.parametrize("given", [None, "", "nonsense", f"00-{'0' * 32}-{'1' * 16}-01", WEBHOOK.upper()])
def test_what_is_no_traceparent_begins_a_new_trace(given: str | None) -> None:
    with tracing.continued(given) as trace_id:
        assert id_of(tracing.current_traceparent()) == trace_id
        assert tracing.beginning() is None


def test_a_later_trace_follows_an_earlier_one_and_stays_itself() -> None:
    with tracing.continued(LATER) as trace_id, tracing.following(WEBHOOK):
        assert trace_id == id_of(LATER)
        assert tracing.log_fields() == {"trace_id": id_of(LATER), "origin_trace_id": id_of(WEBHOOK)}
        assert tracing.beginning() == WEBHOOK


def test_following_itself_nothing_or_nonsense_says_nothing() -> None:
    for origin in (LATER, None, "nonsense"):
        with tracing.continued(LATER), tracing.following(origin):
            assert tracing.log_fields() == {"trace_id": id_of(LATER)}
    with tracing.following(WEBHOOK):
        assert tracing.log_fields() == {}, "outside of any trace there is nothing that could follow"


def test_what_to_follow_later_is_the_same_however_often_an_event_is_handled() -> None:
    kept = []
    for _ in range(2):
        with tracing.continued(WEBHOOK):
            kept.append(tracing.beginning())
    assert kept == [WEBHOOK, WEBHOOK]


def test_events_carry_the_trace_that_theirs_follows(db: Database) -> None:
    with tracing.continued(LATER), tracing.following(WEBHOOK), db.begin() as session:
        emit(session, video(1))
    (envelope,) = outbox(db)
    assert (id_of(envelope.traceparent), envelope.traceorigin) == (id_of(LATER), WEBHOOK)


def test_an_event_outside_of_any_trace_begins_one(db: Database) -> None:
    with db.begin() as session:
        emit(session, video(1))
    assert id_of(outbox(db)[0].traceparent) is not None


def consuming(db: Database, handler: Callable[[Session, VideoReady], None]) -> Taker:
    consumers = Consumers("learning")
    consumers.on(VideoReady, as_="learning.test")(handler)
    return Taker(db, consumers)


def test_handlers_go_on_in_both_and_so_do_the_events_they_cause(db: Database, log_lines: LogLines) -> None:
    def handler(session: Session, event: VideoReady) -> None:
        structlog.get_logger("a.handler").info("at_work")
        logging.getLogger("a.library").warning("also at work")
        emit(session, video(2))

    (cause,) = numbered(1)
    given = cause.model_copy(update={"traceparent": LATER, "traceorigin": WEBHOOK})
    consuming(db, handler).take_in([delivery(given)])
    (caused,) = outbox(db)
    assert (id_of(caused.traceparent), caused.traceorigin) == (id_of(LATER), WEBHOOK)
    written = log_lines()
    assert {line["event"] for line in written} == {"at_work", "also at work", "event_handled"}
    assert {(line["trace_id"], line["origin_trace_id"]) for line in written} == {(id_of(LATER), id_of(WEBHOOK))}


def test_a_failure_is_logged_with_its_trace_at_once_and_when_it_is_tried_again(
    db: Database, log_lines: LogLines
) -> None:
    def handler(session: Session, event: VideoReady) -> None:
        raise RuntimeError("it cannot be")

    (cause,) = numbered(1)
    taker = consuming(db, handler)
    taker.take_in([delivery(cause.model_copy(update={"traceparent": LATER}))])
    Effects(db).let_pass(hours=1)
    Retrier(db, taker._consumers).retry_one()
    written = log_lines()
    assert [line["event"] for line in written] == ["event_failed", "event_failed"]
    assert {line["trace_id"] for line in written} == {id_of(LATER)}


def test_each_run_of_a_job_is_a_trace(
    db: Database, schema_for: Callable[[str], TestSchema], log_lines: LogLines
) -> None:
    def run(database: Database, now: Any) -> None:
        with database.begin() as session:
            emit(session, video(1))
        raise RuntimeError("it cannot be")

    locks = lock_engine(schema_for("chassis").url)
    try:
        JobRunner(Job("sweep", timedelta(minutes=1), run), db, locks, utc_now, lambda *_: None).turn()
    finally:
        locks.dispose()
    (line,) = [line for line in log_lines() if line["event"] == "job_failed"]
    assert line["trace_id"] == id_of(outbox(db)[0].traceparent)


def test_an_event_from_elsewhere_without_a_trace_is_handled_in_a_new_one(db: Database) -> None:
    seen = []

    def handler(session: Session, event: VideoReady) -> None:
        seen.append(tracing.current_traceparent())

    (envelope,) = numbered(1)
    consuming(db, handler).take_in([delivery(envelope.model_copy(update={"traceparent": None}))])
    assert id_of(seen[0]) is not None
