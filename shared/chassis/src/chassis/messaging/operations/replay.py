"""Events into one consumer once more: put where its worker finds what is to be tried, in the order in which they came.

The worker takes them in as it takes in any retry: through the inbox, with its handlers, its clock and its caches. An
event that the consumer has taken in already is passed over, unless ``again``: then its inbox row goes in the same
transaction, and the event takes effect a second time. Projections keep the highest sequence they saw and are not
harmed by it; what a handler emits or sends, it emits or sends again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from pydantic import ValidationError
from sqlalchemy import delete, select
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from chassis import database_clock
from chassis.database import Database
from chassis.messaging.consumers import Consumers
from chassis.messaging.failures import State
from chassis.messaging.operations.audit import Operator, note
from chassis.messaging.operations.outbox import CHUNK
from chassis.tables import event_failures, inbox
from contracts.events import Envelope


@dataclass(slots=True)
class Replayed:
    """What became of the events of a replay. ``queued`` are taken in within about a second each few hundred."""

    consumer: str
    queued: int = 0
    had_already: int = 0
    not_for_it: int = 0
    unreadable: list[str] = field(default_factory=list)


def types_of(consumers: Consumers, name: str) -> frozenset[str]:
    """The wire types that this consumer takes in; ``ValueError`` with the consumers there are for another name."""
    types = frozenset(handler.event_type.type for handler in consumers if handler.name == name)
    if not types:
        known = sorted({handler.name for handler in consumers})
        raise ValueError(f"{consumers.service} has no consumer {name!r}; it has {', '.join(known) or 'none'}")
    return types


def take_in_again(
    database: Database,
    consumers: Consumers,
    name: str,
    envelopes: Iterable[bytes],
    operator: Operator,
    now: datetime,
    *,
    again: bool = False,
) -> Replayed:
    """Queue these events for the consumer ``name``, a transaction for each few hundred; each notes what it did."""
    wanted = types_of(consumers, name)
    replayed = Replayed(name)
    readable = _readable(envelopes, wanted, replayed)
    offset = 0
    while chunk := list(islice(readable, CHUNK)):
        queued = database.run(
            lambda session, given=chunk, place=offset: _queue(  # type: ignore[misc]
                session, name, given, operator, now, place, again=again
            )
        )
        replayed.queued += queued
        replayed.had_already += len(chunk) - queued
        offset += len(chunk)
    return replayed


def _readable(
    envelopes: Iterable[bytes], wanted: frozenset[str], replayed: Replayed
) -> Iterator[tuple[Envelope, bytes]]:
    for raw in envelopes:
        try:
            envelope = Envelope.parse(raw)
        except (ValidationError, ValueError) as error:
            replayed.unreadable.append(str(error).partition("\n")[0])
            continue
        if envelope.type in wanted:
            yield envelope, raw
        else:
            replayed.not_for_it += 1


def _queue(
    session: Session,
    name: str,
    chunk: list[tuple[Envelope, bytes]],
    operator: Operator,
    now: datetime,
    offset: int,
    *,
    again: bool,
) -> int:
    """``offset`` is the place of the first: what is queued is tried in the order given."""
    ids = [envelope.id for envelope, _ in chunk]
    known = inbox.c.consumer == name, inbox.c.event_id.in_(ids)
    seen = frozenset(session.scalars(select(inbox.c.event_id).where(*known).with_for_update()))
    if again and seen:
        session.execute(delete(inbox).where(*known))
        seen = frozenset()
    fresh = [(envelope, raw) for envelope, raw in chunk if envelope.id not in seen]
    for place, (envelope, raw) in enumerate(fresh, start=offset):
        _put(session, name, envelope, raw, f"replayed by {operator.who}: {operator.why}", now, place)
    if fresh:
        details = {"consumer": name, "again": again, "events": [str(envelope.id) for envelope, _ in fresh]}
        note(session, operator, "replay", details, now)
    return len(fresh)


def _put(session: Session, name: str, envelope: Envelope, raw: bytes, reason: str, now: datetime, place: int) -> None:
    """As a failure that is due: one that stands there already becomes due too."""
    statement = mysql.insert(event_failures).values(
        consumer=name,
        event_id=envelope.id,
        type=envelope.type,
        subject=envelope.subject,
        envelope=raw,
        state=State.RETRYING,
        attempts=0,
        error=reason,
        first_at=now,
        last_at=now,
        next_attempt_at=database_clock.after(timedelta(microseconds=place)),
    )
    new = statement.inserted
    session.execute(
        statement.on_duplicate_key_update(
            state=new.state, attempts=new.attempts, error=new.error, next_attempt_at=new.next_attempt_at
        )
    )
