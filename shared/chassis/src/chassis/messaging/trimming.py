"""Keeps a stream as short and as young as operators set, and pays what groups lost by it.

Trimming looks at age and length alone: a consumer that is down for a month does not fill Redis. What it lost by that
it is owed (``chassis.messaging.debts``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis
import structlog
from sqlalchemy import Connection

from chassis.messaging import debts, relay_store
from chassis.messaging.debts import First
from chassis.messaging.entries import event_id_of
from chassis.messaging.relay_store import Position
from chassis.messaging.stamps import NOTHING, Stamp, StreamId

log = structlog.get_logger(__name__)

#: Of what a group is owed, so much goes out at a time: this many events, or this part of the stream's length.
PART = 5000
PART_OF_STREAM = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """Entries that a stream keeps, roughly: the newest ``maxlen``, none older than ``max_age`` (zero: any age)."""

    maxlen: int
    max_age: timedelta = timedelta(0)

    @property
    def part(self) -> int:
        """How much of a debt goes out at a time."""
        return max(1, min(PART, self.maxlen // PART_OF_STREAM))


@dataclass(frozen=True, slots=True)
class Look:
    """A stream as Redis has it now."""

    length: int
    last: StreamId
    first: First | None


class Trimmer:
    """Trims one stream; ``settle`` before each ``trim`` keeps the books on what groups lose by it."""

    def __init__(self, client: "redis.Redis", stream: str, limits: Limits) -> None:
        self._redis = client
        self._stream = stream
        self._limits = limits
        self._seen: Any = None

    def look(self) -> Look | None:
        """None when there is no stream."""
        try:
            found: Any = self._redis.xinfo_stream(self._stream)
        except redis.ResponseError as error:
            if "no such key" in str(error):
                return None
            raise
        entry = found["first-entry"]
        first = First(StreamId.parse(entry[0]), event_id_of(entry[1])) if entry else None
        return Look(found["length"], StreamId.parse(found["last-generated-id"]), first)

    def settle(
        self,
        connection: Connection,
        look: Look,
        floors: Mapping[str, StreamId],
        position: Position,
        now: datetime,
    ) -> None:
        """Note how far the groups have come and what they lost, and let go out what they are owed (one transaction).

        What a group had acknowledged when this was last called is compared with what the stream holds now: so nothing
        is missed, even when the relay died right after a trim, or somebody trimmed by hand.
        """
        known = relay_store.groups(connection)
        if _summary(look, floors) != self._seen:
            through = debts.gone_through(connection, look.first, position.epoch)
            for group in sorted(known.keys() | floors.keys()):
                self._note(connection, group, known.get(group, Stamp(0, NOTHING)), through, now)
            if through:
                relay_store.note_trimmed(connection, through, now)
        acknowledged = relay_store.note_groups(connection, floors, position, now)
        debts.forget(connection, frozenset(acknowledged))
        for debt in debts.debts(connection):
            self._pay(connection, debt, acknowledged[debt.group], empty=look.first is None)

    def trim(self, look: Look, floors: Mapping[str, StreamId]) -> None:
        """Drop what is too old or too much."""
        self._seen = _summary(look, floors)
        if look.first is None:
            return
        if self._limits.max_age:
            seconds, microseconds = self._redis.time()
            oldest = seconds * 1000 + microseconds // 1000 - int(self._limits.max_age.total_seconds() * 1000)
            if look.first.id.milliseconds < oldest:
                self._redis.xtrim(self._stream, minid=f"{oldest}-0", approximate=True, limit=0)
        if look.length > self._limits.maxlen:
            self._redis.xtrim(self._stream, maxlen=self._limits.maxlen, approximate=True, limit=0)

    def _note(self, connection: Connection, group: str, acknowledged: Stamp, through: str, now: datetime) -> None:
        debt = debts.note(connection, group, acknowledged, through, now)
        if debt is not None:
            log.warning(
                "events_owed",
                stream=self._stream,
                group=group,
                why="they were trimmed from the stream before the group took them in",
                effect="they are published again once the group has read on",
            )

    def _pay(self, connection: Connection, debt: debts.Debt, acknowledged: Stamp, *, empty: bool) -> None:
        events = debts.pay(connection, debt, acknowledged, self._limits.part, empty=empty)
        if events:
            left = debts.owed(connection).get(debt.group, 0)
            log.info("owed_events_published_again", stream=self._stream, group=debt.group, events=events, left=left)


def _summary(look: Look, floors: Mapping[str, StreamId]) -> Any:
    """While this stays the same no group can have lost anything more."""
    return look.first or look.last, frozenset(floors)
