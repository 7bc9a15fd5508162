"""``emit``: with the transaction, or not at all; and never slower or failing because Redis is."""

import time
from collections.abc import Callable
from unittest.mock import patch

import pytest
import redis
from messaging_parts import MediaSettings, entries, video
from sqlalchemy import select

from chassis import tables, tracing
from chassis.app import connect_database
from chassis.database import Database
from chassis.messaging import emit
from chassis.messaging.outbox import HintPublisher
from chassis.testing import published
from chassis.testing.wire import Wire
from contracts.events import Envelope


def test_an_event_is_in_the_outbox_when_its_transaction_commits(db: Database) -> None:
    with db.begin() as session:
        event_id = emit(session, video(7))
    with db.begin() as session:
        row = session.execute(select(tables.outbox)).one()
    envelope = Envelope.parse(row.envelope)
    assert (row.id, row.type, row.sequence) == (event_id, "edxelera.media.video_ready.v1", 7)
    assert (envelope.id, envelope.time, envelope.subject) == (event_id, row.time, row.subject)
    assert row.stream_id is None
    assert event_id.version == 7


def test_a_rolled_back_transaction_emits_nothing(db: Database) -> None:
    _emit_and_roll_back(db)
    assert published(db) == []


def test_a_rolled_back_savepoint_takes_its_events_with_it(db: Database) -> None:
    with db.begin() as session:
        emit(session, video(1))
        nested = session.begin_nested()
        emit(session, video(2))
        nested.rollback()
        emit(session, video(3))
    assert [event.sequence for event in published(db)] == [1, 3]


def test_an_event_carries_the_trace_that_caused_it(db: Database) -> None:
    with (
        tracing.continued("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") as trace_id,
        db.begin() as session,
    ):
        emit(session, video(1))
    with db.begin() as session:
        traceparent = session.scalar(select(tables.outbox.c.traceparent))
    assert trace_id == "0af7651916cd43dd8448eb211c80319c" == tracing.trace_id_of(traceparent)


def test_one_hint_follows_the_commit_and_not_the_rollback(settings: Callable[..., MediaSettings]) -> None:
    db = connect_database(settings())
    with patch.object(HintPublisher, "publish") as hint:
        _emit_and_roll_back(db)
        with db.begin() as session:
            with session.begin_nested():
                emit(session, video(2))
            assert hint.call_count == 0, "a released savepoint is not yet a commit"
            emit(session, video(3))
        assert hint.call_count == 1
        with db.begin():
            pass  # nothing emitted, nothing told
        assert hint.call_count == 1
    db.dispose()


@pytest.mark.parametrize("outage", ["cut", "mute"])
def test_redis_down_or_hanging_at_the_commit_neither_fails_nor_slows_requests(
    outage: str, settings: Callable[..., MediaSettings], redis_wire: tuple[Wire, str]
) -> None:
    wire, url = redis_wire
    db = connect_database(settings(redis_url=url))
    with db.begin() as session:
        emit(session, video(0))
    getattr(wire, outage)()
    with db.begin() as session:  # the first one finds out
        emit(session, video(1))
    started = time.perf_counter()
    for number in range(2, 22):
        with db.begin() as session:
            emit(session, video(number))
    assert time.perf_counter() - started < 1.5, "twenty commits within the quiet second"
    assert len(published(db)) == 22
    db.dispose()


def test_nothing_is_published_by_the_request_itself(db: Database, streams: "redis.Redis") -> None:
    with db.begin() as session:
        emit(session, video(1))
    assert entries(streams) == []


def _emit_and_roll_back(db: Database) -> None:
    with db.session() as session:
        emit(session, video(1))
        session.rollback()
