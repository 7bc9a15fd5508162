"""The stream is trimmed by age and length alone, and whoever was behind catches up from the outbox by itself."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import redis
from messaging_parts import GROUP, STREAM, Effects, MediaSettings, Parts, emit_all, entries, pending, video
from sqlalchemy import select, update

from chassis import tables
from chassis.clock import utc_now
from chassis.database import Database
from chassis.messaging import debts, emit, relay_store
from chassis.messaging.locks import lock_engine, only_one
from chassis.messaging.publisher import Publisher
from chassis.messaging.relay import streams_client
from chassis.messaging.retention import forget_old
from chassis.messaging.worker_metrics import WorkerMetrics
from chassis.testing import eventually
from chassis.testing.schemas import TestSchema
from contracts.events import Envelope

OTHER = "certificates"


class Trimmed:
    """A publisher whose stream keeps about 50 entries, and groups that read when the test says so."""

    def __init__(self, connection: Any, redis_url: str, client: "redis.Redis", db: Database) -> None:
        self._connection = connection
        self._redis_url = redis_url
        self._client = client
        self._db = db
        self.restart()

    def restart(self, **limits: Any) -> None:
        """A relay that knows only what stands in the schema."""
        options = {"maxlen": 50, **limits}
        self.publisher = Publisher(self._connection, streams_client(self._redis_url), STREAM, clock=utc_now, **options)

    def publish(self, numbers: Sequence[int] = ()) -> None:
        with self._db.begin() as session:
            for number in numbers:
                emit(session, video(number))
        self.publisher.check()
        self._publish_all()
        self.publisher.checkpoint()
        self._publish_all()

    def publish_singly(self, numbers: Sequence[int]) -> None:
        """Each in a batch of its own: what is owed can then go out in small parts."""
        for number in numbers:
            emit_all(self._db, [number])
            self.publisher.publish()
        self.publisher.checkpoint()

    def _publish_all(self) -> None:
        while self.publisher.publish():
            pass

    def read(self, group: str, count: int = 10_000) -> list[int]:
        """What the group is given now; it acknowledges all of it."""
        self.join(group)
        numbers = []
        found: Any = self._client.xreadgroup(group, "reader", {STREAM: ">"}, count=count)
        for _, delivered in found:
            numbers += [Envelope.parse(fields[b"__data__"]).sequence for _, fields in delivered]
            self._client.xack(STREAM, group, *(id_ for id_, _ in delivered))
        return numbers

    def join(self, group: str) -> None:
        with suppress(redis.ResponseError):  # it is there already
            self._client.xgroup_create(STREAM, group, id="0", mkstream=True)

    def read_all(self, group: str) -> list[int]:
        """What the group is given until it is owed nothing and the stream has nothing more."""
        numbers: list[int] = []
        while (got := self.read(group)) or group in self.owed():
            numbers += got
            self.publish()
        return numbers

    def owed(self) -> dict[str, int]:
        with self._db.begin() as session:
            return debts.owed(session)


@pytest.fixture
def trimmed(db: Database, schema: TestSchema, redis_url: str, streams: "redis.Redis") -> Iterator[Trimmed]:
    with only_one(lock_engine(schema.url), "relay") as connection:
        yield Trimmed(connection, redis_url, streams, db)


def test_a_stream_is_cut_to_its_length_whoever_has_read_it(trimmed: Trimmed, streams: "redis.Redis") -> None:
    trimmed.join(GROUP)
    trimmed.publish(range(300))
    assert 50 <= streams.xlen(STREAM) < 200  # Redis drops whole nodes
    assert entries(streams)[-1] == 299


def test_a_stream_keeps_nothing_older_than_its_age(trimmed: Trimmed, streams: "redis.Redis") -> None:
    trimmed.restart(maxlen=100_000, max_age=timedelta(hours=1))
    trimmed.publish(range(300))
    assert streams.xlen(STREAM) == 300
    trimmed.restart(maxlen=100_000, max_age=timedelta(microseconds=1000))
    eventually(lambda: trimmed.publish() or streams.xlen(STREAM) < 300)


def test_a_group_that_fell_behind_gets_what_was_trimmed_once_it_reads_again(trimmed: Trimmed) -> None:
    trimmed.join(GROUP)
    trimmed.publish(range(10))
    assert trimmed.read(GROUP, 5) == [0, 1, 2, 3, 4]
    trimmed.publish(range(10, 300))
    trimmed.publish()
    assert trimmed.owed()[GROUP] > 100
    got = trimmed.read_all(GROUP)
    assert set(got) >= set(range(5, 300))
    assert trimmed.owed() == {}


def test_what_is_owed_goes_out_in_parts_each_after_the_one_before_was_taken_in(
    trimmed: Trimmed, streams: "redis.Redis"
) -> None:
    trimmed.join(GROUP)
    trimmed.publish_singly(range(300))
    trimmed.read(GROUP)
    before = streams.xinfo_stream(STREAM)["entries-added"]
    trimmed.publish()
    trimmed.publish()
    trimmed.publish()  # nobody has read the first part yet
    assert streams.xinfo_stream(STREAM)["entries-added"] - before == 5  # a tenth of the stream
    assert len(trimmed.read(GROUP)) == 5
    trimmed.publish()
    trimmed.publish()
    assert streams.xinfo_stream(STREAM)["entries-added"] - before == 10


def test_nobody_is_owed_anything_who_kept_up(trimmed: Trimmed) -> None:
    for start in range(0, 600, 20):
        trimmed.publish(range(start, start + 20))
        assert trimmed.read(GROUP) == list(range(start, start + 20))
        assert trimmed.owed() == {}


def test_a_group_that_is_new_on_a_trimmed_stream_gets_everything(trimmed: Trimmed) -> None:
    trimmed.read(GROUP)
    for start in range(0, 300, 10):
        trimmed.publish(range(start, start + 10))
        trimmed.read(GROUP)
    assert set(trimmed.read_all(OTHER)) == set(range(300))
    assert OTHER not in trimmed.owed()


def test_a_new_group_gets_everything_when_the_stream_is_empty(trimmed: Trimmed, streams: "redis.Redis") -> None:
    trimmed.read(GROUP)
    trimmed.publish(range(30))
    trimmed.read(GROUP)
    trimmed.publish()
    streams.xtrim(STREAM, maxlen=0, approximate=False)
    trimmed.join(OTHER)
    trimmed.publish()
    assert set(trimmed.read_all(OTHER)) == set(range(30))


def test_an_entry_that_was_read_but_not_acknowledged_is_owed_when_it_is_trimmed(
    trimmed: Trimmed, streams: "redis.Redis"
) -> None:
    trimmed.join(GROUP)
    trimmed.publish([0])
    streams.xreadgroup(GROUP, "died", {STREAM: ">"})
    trimmed.publish(range(1, 300))
    trimmed.publish()
    assert pending(streams) == 1
    assert trimmed.owed()[GROUP] > 1
    streams.xautoclaim(STREAM, GROUP, "heir", 0)  # finds that the entry is gone, and lets it go
    assert set(trimmed.read_all(GROUP)) == set(range(300))


def test_a_relay_that_dies_right_after_trimming_leaves_the_debt_to_the_next(trimmed: Trimmed) -> None:
    trimmed.join(GROUP)
    trimmed.publish(range(5))
    assert trimmed.read(GROUP) == list(range(5))
    trimmed.publish(range(5, 300))  # trims at its end; nothing is noted after it
    assert trimmed.owed() == {}
    assert 299 in trimmed.read(GROUP)  # and the group reads on, past the hole
    trimmed.restart()
    trimmed.publish()
    assert set(range(5, 200)) <= set(trimmed.read_all(GROUP))


def test_entries_trimmed_by_hand_are_owed_too(trimmed: Trimmed, streams: "redis.Redis") -> None:
    trimmed.restart(maxlen=100_000)
    trimmed.join(GROUP)
    trimmed.publish(range(20))
    streams.xtrim(STREAM, maxlen=5, approximate=False)
    trimmed.publish()
    assert set(trimmed.read_all(GROUP)) == set(range(20))


def test_a_relay_that_restarts_in_the_middle_of_catching_up_goes_on(trimmed: Trimmed) -> None:
    trimmed.join(GROUP)
    trimmed.publish_singly(range(300))
    got = trimmed.read(GROUP)
    trimmed.publish()
    while trimmed.owed():
        trimmed.restart()
        trimmed.publish()
        got += trimmed.read(GROUP)
    assert set(got) == set(range(300))


def test_a_redis_emptied_in_the_middle_of_catching_up_loses_nothing(trimmed: Trimmed, streams: "redis.Redis") -> None:
    trimmed.join(GROUP)
    trimmed.publish_singly(range(300))
    got = trimmed.read(GROUP)
    for _ in range(5):
        trimmed.publish()
        got += trimmed.read(GROUP)
        trimmed.publish()  # the next part is on its way
        streams.flushdb()
        trimmed.publish()
    got += trimmed.read_all(GROUP)
    assert set(got) == set(range(300))


def test_after_a_loss_the_stream_does_not_get_what_had_been_trimmed_but_who_lacks_it_does(
    trimmed: Trimmed, streams: "redis.Redis"
) -> None:
    trimmed.join(GROUP)
    trimmed.publish_singly(range(300))
    trimmed.publish()
    streams.flushdb()
    assert trimmed.publisher.check() < 200  # not all that the group has not read
    trimmed.publish()
    assert set(trimmed.read_all(GROUP)) == set(range(300))


def test_a_group_forgotten_for_a_month_of_silence_is_owed_nothing_until_it_comes_back(
    trimmed: Trimmed, db: Database, streams: "redis.Redis"
) -> None:
    trimmed.join(OTHER)
    trimmed.publish(range(300))
    trimmed.publish()
    assert OTHER in trimmed.owed()
    streams.xgroup_destroy(STREAM, OTHER)
    with db.begin() as session:
        old = utc_now() - relay_store.GROUP_FORGOTTEN_AFTER - timedelta(minutes=1)
        session.execute(update(tables.relay_state).values(updated_at=old))
    trimmed.publish()
    assert trimmed.owed() == {}
    assert set(trimmed.read_all(OTHER)) == set(range(300))


def test_consumers_catch_up_by_themselves_while_two_relays_take_turns(
    parts: Parts, db: Database, streams: "redis.Redis", effects: Effects
) -> None:
    """Everything for real: the worker was away while the stream moved on past it; the relay dies in the middle."""
    streams.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    first = parts.relay(maxlen=50, look_every=0.05)
    with db.begin() as session:
        for number in range(300):
            emit(session, video(number))
    eventually(lambda: streams.xlen(STREAM) < 200 and effects.unpublished() == 0)
    parts.relay(maxlen=50, look_every=0.05)
    parts.consume(effects.consumers())
    eventually(lambda: len(effects.numbers()) > 60)
    first.stop()
    effects.expect(range(300), 60)


def test_what_is_owed_is_shown(trimmed: Trimmed, db: Database) -> None:
    trimmed.join(GROUP)
    trimmed.publish(range(300))
    trimmed.publish()
    numbers = WorkerMetrics("media")
    with db.begin() as session:
        numbers.read_schema(session, utc_now())
    labels = {"service": "media", "group": GROUP}
    assert numbers.registry.get_sample_value("edx_stream_owed_events", labels) == trimmed.owed()[GROUP]


# --- retention --------------------------------------------------------------------------------------------------------


def test_old_events_that_everybody_has_are_deleted(trimmed: Trimmed, db: Database) -> None:
    trimmed.read(GROUP)
    trimmed.publish(range(20))
    trimmed.read(GROUP)
    trimmed.publish()
    trimmed.publish([20])  # read by nobody yet
    _age_outbox(db)
    assert forget_old(db, 30, utc_now()) == 20
    assert _left(db) == [20]


def test_retention_never_deletes_what_is_young_unpublished_unread_or_owed(trimmed: Trimmed, db: Database) -> None:
    trimmed.join(OTHER)  # reads nothing, and is owed what is trimmed
    trimmed.read(GROUP)
    trimmed.publish(range(300))
    trimmed.read(GROUP)
    trimmed.publish()
    _age_outbox(db)
    emit_all(db, [300])
    assert forget_old(db, 30, utc_now()) == 0
    set_free = trimmed.read_all(OTHER)
    assert set(set_free) == set(range(301))
    assert forget_old(db, 30, utc_now()) == 0  # published again just now
    trimmed.read(GROUP)
    trimmed.publish()
    _age_outbox(db)
    assert forget_old(db, 30, utc_now()) > 0


def test_where_nobody_listens_what_was_published_long_ago_goes(trimmed: Trimmed, db: Database) -> None:
    trimmed.publish(range(5))
    _age_outbox(db)
    emit_all(db, [5])
    assert forget_old(db, 30, utc_now()) == 5
    assert _left(db) == [5]


def test_without_the_setting_no_worker_deletes_anything(settings: Callable[..., MediaSettings]) -> None:
    from chassis.messaging.retention import outbox_retention

    assert settings().outbox_retention_days == 0
    assert outbox_retention(0) == []
    assert [job.name for job in outbox_retention(30)] == ["outbox-retention"]


def _age_outbox(db: Database) -> None:
    with db.begin() as session:
        session.execute(update(tables.outbox).values(published_at=utc_now() - timedelta(days=31)))


def _left(db: Database) -> list[int]:
    with db.begin() as session:
        return list(session.scalars(select(tables.outbox.c.sequence).order_by(tables.outbox.c.position)))
