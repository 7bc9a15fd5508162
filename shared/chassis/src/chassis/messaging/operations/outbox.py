"""The outbox as it stands, and spans of it: what was published, by time, type, subject and id."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true, update
from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.messaging.operations.audit import Operator, note
from chassis.tables import outbox
from contracts.events import EVENT_TYPES

#: Rows read or changed at a time.
CHUNK = 500
PUBLISH_CHUNK = 5000


@dataclass(frozen=True, slots=True)
class OutboxState:
    """What waits for the relay, and how long the oldest of it has."""

    service: str
    depth: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class SpanState:
    """What a span holds."""

    events: int
    by_type: dict[str, int]
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Span:
    """A part of an outbox: events to which all that is given applies. ``since`` is included, ``until`` is not.
    ``ValueError`` when no event can be in between.
    """

    types: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    ids: tuple[UUID, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.since >= self.until:
            first, last = (each.isoformat(" ", "seconds") for each in (self.since, self.until))
            raise ValueError(f"no event is in that span: its beginning {first} is not before the end {last}")

    @property
    def is_everything(self) -> bool:
        """Whether nothing was given."""
        return not (self.types or self.subjects or self.ids or self.since or self.until)

    def where(self) -> ColumnElement[bool]:
        """As a condition on ``outbox``."""
        table = outbox.c
        condition: ColumnElement[bool] = true()
        for column, values in ((table.type, self.types), (table.subject, self.subjects), (table.id, self.ids)):
            if values:
                condition = condition & column.in_(values)
        if self.since is not None:
            condition = condition & (table.time >= self.since)
        if self.until is not None:
            condition = condition & (table.time < self.until)
        return condition

    def described(self) -> dict[str, Any]:
        """For the record of what was done."""
        return {
            "types": list(self.types),
            "subjects": list(self.subjects),
            "ids": [str(each) for each in self.ids],
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }


def wire_type(name: str) -> str:
    """Of ``EnrollmentActivated`` or of a wire type, which stays; ``ValueError`` for a type that there is not."""
    known = {event.__name__: wire for wire, event in EVENT_TYPES.items()}
    if name in EVENT_TYPES:
        return name
    if name not in known:
        raise ValueError(f"there is no event type {name!r}; there are {', '.join(sorted(known))}")
    return known[name]


def state(session: Session, service: str, now: datetime) -> OutboxState:
    """Depth and age of what is not in Redis yet."""
    waiting = outbox.c.stream_id.is_(None)
    depth = session.scalar(select(func.count()).where(waiting)) or 0
    oldest = session.scalar(select(outbox.c.time).where(waiting).order_by(outbox.c.position).limit(1))
    return OutboxState(service, depth, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)


def count(session: Session, span: Span) -> SpanState:
    """What a replay of this span would carry."""
    counted = select(outbox.c.type, func.count(), func.min(outbox.c.time), func.max(outbox.c.time))
    rows = session.execute(counted.where(span.where()).group_by(outbox.c.type).order_by(outbox.c.type)).all()
    return SpanState(
        events=sum(row[1] for row in rows),
        by_type={row[0]: row[1] for row in rows},
        first_at=min((row[2] for row in rows), default=None),
        last_at=max((row[3] for row in rows), default=None),
    )


def envelopes(session: Session, span: Span) -> Iterator[bytes]:
    """The events of a span in the order of the outbox, a chunk in memory at a time."""
    for rows in _chunks(session, span):
        yield from (envelope for _, envelope in rows)


def publish_again(database: Database, span: Span, operator: Operator, now: datetime) -> int:
    """Let the relay put this span into the stream once more, for all consumers; answers how many events.

    Each consumer's inbox passes over what it has taken in before: only what somebody lacks takes effect. A transaction
    for every few thousand events, so that neither the relay nor anybody who emits waits for the whole span.
    """
    total, after = 0, 0
    while True:
        result = database.run(lambda session, last=after: _publish_chunk(session, span, last, operator, now))  # type: ignore[misc]
        if result is None:
            return total
        after, events = result
        total += events


def _publish_chunk(
    session: Session, span: Span, after: int, operator: Operator, now: datetime
) -> tuple[int, int] | None:
    chosen = select(outbox.c.position).where(span.where(), outbox.c.position > after, outbox.c.stream_id.is_not(None))
    positions = session.scalars(chosen.order_by(outbox.c.position).limit(PUBLISH_CHUNK)).all()
    if not positions:
        return None
    statement = update(outbox).where(outbox.c.position.in_(positions)).values(stream_id=None, published_at=None)
    session.execute(statement)
    note(session, operator, "publish_again", {"span": span.described(), "events": len(positions)}, now)
    return positions[-1], len(positions)


def _chunks(session: Session, span: Span) -> Iterator[Sequence[Any]]:
    after = 0
    while True:
        chosen = select(outbox.c.position, outbox.c.envelope).where(span.where(), outbox.c.position > after)
        rows = session.execute(chosen.order_by(outbox.c.position).limit(CHUNK)).all()
        if not rows:
            return
        yield rows
        after = rows[-1][0]
