"""What consumer groups are owed: events that were trimmed from the stream before the group had taken them in.

The stream is trimmed by age and length alone, whoever has read it. The relay notes here, in its own schema, which
part of its outbox a group lost by that, and publishes it again, part by part, once the group has read on. Inboxes
pass over what they have, so the others are not harmed by it. Everything here survives a restart of the relay and a
loss of Redis (deploy/adr/0015-the-archive.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, exists, func, select, update
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from chassis.messaging.stamps import Stamp, StreamId
from chassis.tables import outbox, stream_debts

stamped = outbox.c.stream_id


@dataclass(frozen=True, slots=True)
class First:
    """The first entry that the stream still holds: its id, and the event in it (None: not one of ours)."""

    id: StreamId
    event_id: UUID | None


@dataclass(frozen=True, slots=True)
class Debt:
    """The rows stamped after ``after``, through ``through``; ``sent`` is the last row of what is on its way."""

    group: str
    after: str
    through: str
    sent: int | None
    since: datetime

    def rows(self) -> ColumnElement[bool]:
        """As a condition on ``outbox``: what of it has not been published again yet."""
        return (stamped > self.after) & (stamped <= self.through)


def gone_through(connection: Connection, first: First | None, epoch: int) -> str:
    """The greatest stamp of which the stream does not hold all any more; empty when nothing is gone.

    The rows of a batch share the stamp of its last entry, so the batch of the first entry may have lost its beginning.
    """
    if first is None:
        return connection.scalar(select(func.max(stamped))) or ""
    row = connection.execute(
        select(outbox.c.position, stamped).where(outbox.c.id == first.event_id, stamped.is_not(None))
    ).first()
    begun = str(Stamp(Stamp.parse(row.stream_id).epoch if row else epoch, first.id))
    batch: str | None = connection.scalar(select(func.min(stamped)).where(stamped >= begun))
    if batch is None:
        return connection.scalar(select(func.max(stamped))) or ""
    known = row is not None and row.stream_id == batch
    if not known or _begins_before(connection, batch, row.position if row else 0):
        return batch
    return connection.scalar(select(func.max(stamped)).where(stamped < batch)) or ""


def _begins_before(connection: Connection, batch: str, position: int) -> bool:
    first = select(func.min(outbox.c.position)).where(stamped == batch)
    return (connection.scalar(first) or position) < position


def note(connection: Connection, group: str, acknowledged: Stamp, through: str, now: datetime) -> Debt | None:
    """The group had acknowledged everything up to ``acknowledged``, and the stream has lost what is stamped up to
    ``through``. Answers the debt, if that makes or enlarges one.
    """
    after, known = str(acknowledged), find(connection, group)
    lost = Debt(group, after, through, None, now)
    unknown = lost.rows() & ~known.rows() if known else lost.rows()
    if not connection.scalar(select(exists().where(unknown))):
        return None
    statement = mysql.insert(stream_debts).values(
        group_name=group, after_stamp=after, through_stamp=through, sent_position=None, since=now
    )
    new, old = statement.inserted, stream_debts.c
    connection.execute(
        statement.on_duplicate_key_update(
            after_stamp=func.least(old.after_stamp, new.after_stamp),
            through_stamp=func.greatest(old.through_stamp, new.through_stamp),
        )
    )
    return lost


def pay(connection: Connection, debt: Debt, acknowledged: Stamp, limit: int, *, empty: bool) -> int:
    """Let the next part of the debt be published again, about ``limit`` rows, if the group is ready for it: it has
    read past what was trimmed (or there is nothing left to read), and has taken in the part before. Answers how many
    rows; when the last part goes out, the debt is forgotten: what is in the stream is looked after there.
    """
    if not _ready(connection, debt, str(acknowledged), empty=empty):
        return 0
    part = _next_part(connection, debt, limit)
    if not part:
        connection.execute(delete(stream_debts).where(stream_debts.c.group_name == debt.group))
        return 0
    through: str = part[-1].stream_id
    rows = Debt(debt.group, debt.after, through, None, debt.since).rows()
    sent = connection.scalar(select(func.max(outbox.c.position)).where(rows))
    count = connection.execute(update(outbox).where(rows).values(stream_id=None, published_at=None)).rowcount
    mine = stream_debts.c.group_name == debt.group
    if through >= debt.through:
        connection.execute(delete(stream_debts).where(mine))
    else:
        connection.execute(update(stream_debts).where(mine).values(after_stamp=through, sent_position=sent))
    return count


def _ready(connection: Connection, debt: Debt, acknowledged: str, *, empty: bool) -> bool:
    if debt.sent is None:
        return empty or acknowledged >= debt.through
    sent = connection.execute(select(stamped).where(outbox.c.position == debt.sent)).first()
    return sent is None or (sent.stream_id is not None and sent.stream_id <= acknowledged)


def _next_part(connection: Connection, debt: Debt, limit: int) -> Sequence[Any]:
    return connection.execute(select(stamped).where(debt.rows()).order_by(stamped).limit(limit)).all()


def find(connection: Connection | Session, group: str) -> Debt | None:
    """What this group is owed."""
    return next((debt for debt in debts(connection) if debt.group == group), None)


def debts(connection: Connection | Session) -> list[Debt]:
    """What groups are owed, by group."""
    table = stream_debts.c
    rows = connection.execute(
        select(table.group_name, table.after_stamp, table.through_stamp, table.sent_position, table.since).order_by(
            table.group_name
        )
    )
    return [Debt(*row) for row in rows]


def owed(connection: Connection | Session) -> dict[str, int]:
    """By group: how many events are to be published again for it."""
    return {
        debt.group: connection.scalar(select(func.count()).select_from(outbox).where(debt.rows())) or 0
        for debt in debts(connection)
    }


def owed_since(connection: Connection, group: str) -> datetime | None:
    """When the oldest event was told that is yet to be published again for this group; None when none is."""
    debt = find(connection, group)
    if debt is None:
        return None
    return connection.scalar(select(outbox.c.time).where(debt.rows()).order_by(stamped).limit(1))


def forget(connection: Connection, known: frozenset[str]) -> None:
    """Groups that are no longer known are owed nothing: when one comes back, it is new, and owed everything."""
    connection.execute(delete(stream_debts).where(stream_debts.c.group_name.not_in(known)))
