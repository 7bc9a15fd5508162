"""The active relay's work on one stream: publish what is new, notice what Redis lost, keep the stream short."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import redis
import structlog
from sqlalchemy import Connection

from chassis.clock import Clock
from chassis.messaging import relay_store as store
from chassis.messaging.entries import DATA_FIELD as DATA_FIELD
from chassis.messaging.stamps import NOTHING, Stamp, StreamId
from chassis.messaging.trimming import Limits, Look, Trimmer

log = structlog.get_logger(__name__)

BATCH = 500

#: Appends the batch unless the stream ends before the last id we know of, that is, unless Redis has lost entries.
#: One script, so that nothing can be lost between looking and appending.
_APPEND = """
local last = '0-0'
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
if not info.err then
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1] end
  end
end
local ms, seq = string.match(last, '(%d+)-(%d+)')
ms, seq = tonumber(ms), tonumber(seq)
local known_ms, known_seq = tonumber(ARGV[1]), tonumber(ARGV[2])
if ms < known_ms or (ms == known_ms and seq < known_seq) then return {0, last} end
for i = 3, #ARGV do last = redis.call('XADD', KEYS[1], '*', '__data__', ARGV[i]) end
return {1, last}
"""

#: Of each group: its name, the last id delivered, the first pending id. One script, or a Redis that is emptied between
#: the looks would show entries that were pending as acknowledged, and they would not be published again.
_ACKNOWLEDGED = """
local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if groups.err then return groups end
local found = {}
for place, described in ipairs(groups) do
  local group = {}
  for i = 1, #described, 2 do group[described[i]] = described[i + 1] end
  local first = group.pending > 0 and redis.call('XPENDING', KEYS[1], group.name)[2] or ''
  found[place] = {group.name, group['last-delivered-id'], first}
end
return found
"""


class Publisher:
    """Publishes one service's outbox over a connection that holds the relay's lock: without the lock it can do
    nothing. Raises what MySQL and Redis raise; calling again after an error is always right.
    """

    def __init__(
        self,
        connection: Connection,
        client: "redis.Redis",
        stream: str,
        *,
        maxlen: int,
        max_age: timedelta = timedelta(0),
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._redis = client
        self._stream = stream
        self._trimmer = Trimmer(client, stream, Limits(maxlen, max_age))
        self._clock = clock
        self._append = client.register_script(_APPEND)
        with connection.begin():
            self._position = store.load_position(connection)

    def publish(self) -> int:
        """The next batch, in the order of the outbox; answers how many rows it looked at (0: all is published)."""
        with self._connection.begin():
            rows = store.unpublished(self._connection, BATCH)
        if not rows:
            return 0
        known = self._position.published.id
        appended, last = self._append(
            keys=[self._stream], args=[known.milliseconds, known.sequence, *(row.envelope for row in rows)]
        )
        if not appended:
            self._publish_lost_again(StreamId.parse(last))
            return len(rows)
        given = Stamp(self._position.epoch, StreamId.parse(last))
        with self._connection.begin():
            store.stamp(self._connection, [row.position for row in rows], given, self._clock())
        self._position = store.Position(given, self._position.epoch_start)
        return len(rows)

    def check(self) -> int:
        """Whether Redis still ends where it did; answers how many rows must go out again."""
        last = self._last_id()
        return self._publish_lost_again(last) if last < self._position.published.id else 0

    def _publish_lost_again(self, last: StreamId) -> int:
        with self._connection.begin():
            lost, position = store.unpublish_lost(self._connection, last, self._position, self._clock())
        log.warning(
            "stream_lost_entries",
            stream=self._stream,
            expected=str(self._position.published.id),
            found=str(last),
            publishing_again=lost,
        )
        self._position = position
        return lost

    def checkpoint(self) -> None:
        """Note how far the groups have come, let go out what they are owed, and trim the stream to its limits."""
        look = self._trimmer.look() or Look(0, NOTHING, None)
        if look.last < self._position.published.id:
            return  # Redis has lost entries: publish or check finds that out, and it comes first
        floors = acknowledged(self._redis, self._stream)
        with self._connection.begin():
            self._trimmer.settle(self._connection, look, floors, self._position, self._clock())
        self._trimmer.trim(look, floors)

    def _last_id(self) -> StreamId:
        try:
            info: Any = self._redis.xinfo_stream(self._stream)
        except redis.ResponseError as error:
            if "no such key" in str(error):
                return NOTHING
            raise
        return StreamId.parse(info["last-generated-id"])


def acknowledged(client: "redis.Redis", stream: str) -> Mapping[str, StreamId]:
    """For each group of the stream the id up to which it has acknowledged everything."""
    try:
        groups: Any = client.eval(_ACKNOWLEDGED, 1, stream)
    except redis.ResponseError as error:
        if "no such key" in str(error):
            return {}
        raise
    return {
        name.decode(): StreamId.parse(pending).before() if pending else StreamId.parse(delivered)
        for name, delivered, pending in groups
    }
