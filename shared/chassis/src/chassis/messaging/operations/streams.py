"""Every stream with its groups, as Redis sees them."""

from dataclasses import dataclass
from typing import Any

import redis

from chassis.messaging.stamps import StreamId
from contracts.events import EVENT_TYPES, stream_of


@dataclass(frozen=True, slots=True)
class GroupState:
    """How far a consumer group is. ``lag``: entries never delivered to it, None where Redis cannot tell."""

    group: str
    consumers: int
    lag: int | None
    pending: int
    oldest_pending_seconds: float | None


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream; one that does not exist (nothing was published, or Redis was emptied) has no entries and no groups."""

    stream: str
    length: int
    oldest_seconds: float | None
    newest_seconds: float | None
    groups: tuple[GroupState, ...]


def streams(client: "redis.Redis") -> list[StreamState]:
    """The streams of all services that publish anything."""
    seconds, microseconds = client.time()
    now = seconds * 1000 + microseconds // 1000
    names = sorted({stream_of(event.source) for event in EVENT_TYPES.values()})
    return [_stream(client, name, now) for name in names]


def _stream(client: "redis.Redis", name: str, now: int) -> StreamState:
    if not client.exists(name):
        return StreamState(name, 0, None, None, ())
    about: Any = client.xinfo_stream(name)
    found: Any = client.xinfo_groups(name)
    groups = tuple(_group(client, name, group, now) for group in found)
    first, last = about["first-entry"], about["last-entry"]
    return StreamState(
        name, about["length"], _age(first[0], now) if first else None, _age(last[0], now) if last else None, groups
    )


def _group(client: "redis.Redis", stream: str, found: Any, now: int) -> GroupState:
    name = found["name"].decode()
    oldest: Any = client.xpending_range(stream, name, min="-", max="+", count=1) if found["pending"] else []
    age = _age(oldest[0]["message_id"], now) if oldest else None
    return GroupState(name, found["consumers"], found.get("lag"), found["pending"], age)


def _age(entry_id: bytes, now: int) -> float:
    """Seconds since Redis was given the entry, by Redis' clock."""
    return max(0, now - StreamId.parse(entry_id).milliseconds) / 1000
