"""The traps of FastStream on Redis Streams (their numbers: ADR 0003), each stepped over on real servers."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from typing import Any
from unittest.mock import patch

import pytest
import redis
import redis.asyncio
from messaging_parts import (
    GROUP,
    STREAM,
    Effects,
    Parts,
    emit_all,
    entries,
    numbered,
    pending,
    put,
    video,
)
from sqlalchemy.orm import Session

from chassis.clock import utc_now
from chassis.database import Database
from chassis.messaging import groups
from chassis.messaging.locks import lock_engine, only_one
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import streams_client
from chassis.messaging.subscriptions import AT_ONCE, BATCH, DELIVERIES
from chassis.testing import eventually
from chassis.testing.messaging import enveloped
from chassis.testing.schemas import TestSchema
from chassis.testing.wire import Wire
from contracts.events import VideoReady


def dead_process_id() -> int:
    """A process id that is free: its process has just ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def abandon(client: "redis.Redis", consumer: str, *numbers: int, deliveries: int = 1) -> None:
    """Entries that ``consumer`` has read and never acknowledged."""
    put(client, *numbered(*numbers))
    found: Any = client.xreadgroup(GROUP, consumer, {STREAM: ">"})
    for entry_id, _ in found[0][1]:
        client.xclaim(STREAM, GROUP, consumer, 0, [entry_id], idle=600_000, retrycount=deliveries)


def test_trap_01_events_from_before_the_first_start_arrive_and_a_restart_goes_on_reading(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    put(streams, *numbered(1, 2))
    first = parts.consume(effects.consumers())
    effects.expect([1, 2])
    first.stop()
    put(streams, *numbered(3))
    parts.consume(effects.consumers())
    put(streams, *numbered(4))
    effects.expect([1, 2, 3, 4])
    eventually(lambda: pending(streams) == 0)


def test_trap_01_what_redis_lost_while_a_reader_came_back_is_read_from_its_first_entry(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    """Emptied and filled again when we had made the group and FastStream had not begun: it makes the group then."""

    async def lose_and_refill(*_: object) -> list[str]:
        streams.flushdb()
        put(streams, *numbered(1, 2))
        return []

    with patch.object(groups, "dead_on_this_host", side_effect=lose_and_refill) as last_look:
        parts.consume(effects.consumers())
    assert last_look.called
    put(streams, *numbered(3))
    effects.expect([1, 2, 3])


def test_trap_02_a_raising_handler_leaves_nothing_pending_and_loses_nothing(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    def raises(session: Session, event: VideoReady) -> None:
        if event.sequence == 2:
            raise ValueError

    parts.consume(effects.consumers(raises))
    put(streams, *numbered(1, 2, 3))
    effects.expect([1, 3])
    eventually(lambda: pending(streams) == 0)
    assert [failure.state for failure in effects.failures()] == ["retrying"]


def test_a_batch_is_read_and_acknowledged_as_one(parts: Parts, streams: "redis.Redis", effects: Effects) -> None:
    put(streams, *numbered(*range(BATCH)))
    with patch.object(redis.asyncio.Redis, "xack", autospec=True, side_effect=redis.asyncio.Redis.xack) as acknowledged:
        parts.consume(effects.consumers())
        effects.expect(range(BATCH))
        eventually(lambda: pending(streams) == 0)
    assert acknowledged.call_count == 1


def test_trap_03_abandoned_entries_are_claimed_while_new_ones_are_read(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    streams.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    abandon(streams, "another-host-17", 1, 2, 3)
    parts.consume(effects.consumers(), claim_after=300_000)
    put(streams, *numbered(4, 5))
    effects.expect([1, 2, 3, 4, 5])
    eventually(lambda: pending(streams) == 0)


def test_trap_03_what_a_dead_process_of_this_host_left_is_taken_over_without_waiting(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    streams.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    abandon(streams, f"{socket.gethostname()}-{dead_process_id()}", *range(250))
    parts.consume(effects.consumers(), claim_after=3_600_000)
    effects.expect(range(250))
    eventually(lambda: pending(streams) == 0)


def test_trap_03_entries_of_a_living_process_are_left_alone(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    streams.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    abandon(streams, f"{socket.gethostname()}-{os.getppid()}", 1)
    parts.consume(effects.consumers(), claim_after=3_600_000)
    put(streams, *numbered(2))
    effects.expect([2])
    assert pending(streams) == 1


def test_trap_04_what_kills_its_readers_is_set_aside_instead_of_claimed_for_ever(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    streams.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    abandon(streams, "another-host-17", 1, deliveries=DELIVERIES)
    parts.consume(effects.consumers(), claim_after=300_000)
    put(streams, *numbered(2))
    effects.expect([2])
    eventually(lambda: pending(streams) == 0)
    (failure,) = effects.failures()
    assert failure.state == "retrying"
    assert "without being acknowledged" in failure.error


@pytest.mark.parametrize("body", [b"\xff\xfe", b"not json", b'{"specversion":"1.0"}'], ids=repr)
def test_trap_04_what_fails_validation_becomes_a_dead_letter(
    body: bytes, parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    parts.consume(effects.consumers())
    put(streams, body)
    streams.xadd(STREAM, {"another_field": "1"})
    put(streams, *numbered(1))
    effects.expect([1])
    eventually(lambda: pending(streams) == 0)
    assert [failure.state for failure in effects.failures()] == ["dead", "dead"]
    assert {failure.envelope for failure in effects.failures()} == {body, b"{b'another_field': b'1'}"}


def test_trap_05_a_read_takes_a_bounded_batch_and_a_graceful_stop_strands_nothing(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    reading, go_on = threading.Event(), threading.Event()

    def slow(session: Session, event: VideoReady) -> None:
        reading.set()
        go_on.wait(10)

    put(streams, *numbered(*range(9 * BATCH)))
    running = parts.consume(effects.consumers(slow))
    reading.wait(10)
    read = pending(streams)
    stopping = threading.Thread(target=running.stop)
    stopping.start()
    eventually(lambda: running.subscriptions._stopping.is_set())
    go_on.set()
    stopping.join(30)
    assert read <= (AT_ONCE + 1) * BATCH, "those at hand, and the one that waits for a place"
    assert pending(streams) == 0
    done = sorted(effects.numbers())
    assert done == list(range(len(done)))
    assert len(done) >= BATCH
    parts.consume(effects.consumers())
    effects.expect(range(9 * BATCH))


def test_trap_06_everything_travels_in_the_body_whatever_its_alphabet(
    db: Database, parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    slugs: list[str] = []
    parts.consume(effects.consumers(lambda _, event: slugs.append(event.program_slug)))
    put(streams, enveloped(video(1, slug="Ẹ̀kọ́ – 学び – 🎓")))
    effects.expect([1])
    assert slugs == ["Ẹ̀kọ́ – 学び – 🎓"]


def test_trap_07_an_event_is_known_by_the_id_in_its_body(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    parts.consume(effects.consumers())
    (envelope,) = numbered(1)
    first, second = put(streams, envelope, envelope)
    put(streams, *numbered(2))
    effects.expect([1, 2])
    assert first != second


def test_trap_08_what_trimming_takes_from_a_slow_group_it_gets_from_the_outbox(
    db: Database, schema: TestSchema, redis_url: str, streams: "redis.Redis"
) -> None:
    """More about it in test_trimming.py."""
    streams.xgroup_create(STREAM, "slow", id="0", mkstream=True)
    emit_all(db, range(600))
    with only_one(lock_engine(schema.url), "relay") as connection:
        publisher = Publisher(connection, streams_client(redis_url), STREAM, maxlen=100, clock=utc_now)
        while publisher.publish():
            pass
        publisher.checkpoint()
        assert entries(streams)[0] > 0
        _read_and_acknowledge(streams, "slow", 600)
        publisher.checkpoint()
        while publisher.publish():
            pass
        assert 0 in entries(streams)


def test_trap_08_trimmed_entries_are_still_in_the_outbox(
    db: Database, parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    parts.relay(look_every=0.05)
    emit_all(db, [1, 2, 3])
    eventually(lambda: streams.xlen(STREAM) == 3 and effects.unpublished() == 0)
    streams.delete(STREAM)
    parts.consume(effects.consumers())
    effects.expect([1, 2, 3])


def test_trap_09_each_process_has_its_own_name_and_takes_it_away_when_it_ends(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    running = parts.consume(effects.consumers())
    put(streams, *numbered(1))
    effects.expect([1])
    mine = f"{socket.gethostname()}-{os.getpid()}"
    eventually(lambda: {mine} <= _members(streams))
    running.stop()
    assert _members(streams) == set()


def test_trap_09_a_name_with_entries_pending_is_never_removed(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    streams.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    abandon(streams, "another-host-17", 1)
    running = parts.consume(effects.consumers(), claim_after=3_600_000)
    running.stop()
    assert _members(streams) == {"another-host-17"}
    assert pending(streams) == 1


def test_trap_09_names_of_the_long_dead_are_removed_once_their_entries_are_done(
    redis_url: str, streams: "redis.Redis"
) -> None:
    streams.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    abandon(streams, "dead-1", 1)
    streams.xgroup_createconsumer(STREAM, GROUP, "dead-2")

    async def tidy() -> None:
        async with redis.asyncio.Redis.from_url(redis_url) as client:
            await groups.remove_long_gone(client, STREAM, GROUP)

    asyncio.run(tidy())
    assert _members(streams) == {"dead-1", "dead-2"}
    with patch.object(groups, "_LONG_GONE", 0):
        asyncio.run(tidy())
    assert _members(streams) == {"dead-1"}


def test_trap_10_redis_down_while_publishing_loses_nothing_and_doubles_have_one_effect(
    db: Database, parts: Parts, streams: "redis.Redis", effects: Effects, redis_wire: tuple[Wire, str]
) -> None:
    wire, url = redis_wire
    relay = parts.relay(redis_url=url, look_every=0.05)
    parts.consume(effects.consumers(), redis_url=url)
    eventually(lambda: relay.active)
    emit_all(db, [1])
    effects.expect([1])
    wire.cut()
    emit_all(db, [2, 3])
    eventually(lambda: not relay.active)
    put(streams, *numbered(4))  # published by another replica meanwhile
    wire.mend()
    effects.expect([1, 2, 3, 4])
    assert effects.unpublished() == 0
    assert relay.alive()


def test_trap_10_the_relays_client_does_not_repeat_commands_by_itself(redis_wire: tuple[Wire, str]) -> None:
    wire, url = redis_wire
    client = streams_client(url)
    client.ping()
    wire.swallow_reply()
    with pytest.raises(redis.ConnectionError):
        client.xadd(STREAM, {"a": 1})
    assert client.xlen(STREAM) == 1
    client.close()


@pytest.mark.parametrize("loss", ["flush", "destroy the group", "delete the stream"])
def test_trap_11_a_vanished_group_is_made_again_and_reading_goes_on(
    loss: str, db: Database, parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    parts.relay(look_every=0.05)
    running = parts.consume(effects.consumers())
    emit_all(db, [1])
    effects.expect([1])
    {
        "flush": streams.flushdb,
        "destroy the group": lambda: streams.xgroup_destroy(STREAM, GROUP),
        "delete the stream": lambda: streams.delete(STREAM),
    }[loss]()
    emit_all(db, [2])
    effects.expect([1, 2])
    assert running.subscriptions.alive()


def test_trap_11_liveness_looks_at_the_subscribers_and_not_at_redis(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    running = parts.consume(effects.consumers())
    assert running.subscriptions.reading
    broker = running.subscriptions._broker
    assert broker is not None
    running.call(broker.subscribers[0].stop)
    assert streams.ping()
    eventually(lambda: running.subscriptions._broker is not broker and running.subscriptions.reading)
    put(streams, *numbered(1))
    effects.expect([1])


def _members(client: "redis.Redis") -> set[str]:
    found: Any = client.xinfo_consumers(STREAM, GROUP)
    return {member["name"].decode() for member in found}


def _read_and_acknowledge(client: "redis.Redis", group: str, count: int, *, leaving: int | None = None) -> None:
    """Read ``count`` entries and acknowledge them, without the one whose number is ``leaving``."""
    found: Any = client.xreadgroup(group, "reader", {STREAM: ">"}, count=count)
    ids = [entry_id for _, read in found for entry_id, _ in read]
    client.xack(STREAM, group, *(entry_id for index, entry_id in enumerate(ids) if index != leaving))
