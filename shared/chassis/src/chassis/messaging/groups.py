"""Consumer groups and their members: making, counting, taking over, tidying."""

import os
import socket
from dataclasses import dataclass
from typing import Any, cast

import redis
from redis.asyncio import Redis

#: Where a new group begins: before the stream's first entry (ADR 0003, trap 1).
FIRST = "0"
#: Suffix of the member that claims what others abandoned.
CLAIMING = "-claims"
#: A member that has not asked for anything for so long (milliseconds) is dead: living ones ask every second.
_LONG_GONE = 3_600_000
_ANYBODY = ""
#: Removes members without pending entries, idle for more than so long. A script, so that no entry can be delivered to
#: one between the look and the removal.
_REMOVE = """
for _, found in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local member = {}
  for i = 1, #found, 2 do member[found[i]] = found[i + 1] end
  local meant = ARGV[2] == '' or member.name == ARGV[2]
  if meant and member.pending == 0 and member.idle >= tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], member.name)
  end
end
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Of a group on a stream: entries not delivered yet (None: Redis cannot tell), and entries not acknowledged."""

    undelivered: int | None
    pending: int


def consumer_name() -> str:
    """This process's name within its groups (ADR 0003, trap 9): host and process id."""
    return f"{socket.gethostname()}-{os.getpid()}"


async def ensure(client: "Redis", stream: str, group: str) -> None:
    """The group exists."""
    try:
        await client.xgroup_create(stream, group, id=FIRST, mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


async def backlog(client: "Redis", stream: str, group: str) -> Backlog:
    """How far behind the group is."""
    for found in await client.xinfo_groups(stream):
        if found["name"].decode() == group:
            return Backlog(found.get("lag"), found["pending"])
    return Backlog(None, 0)


async def deliveries(client: "Redis", stream: str, group: str, entry_id: bytes) -> int:
    """How often this pending entry has been delivered; 0 when it is not pending any more."""
    found: Any = await client.xpending_range(stream, group, min=entry_id, max=entry_id, count=1)
    return int(found[0]["times_delivered"]) if found else 0


async def dead_on_this_host(client: "Redis", stream: str, group: str, me: str) -> list[str]:
    """Members with unfinished entries that ran on this host under a process id that is free now, and ``me``: a
    restarted container has its host name and process id again.
    """
    host = f"{socket.gethostname()}-"
    found = []
    for member in await client.xinfo_consumers(stream, group):
        name = member["name"].decode()
        pid = name.removeprefix(host).removesuffix(CLAIMING)
        ours = name.removesuffix(CLAIMING) == me
        if member["pending"] and name.startswith(host) and pid.isdigit() and (ours or not _running(int(pid))):
            found.append(name)
    return found


def _running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def take(client: "Redis", stream: str, group: str, source: str, me: str, count: int) -> list[Any]:
    """Make up to ``count`` unfinished entries of ``source`` this process's own, and answer them.

    Entries that have been deleted from the stream meanwhile are acknowledged: there is nothing left to take in.
    """
    pending: Any = await client.xpending_range(stream, group, min="-", max="+", count=count, consumername=source)
    ids = [entry["message_id"] for entry in pending]
    if not ids:
        return []
    claimed: Any = await client.xclaim(stream, group, me + CLAIMING, min_idle_time=0, message_ids=ids)
    return [entry for entry in claimed if entry[1] is not None]


async def remove_if_idle(client: "Redis", stream: str, group: str, name: str) -> None:
    """Remove a member that has nothing pending; removing one that has would lose its entries (ADR 0003, trap 9)."""
    await _remove(client, stream, group, name, 0)


async def remove_long_gone(client: "Redis", stream: str, group: str) -> None:
    """Remove the names of processes that died long ago and whose entries others have taken over."""
    await _remove(client, stream, group, _ANYBODY, _LONG_GONE)


async def _remove(client: "Redis", stream: str, group: str, name: str, idle: int) -> None:
    await cast(Any, client.eval(_REMOVE, 1, stream, group, name, str(idle)))
