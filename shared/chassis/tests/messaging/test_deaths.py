"""Real processes that die at the worst moments, and servers that go away in the middle of something."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import redis
from messaging_parts import GROUP, STREAM, Effects, Parts, emit_all, entries, numbered, pending, put
from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.messaging import groups, relay_store
from chassis.testing import eventually
from chassis.testing.identity import SERVICE_SECRET
from chassis.testing.schemas import TestSchema
from chassis.testing.wire import Wire
from contracts.events import VideoReady

PROGRAM = Path(__file__).parents[1] / "dying_process.py"
KILLED = -signal.SIGKILL

Start = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(schema: TestSchema, redis_url: str, cache_redis_url: str) -> Iterator[Start]:
    """``start("before-ack")``: the program as a process of its own."""
    environment = {
        **os.environ,
        "EDX_MEDIA_DATABASE_URL": schema.url,
        "EDX_REDIS_URL": redis_url,
        "EDX_CACHE_REDIS_URL": cache_redis_url,
        "EDX_SERVICE_TOKEN_SECRETS": SERVICE_SECRET,
        "EDX_LOG_LEVEL": "WARNING",
    }
    with ExitStack() as stack:

        def begin(point: str) -> "subprocess.Popen[bytes]":
            process = subprocess.Popen([sys.executable, str(PROGRAM), point], env=environment)
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
            return process

        yield begin


def test_an_api_that_dies_after_its_commit_and_before_the_hint_has_told_what_it_did(
    start: Start, parts: Parts, effects: Effects
) -> None:
    parts.relay(look_every=0.05)
    parts.consume(effects.consumers())
    assert start("after-commit").wait(30) == KILLED
    effects.expect([1])


def test_a_relay_that_dies_between_append_and_stamp_doubles_on_the_stream_and_acts_once(
    start: Start, db: Database, streams: "redis.Redis", effects: Effects
) -> None:
    emit_all(db, [1, 2, 3])
    assert start("before-stamp").wait(30) == KILLED
    assert entries(streams) == [1, 2, 3]
    assert effects.unpublished() == 3
    start("never")
    effects.expect([1, 2, 3], 30)
    eventually(lambda: effects.unpublished() == 0 and pending(streams) == 0)
    assert entries(streams) == [1, 2, 3, 1, 2, 3]
    effects.expect([1, 2, 3])


def test_a_consumer_that_dies_between_commit_and_acknowledgement_acts_once(
    start: Start, streams: "redis.Redis", effects: Effects
) -> None:
    put(streams, *numbered(1, 2, 3))
    assert start("before-ack").wait(30) == KILLED
    assert effects.numbers() == [1, 2, 3]
    assert pending(streams) == 3
    start("never")
    eventually(lambda: pending(streams) == 0, 30)
    effects.expect([1, 2, 3])
    assert effects.failures() == []


def test_a_redis_that_is_emptied_between_append_and_stamp_gets_everything_again(
    db: Database, parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    emit_all(db, [1, 2, 3])
    stamp, emptied = relay_store.stamp, threading.Event()

    def empty_and_stamp(*arguments: object) -> None:
        if not emptied.is_set():
            emptied.set()
            streams.flushdb()
        stamp(*arguments)  # type: ignore[arg-type]

    with patch.object(relay_store, "stamp", empty_and_stamp):
        parts.relay(look_every=0.05)
        parts.consume(effects.consumers())
        effects.expect([1, 2, 3])
    assert emptied.is_set()


@pytest.mark.parametrize("how", ["the connection is cut", "the server restarts"])
def test_mysql_lost_in_the_middle_of_a_batch_loses_nothing_and_writes_nothing_off(
    how: str, parts: Parts, streams: "redis.Redis", effects: Effects, mysql_wire: tuple[Wire, str]
) -> None:
    wire, url = mysql_wire
    lost = threading.Event()

    def lose(session: Session, event: VideoReady) -> None:
        if event.sequence == 2 and not lost.is_set():
            (wire.drop if how == "the connection is cut" else wire.cut)()
            lost.set()

    put(streams, *numbered(1, 2, 3))
    parts.consume(effects.consumers(lose), mysql_url=url)
    lost.wait(10)
    wire.mend()
    effects.expect([1, 2, 3])
    eventually(lambda: pending(streams) == 0)
    assert effects.failures() == []


def test_two_workers_that_have_the_same_entries_act_once(
    parts: Parts, streams: "redis.Redis", effects: Effects
) -> None:
    """One is taken for dead while it works: the other claims its entries, and both come to the end."""
    at_work, go_on = threading.Event(), threading.Event()

    def slowly(session: Session, event: VideoReady) -> None:
        at_work.set()
        go_on.wait(20)

    put(streams, *numbered(7))
    first = parts.consume(effects.consumers(slowly))
    at_work.wait(10)  # the first is in the middle of its transaction
    with patch.object(groups, "consumer_name", return_value="another-host-17"):
        second = parts.consume(effects.consumers(), claim_after=1)
    eventually(lambda: _times_delivered(streams) > 1, what="the second worker with the same entry")
    go_on.set()
    eventually(lambda: pending(streams) == 0)
    effects.expect([7])
    for running in (first, second):
        running.stop()
    effects.expect([7])
    assert effects.failures() == []


def _times_delivered(streams: "redis.Redis") -> int:
    found: Any = streams.xpending_range(STREAM, GROUP, min="-", max="+", count=10)
    return max((entry["times_delivered"] for entry in found), default=0)
