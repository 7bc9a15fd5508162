"""What the relay reads and writes in its service's schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects import mysql

from chassis.messaging.stamps import ID_FROM, NOTHING, Stamp, StreamId
from chassis.tables import outbox, relay_state

_PUBLISHED = "published"
_EPOCH = "epoch"
_TRIMMED = "trimmed"
_GROUP = "group:"
#: A consumer group that has not been seen for so long belongs to a service that is gone.
GROUP_FORGOTTEN_AFTER = timedelta(days=30)
_REFRESH = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Position:
    """Where the relay is: the last stamp it knows to be in Redis, and the id at which the present epoch began."""

    published: Stamp
    epoch_start: StreamId

    @property
    def epoch(self) -> int:
        """Grows with each loss."""
        return self.published.epoch


def load_position(connection: Connection) -> Position:
    """As the last relay left it."""
    stored = _stored(connection)
    published, epoch = stored.get(_PUBLISHED), stored.get(_EPOCH)
    return Position(
        Stamp.parse(published.stream_id) if published else Stamp(0, NOTHING),
        Stamp.parse(epoch.stream_id).id if epoch else NOTHING,
    )


def unpublished(connection: Connection, limit: int) -> Sequence[Any]:
    """The oldest rows that are not in Redis: position and envelope."""
    return connection.execute(
        select(outbox.c.position, outbox.c.envelope)
        .where(outbox.c.stream_id.is_(None))
        .order_by(outbox.c.position)
        .limit(limit)
    ).all()


def stamp(connection: Connection, positions: Sequence[int], given: Stamp, now: datetime) -> None:
    """These rows, in whatever order, are in Redis, at ``given`` or before it (they went out in one script)."""
    first, last = min(positions), max(positions)
    gapless = last - first + 1 == len(set(positions))  # then no row between them committed meanwhile, or was left out
    these = outbox.c.position.between(first, last) if gapless else outbox.c.position.in_(positions)
    connection.execute(update(outbox).where(these).values(published_at=now, stream_id=str(given)))
    _put(connection, _PUBLISHED, given, now)


def unpublish_lost(connection: Connection, last: StreamId, position: Position, now: datetime) -> tuple[int, Position]:
    """Redis holds nothing after ``last`` any more: what was there and is not known to have been acknowledged by all
    groups is to be published again. Answers how many rows, and the position in the new epoch.

    What had been trimmed was not there: whoever lacks it is owed it (``chassis.messaging.debts``).
    """
    result = connection.execute(
        update(outbox)
        .where(outbox.c.stream_id > max(consumed_by_all(connection), trimmed_through(connection)))
        .where(func.substring(outbox.c.stream_id, ID_FROM) > last.padded())
        .values(published_at=None, stream_id=None)
    )
    begun = Position(Stamp(position.epoch + 1, last), last)
    _put(connection, _PUBLISHED, begun.published, now)
    _put(connection, _EPOCH, begun.published, now)
    return result.rowcount, begun


def groups(connection: Connection) -> dict[str, Stamp]:
    """Every consumer group known, and the stamp up to which it is known to have acknowledged everything."""
    stored = _stored(connection)
    return {
        name.removeprefix(_GROUP): Stamp.parse(row.stream_id) for name, row in stored.items() if name.startswith(_GROUP)
    }


def note_groups(
    connection: Connection, floors: Mapping[str, StreamId], position: Position, now: datetime
) -> dict[str, Stamp]:
    """Remember how far each group has acknowledged; answers that of all groups known.

    A group seen once counts even while it is missing (its worker is down after a loss), so that what it has not
    taken in is not taken for consumed.
    """
    stored = {name: row for name, row in _stored(connection).items() if name.startswith(_GROUP)}
    for group, floor in floors.items():
        name, old = _GROUP + group, stored.get(_GROUP + group)
        new = Stamp(position.epoch, floor) if floor >= position.epoch_start else None
        known = Stamp.parse(old.stream_id) if old else Stamp(0, NOTHING)
        best = max(known, new) if new else known
        if old is None or best > known or old.updated_at < now - _REFRESH:
            _put(connection, name, best, now)
    gone = [n for n, row in stored.items() if _missing(n, floors) and row.updated_at < now - GROUP_FORGOTTEN_AFTER]
    if gone:
        connection.execute(delete(relay_state).where(relay_state.c.name.in_(gone)))
    return groups(connection)


def note_trimmed(connection: Connection, through: str, now: datetime) -> None:
    """Remember that the stream holds nothing up to this stamp any more."""
    if through > trimmed_through(connection):
        _put(connection, _TRIMMED, Stamp.parse(through), now)


def trimmed_through(connection: Connection) -> str:
    """The stamp up to which the stream was trimmed; empty when it never was."""
    row = _stored(connection).get(_TRIMMED)
    return row.stream_id if row else ""


def _missing(name: str, floors: Mapping[str, StreamId]) -> bool:
    return name.removeprefix(_GROUP) not in floors


def consumed_by_all(connection: Connection) -> str:
    """The stamp up to which every known group has acknowledged everything; empty when no group is known."""
    stamps = [row.stream_id for name, row in _stored(connection).items() if name.startswith(_GROUP)]
    return min(stamps, default="")


def told_and_not_taken_in_since(connection: Connection, group: str) -> datetime | None:
    """When the oldest published event was told that this group, as far as the relay knows, has not acknowledged; None
    when there is none, or no such group.
    """
    floor = select(relay_state.c.stream_id).where(relay_state.c.name == _GROUP + group).scalar_subquery()
    oldest = select(outbox.c.time).where(outbox.c.stream_id > floor).order_by(outbox.c.stream_id).limit(1)
    return connection.scalar(oldest)


def _stored(connection: Connection) -> dict[str, Any]:
    rows = connection.execute(select(relay_state.c.name, relay_state.c.stream_id, relay_state.c.updated_at))
    return {row.name: row for row in rows}


def _put(connection: Connection, name: str, given: Stamp, now: datetime) -> None:
    statement = mysql.insert(relay_state).values(name=name, stream_id=str(given), updated_at=now)
    new = statement.inserted
    connection.execute(statement.on_duplicate_key_update(stream_id=new.stream_id, updated_at=new.updated_at))
