"""An event takes effect exactly once per consumer: its inbox row is written in the handler's own transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis import tracing
from chassis.database import is_duplicate
from chassis.logs import current_event
from chassis.messaging.consumers import Consumers, Handler
from chassis.tables import inbox
from contracts.events import Envelope, Event

_INSERT = insert(inbox)


@dataclass(frozen=True, slots=True)
class Intake:
    """One event on its way into one handler."""

    handler: Handler
    envelope: Envelope
    event: Event
    raw: bytes

    @property
    def key(self) -> tuple[str, UUID]:
        """What the inbox knows it by."""
        return self.handler.name, self.envelope.id


def intakes_of(consumers: Consumers, envelope: Envelope, raw: bytes) -> list[Intake]:
    """The event once for each of its handlers; ``pydantic.ValidationError`` when its data is not what they expect."""
    handlers = consumers.for_type(envelope.type)
    if not handlers:
        return []
    event = envelope.event()
    return [Intake(handler, envelope, event, raw) for handler in handlers]


@dataclass(slots=True)
class Progress:
    """The intake whose handler runs; after an error the one that raised it, or None when it was not a handler."""

    current: Intake | None = None


def admit(session: Session, intakes: Sequence[Intake], now: datetime) -> list[Intake]:
    """Those that have not been taken in before, now noted as taken in by this transaction.

    Nearly always all of them are new, so they are written at once, and the inbox is read only if it refuses. It
    refuses the whole statement: a batch is one INSERT.
    """
    wanted: dict[tuple[str, UUID], Intake] = {}
    for intake in intakes:
        wanted.setdefault(intake.key, intake)
    while wanted:
        try:
            _note(session, list(wanted), now)
            break
        except IntegrityError as error:
            known = _known(session, list(wanted)) if is_duplicate(error) else set()
            if not known:
                raise
        wanted = {key: intake for key, intake in wanted.items() if key not in known}
    return list(wanted.values())


def _note(session: Session, keys: Sequence[tuple[str, UUID]], now: datetime) -> None:
    session.execute(
        _INSERT, [{"consumer": consumer, "event_id": event_id, "processed_at": now} for consumer, event_id in keys]
    )


def _known(session: Session, keys: Sequence[tuple[str, UUID]]) -> set[tuple[str, UUID]]:
    names, ids = zip(*keys, strict=True)
    rows = session.execute(
        select(inbox.c.consumer, inbox.c.event_id).where(inbox.c.consumer.in_(set(names)), inbox.c.event_id.in_(ids))
    )
    return {(consumer, event_id) for consumer, event_id in rows}


def handle(session: Session, intake: Intake) -> None:
    """Run the handler within the event's trace; log lines it writes carry the ids of both."""
    name, envelope = intake.handler.name, intake.envelope
    current = current_event.set({"consumer": name, "event_id": str(envelope.id), "event_type": envelope.type})
    try:
        with tracing.continued(envelope.traceparent, name, origin=envelope.traceorigin):
            intake.handler.run(session, intake.event)
            session.flush()
    finally:
        current_event.reset(current)


def trace_fields(envelope: Envelope) -> dict[str, str | None]:
    """What a log line about an event says of its trace, outside of the handler."""
    fields = {"trace_id": tracing.trace_id_of(envelope.traceparent)}
    if origin := tracing.trace_id_of(envelope.traceorigin):
        fields["origin_trace_id"] = origin
    return fields


def take_in_all(
    session: Session, intakes: Sequence[Intake], now: datetime, progress: Progress | None = None
) -> list[Intake]:
    """Admit and handle; answers what was new. Whatever fails, the caller rolls all of it back."""
    progress = progress or Progress()
    progress.current = None
    admitted = admit(session, intakes, now)
    for intake in admitted:
        progress.current = intake
        handle(session, intake)
    progress.current = None
    return admitted
