"""The bare counterparts: PyMySQL and redis-py alone, and as few commands as the work allows.

Each docstring says what one is made of. None of them parses an event, checks for duplicates, survives an error, logs
or traces: they are the floor, not an alternative.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.bench.events.stage import CONSUMER, GROUP, STREAM, Stage, chunks

from chassis.messaging.publisher import DATA_FIELD
from contracts.events import Envelope

#: What one transaction or one pipeline holds, as in the relay and in the consumer.
RELAY_BATCH = 500
CONSUMER_BATCH = 100

_INBOX = "INSERT INTO inbox (consumer, event_id, processed_at) VALUES (%s, %s, %s)"
#: The one statement that a handler of the benchmark sends.
EFFECT = "INSERT INTO effects (video_id, number, program_slug, at) VALUES (%s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Run:
    """Of one contender in one round. ``processor`` are seconds of this side's processes, not of MySQL or Redis."""

    events: int
    seconds: float
    processor: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def microseconds(self) -> float:
        """Processor time for one event."""
        return self.processor / self.events * 1e6


def timed(stage: Stage, work: Callable[[], None]) -> Run:
    """``work`` on all events of the stage, in this process, over connections that are there already."""
    processor, started = time.process_time(), time.perf_counter()
    work()
    return Run(len(stage.bodies), time.perf_counter() - started, time.process_time() - processor)


def commits(stage: Stage) -> Run:
    """Batched commits: 100 events a transaction; their inbox rows in one multi-row INSERT, and for each event the one
    INSERT of its effect (a handler is called for one event, so its statement is its own).
    """

    with stage.mysql() as connection, connection.cursor() as cursor:

        def work() -> None:
            for batch in chunks(stage.envelopes, CONSUMER_BATCH):
                cursor.executemany(_INBOX, _inbox_rows(batch))
                for row in _effect_rows(batch):
                    cursor.execute(EFFECT, row)
                connection.commit()

        return timed(stage, work)


def commits_of_two_statements(stage: Stage) -> Run:
    """The same rows in two multi-row INSERTs a transaction: what MySQL could take if events had no handlers."""

    with stage.mysql() as connection, connection.cursor() as cursor:

        def work() -> None:
            for batch in chunks(stage.envelopes, CONSUMER_BATCH):
                cursor.executemany(_INBOX, _inbox_rows(batch))
                cursor.executemany(EFFECT, _effect_rows(batch))
                connection.commit()

        return timed(stage, work)


def xadd(stage: Stage) -> Run:
    """XADD alone: 500 in a pipeline."""

    with stage.redis() as client:

        def work() -> None:
            for batch in chunks(stage.bodies, RELAY_BATCH):
                _append(client, batch)

        return timed(stage, work)


def xreadgroup(stage: Stage) -> Run:
    """XREADGROUP of 100 entries and one XACK for them."""
    stage.fill_stream()

    with stage.redis() as client:

        def work() -> None:
            while entries := _read(client):
                client.xack(STREAM, GROUP, *(entry_id for entry_id, _ in entries))

        return timed(stage, work)


def relay(stage: Stage) -> Run:
    """What a relay cannot do without: SELECT 500 unpublished rows, XADD them in a pipeline, UPDATE the rows, COMMIT."""
    stage.fill_outbox()
    oldest = "SELECT position, envelope FROM outbox WHERE stream_id IS NULL ORDER BY position LIMIT %s"
    stamp = "UPDATE outbox SET published_at = %s, stream_id = %s WHERE position IN %s"

    with stage.redis() as client, stage.mysql() as connection, connection.cursor() as cursor:

        def work() -> None:
            while cursor.execute(oldest, (RELAY_BATCH,)):
                rows = cursor.fetchall()
                last = _append(client, [row[1] for row in rows])
                cursor.execute(stamp, (_now(), last, tuple(row[0] for row in rows)))
                connection.commit()

        return timed(stage, work)


def consumer(stage: Stage) -> Run:
    """What a consumer cannot do without: XREADGROUP of 100 entries, the batched commit above, one XACK for them."""
    stage.fill_stream()
    by_body = dict(zip(stage.bodies, stage.envelopes, strict=True))  # spares it the parsing

    with stage.redis() as client, stage.mysql() as connection, connection.cursor() as cursor:

        def work() -> None:
            while entries := _read(client):
                batch = [by_body[fields[DATA_FIELD]] for _, fields in entries]
                cursor.executemany(_INBOX, _inbox_rows(batch))
                for row in _effect_rows(batch):
                    cursor.execute(EFFECT, row)
                connection.commit()
                client.xack(STREAM, GROUP, *(entry_id for entry_id, _ in entries))

        return timed(stage, work)


def _append(client: Any, bodies: Sequence[bytes]) -> str:
    with client.pipeline(transaction=False) as pipe:
        for body in bodies:
            pipe.xadd(STREAM, {DATA_FIELD: body})
        ids: list[bytes] = pipe.execute()
    return ids[-1].decode()


def _read(client: Any) -> Sequence[tuple[bytes, dict[bytes, bytes]]]:
    found = client.xreadgroup(GROUP, "bare", {STREAM: ">"}, count=CONSUMER_BATCH)
    entries: Sequence[tuple[bytes, dict[bytes, bytes]]] = found[0][1] if found else ()
    return entries


def _inbox_rows(batch: Sequence[Envelope]) -> list[tuple[Any, ...]]:
    now = _now()
    return [(CONSUMER, envelope.id.bytes, now) for envelope in batch]


def _effect_rows(batch: Sequence[Envelope]) -> list[tuple[Any, ...]]:
    now = _now()
    return [(envelope.id.bytes, envelope.sequence, "practical-data-analysis", now) for envelope in batch]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
