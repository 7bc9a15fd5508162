"""The relay: in order, by one at a time, and whatever Redis or a process loses goes out again."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from unittest.mock import patch

import pytest
import redis
from messaging_parts import GROUP, STREAM, Effects, MediaSettings, Parts, emit_all, entries, video
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from chassis import tables
from chassis.app import connect_database
from chassis.clock import utc_now
from chassis.database import Database
from chassis.messaging import emit, relay_store
from chassis.messaging.locks import lock_engine, only_one
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import streams_client
from chassis.testing import eventually
from chassis.testing.schemas import TestSchema
from chassis.testing.wire import Wire


def test_rows_go_out_in_order_with_their_envelopes_and_are_stamped(
    db: Database, parts: Parts, streams: "redis.Redis"
) -> None:
    with db.begin() as session:
        for number in range(1200):  # more than two batches
            emit(session, video(number))
    parts.relay()
    eventually(lambda: streams.xlen(STREAM) == 1200)
    assert entries(streams) == list(range(1200))
    eventually(lambda: _unpublished(db) == 0)
    with db.begin() as session:
        stamps = session.execute(
            select(tables.outbox.c.stream_id, tables.outbox.c.published_at).order_by(tables.outbox.c.position)
        ).all()
    assert all(published_at for _, published_at in stamps)
    assert [stamp for stamp, _ in stamps] == sorted(stamp for stamp, _ in stamps)


def test_a_batch_is_three_statements_and_one_round_trip_to_redis(
    db: Database, schema: TestSchema, redis_url: str, streams: "redis.Redis"
) -> None:
    emit_all(db, [1])
    engine = lock_engine(schema.url)
    with only_one(engine, "relay") as connection, streams_client(redis_url) as client:
        publisher = Publisher(connection, client, STREAM, maxlen=1000, clock=utc_now)
        publisher.publish()  # Redis learns the script
        with db.begin() as session:
            for number in range(2, 402):
                emit(session, video(number))
        statements: list[str] = []
        event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2].split()[0]))
        with patch.object(client, "execute_command", side_effect=client.execute_command) as commands:
            assert publisher.publish() == 400
    assert statements == ["SELECT", "UPDATE", "INSERT"]
    assert [call.args[0] for call in commands.call_args_list] == ["EVALSHA"]
    assert entries(streams) == list(range(1, 402))
    assert _unpublished(db) == 0


def test_a_row_that_commits_between_the_look_and_the_stamp_is_not_stamped(
    db: Database, schema: TestSchema, redis_url: str, streams: "redis.Redis"
) -> None:
    """It lies between rows of the batch, and has not gone out."""
    with only_one(lock_engine(schema.url), "relay") as connection, db.session() as late:
        publisher = Publisher(connection, streams_client(redis_url), STREAM, maxlen=1000, clock=utc_now)
        emit_all(db, [1])
        emit(late, video(2))
        emit_all(db, [3])
        stamp = relay_store.stamp

        def commits_first(*given: object) -> None:
            late.commit()
            stamp(*given)  # type: ignore[arg-type]

        with patch.object(relay_store, "stamp", side_effect=commits_first):
            publisher.publish()
        assert _unpublished(db) == 1
        publisher.publish()
    assert entries(streams) == [1, 3, 2]


def test_a_row_that_is_held_back_is_not_stamped_though_others_go_out_twice(
    db: Database, schema: TestSchema, redis_url: str, streams: "redis.Redis"
) -> None:
    """The first, again, and the third: as many as lie from the first to the third."""
    emit_all(db, [1, 2, 3])
    unpublished = relay_store.unpublished

    def disordered(*given: object) -> list[object]:
        first, _, third = unpublished(*given)  # type: ignore[arg-type]
        return [first, first, third]

    with only_one(lock_engine(schema.url), "relay") as connection:
        publisher = Publisher(connection, streams_client(redis_url), STREAM, maxlen=1000, clock=utc_now)
        with patch.object(relay_store, "unpublished", side_effect=disordered):
            publisher.publish()
        publisher.publish()
    assert entries(streams) == [1, 1, 3, 2]


def test_a_hint_wakes_the_relay_long_before_its_own_look(
    parts: Parts, streams: "redis.Redis", settings: Callable[..., MediaSettings]
) -> None:
    relay = parts.relay(look_every=60.0)
    db = connect_database(settings())
    eventually(lambda: relay.active and streams.pubsub_numsub("edxelera.outbox.media")[0][1])
    for number in range(20):  # each waits for the one before: a lost wake-up would cost a minute
        emit_all(db, [number])
        eventually(lambda expected=number + 1: streams.xlen(STREAM) == expected, 5)
    db.dispose()


def test_without_hints_the_relay_looks_by_itself(db: Database, parts: Parts, streams: "redis.Redis") -> None:
    relay = parts.relay(look_every=0.1)
    eventually(lambda: relay.active)
    emit_all(db, [1, 2])
    eventually(lambda: entries(streams) == [1, 2], 5)


def test_a_row_that_committed_late_is_not_passed_over(db: Database, parts: Parts, streams: "redis.Redis") -> None:
    """A cursor over the position would lose it: commit order is not position order."""
    parts.relay(look_every=0.05)
    with db.begin() as early:
        emit(early, video(1))
        emit_all(db, [2])
        eventually(lambda: entries(streams) == [2])
    eventually(lambda: entries(streams) == [2, 1])


def test_of_two_relays_one_is_active_and_the_other_follows_when_it_ends(
    db: Database, parts: Parts, streams: "redis.Redis"
) -> None:
    first = parts.relay(look_every=0.05)
    eventually(lambda: first.active)
    second = parts.relay(look_every=0.05)
    emit_all(db, range(50))
    eventually(lambda: first.published == 50)
    assert second.published == 0
    assert not second.active
    first.stop()
    emit_all(db, range(50, 60))
    eventually(lambda: streams.xlen(STREAM) == 60)
    assert second.active
    assert entries(streams) == list(range(60))


def test_the_lock_has_one_holder_in_a_schema(schema: TestSchema) -> None:
    engine = lock_engine(schema.url)
    with only_one(engine, "relay") as first:
        assert first is not None
        with only_one(engine, "relay") as second, only_one(engine, "job.other") as other:
            assert second is None
            assert other is not None
    with only_one(engine, "relay") as next_one:
        assert next_one is not None


def test_a_relay_whose_connection_dies_loses_the_lock_to_another(
    db: Database, parts: Parts, streams: "redis.Redis", mysql_wire: tuple[Wire, str]
) -> None:
    wire, url = mysql_wire
    first = parts.relay(mysql_url=url, look_every=0.05)
    eventually(lambda: first.active)
    second = parts.relay(look_every=0.05)
    wire.cut()
    eventually(lambda: second.active and not first.active)
    emit_all(db, [1])
    eventually(lambda: entries(streams) == [1])
    wire.mend()
    second.stop()
    eventually(lambda: first.active)


def test_a_relay_that_is_frozen_loses_the_lock_to_another_and_can_do_nothing_when_it_thaws(
    db: Database, parts: Parts, streams: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.messaging.relay._SILENCE", 1)
    frozen, thaw, unpublished = threading.Event(), threading.Event(), relay_store.unpublished

    def freeze_once(*given: object) -> object:
        found = unpublished(*given)  # type: ignore[arg-type]
        if found and not frozen.is_set():
            frozen.set()
            assert thaw.wait(30)
        return found

    monkeypatch.setattr(relay_store, "unpublished", freeze_once)
    first = parts.relay(look_every=0.05)
    eventually(lambda: first.active)
    emit_all(db, [1])
    eventually(frozen.is_set)
    second = parts.relay(look_every=0.05)
    eventually(lambda: second.active)
    emit_all(db, [2])
    eventually(lambda: entries(streams) == [1, 2])
    thaw.set()
    eventually(lambda: not first.active)
    emit_all(db, [3])
    eventually(lambda: _unpublished(db) == 0)
    assert second.active
    assert first.published == 0
    assert set(entries(streams)) == {1, 2, 3}


def test_killed_between_append_and_stamp_doubles_on_the_stream_and_acts_once(
    db: Database, parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    emit_all(db, [1, 2, 3])
    dying = OperationalError("UPDATE", {}, Exception(2013, "Lost connection"))
    with patch.object(relay_store, "stamp", side_effect=dying):
        relay = parts.relay(look_every=0.05)
        eventually(lambda: streams.xlen(STREAM) >= 3)
        relay.stop()
    parts.consume(effects.consumers())
    parts.relay(look_every=0.05)
    eventually(lambda: effects.unpublished() == 0)
    assert entries(streams).count(1) >= 2
    effects.expect([1, 2, 3])


def test_an_emptied_redis_gets_everything_again_that_nobody_acknowledged(
    db: Database, parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    relay = parts.relay(look_every=0.05)
    emit_all(db, [1, 2])
    eventually(lambda: streams.xlen(STREAM) == 2)
    streams.flushdb()
    eventually(lambda: entries(streams) == [1, 2])
    emit_all(db, [3])
    eventually(lambda: entries(streams) == [1, 2, 3])
    parts.consume(effects.consumers())
    effects.expect([1, 2, 3])
    assert relay.active


def test_what_all_groups_have_acknowledged_is_not_sent_again(
    db: Database, schema: TestSchema, redis_url: str, streams: "redis.Redis"
) -> None:
    with only_one(lock_engine(schema.url), "relay") as connection:
        publisher = Publisher(connection, streams_client(redis_url), STREAM, maxlen=1000, clock=utc_now)
        emit_all(db, [1, 2])
        publisher.publish()
        _acknowledge_all(streams, GROUP)
        publisher.checkpoint()
        emit_all(db, [3])
        publisher.publish()
        streams.flushdb()
        assert publisher.check() == 1
        assert publisher.publish() == 1
    assert entries(streams) == [3]


def test_a_group_that_is_missing_after_a_loss_still_counts(
    db: Database, schema: TestSchema, redis_url: str, streams: "redis.Redis"
) -> None:
    """Its worker is down: what the others acknowledge meanwhile is not yet consumed by all."""
    with only_one(lock_engine(schema.url), "relay") as connection:
        publisher = Publisher(connection, streams_client(redis_url), STREAM, maxlen=1000, clock=utc_now)
        emit_all(db, [1])
        publisher.publish()
        streams.xgroup_create(STREAM, "certificates", id="0")
        _acknowledge_all(streams, GROUP)
        publisher.checkpoint()
        for _ in range(2):
            streams.flushdb()
            assert publisher.check() == 1
            publisher.publish()
            _acknowledge_all(streams, GROUP)
            publisher.checkpoint()
    assert entries(streams) == [1]


def test_a_redis_emptied_while_its_groups_are_looked_at_gets_everything_again(
    db: Database, schema: TestSchema, redis_url: str, streams: "redis.Redis"
) -> None:
    """What was pending before is not pending after, and was not acknowledged all the same."""
    with only_one(lock_engine(schema.url), "relay") as connection, streams_client(redis_url) as client:
        publisher = Publisher(connection, client, STREAM, maxlen=1000, clock=utc_now)
        emit_all(db, [1, 2])
        publisher.publish()
        streams.xgroup_create(STREAM, GROUP, id="0")
        streams.xreadgroup(GROUP, "reader", {STREAM: ">"})
        send = client.execute_command

        def send_and_lose(*command: object, **options: object) -> object:
            answer = send(*command, **options)
            if command[0] in ("XINFO GROUPS", "EVAL"):
                streams.flushdb()
                streams.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
            return answer

        with patch.object(client, "execute_command", side_effect=send_and_lose):
            publisher.checkpoint()
        assert publisher.check() == 2
        publisher.publish()
    assert entries(streams) == [1, 2]


def test_a_redis_rolled_back_to_an_older_state_gets_the_rest_again(
    db: Database, parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    """As after a lost second of the append-only file, or a failover to a replica that was behind."""
    parts.relay(look_every=0.05)
    running = parts.consume(effects.consumers())
    emit_all(db, [1, 2])
    effects.expect([1, 2])
    eventually(lambda: effects.unpublished() == 0)
    older = streams.dump(STREAM)
    emit_all(db, [3, 4, 5])
    effects.expect([1, 2, 3, 4, 5])
    running.stop()
    with streams.pipeline(transaction=True) as pipe:
        pipe.delete(STREAM)
        pipe.restore(STREAM, 0, older)
        pipe.execute()
    emit_all(db, [6])
    eventually(lambda: {3, 4, 5, 6} <= set(entries(streams)))
    parts.consume(effects.consumers())
    effects.expect([1, 2, 3, 4, 5, 6])


def test_redis_and_mysql_may_go_away_and_come_back(
    db: Database, parts: Parts, streams: "redis.Redis", redis_wire: tuple[Wire, str], mysql_wire: tuple[Wire, str]
) -> None:
    relay = parts.relay(redis_url=redis_wire[1], mysql_url=mysql_wire[1], look_every=0.05)
    eventually(lambda: relay.active)
    for wire, numbers in ((redis_wire[0], [1, 2]), (mysql_wire[0], [3, 4])):
        wire.cut()
        eventually(lambda: not relay.active)
        emit_all(db, numbers)
        assert relay.alive()
        wire.mend()
        eventually(lambda expected=numbers[-1]: expected in entries(streams))
    assert sorted(set(entries(streams))) == [1, 2, 3, 4]


def test_what_interrupts_a_relay_now_and_then_does_not_make_it_slow(
    db: Database, parts: Parts, streams: "redis.Redis", redis_wire: tuple[Wire, str]
) -> None:
    """Its pause grows only while nothing works."""
    with capture_logs() as lines:
        relay = parts.relay(redis_url=redis_wire[1])
        for number in range(3):
            emit_all(db, [number])
            eventually(lambda expected=number + 1: relay.published == expected)
            redis_wire[0].drop()
            eventually(lambda: not relay.active)
            eventually(lambda: relay.active)
    assert [line["again_in"] for line in lines if line["event"] == "relay_interrupted"] == [0.1, 0.1, 0.1]


def test_stopping_finishes_at_once_and_frees_the_lock(parts: Parts, schema: TestSchema) -> None:
    relay = parts.relay()
    eventually(lambda: relay.active)
    started = time.perf_counter()
    relay.stop()
    assert time.perf_counter() - started < 2
    with only_one(lock_engine(schema.url), "relay") as connection:
        assert connection is not None


def test_ids_that_repeat_after_a_loss_are_told_apart(
    db: Database, schema: TestSchema, redis_url: str, streams: "redis.Redis"
) -> None:
    """A failover to a machine whose clock is behind gives ids again that were given before."""
    with only_one(lock_engine(schema.url), "relay") as connection:
        publisher = Publisher(connection, streams_client(redis_url), STREAM, maxlen=1000, clock=utc_now)
        emit_all(db, [1, 2])
        publisher.publish()
        _acknowledge_all(streams, GROUP)
        publisher.checkpoint()
        with db.begin() as session:  # as if all of that had happened in the far future
            session.execute(update(tables.relay_state).values(stream_id=text("REPLACE(stream_id, '.1', '.9')")))
            session.execute(update(tables.outbox).values(stream_id=text("REPLACE(stream_id, '.1', '.9')")))
        streams.flushdb()
        publisher = Publisher(connection, streams_client(redis_url), STREAM, maxlen=1000, clock=utc_now)
        emit_all(db, [3])
        while publisher.publish():
            pass
        streams.flushdb()
        publisher.check()
        publisher.publish()
    assert entries(streams) == [3]


def _acknowledge_all(client: "redis.Redis", group: str) -> None:
    with suppress(redis.ResponseError):  # it is there already
        client.xgroup_create(STREAM, group, id="0")
    for _, found in client.xreadgroup(group, "reader", {STREAM: ">"}):
        client.xack(STREAM, group, *(entry_id for entry_id, _ in found))


def _unpublished(db: Database) -> int:
    with db.begin() as session:
        return len(session.execute(select(tables.outbox.c.id).where(tables.outbox.c.stream_id.is_(None))).all())
