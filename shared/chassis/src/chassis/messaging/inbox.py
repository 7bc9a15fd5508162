"""An event takes effect exactly once per consumer: its inbox row is written in the handler's own transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from chassis import tracing
from chassis.messaging.consumers import Consumers, Handler
from chassis.tables import inbox
from contracts.events import Envelope, Event


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


def admit(session: Session, intakes: Sequence[Intake], now: datetime) -> list[Intake]:
    """Those that have not been taken in before, now noted as taken in by this transaction."""
    ids = {intake.envelope.id for intake in intakes}
    names = {intake.handler.name for intake in intakes}
    rows = session.execute(
        select(inbox.c.consumer, inbox.c.event_id).where(inbox.c.consumer.in_(names), inbox.c.event_id.in_(ids))
    )
    seen = {(consumer, event_id) for consumer, event_id in rows}
    admitted = []
    for intake in intakes:
        if intake.key not in seen:
            seen.add(intake.key)
            admitted.append(intake)
    if admitted:
        session.execute(
            insert(inbox),
            [{"consumer": name, "event_id": id_, "processed_at": now} for name, id_ in (a.key for a in admitted)],
        )
    return admitted


def handle(session: Session, intake: Intake) -> None:
    """Run the handler within the event's trace; log lines it writes carry the ids of both."""
    with (
        tracing.continued(intake.envelope.traceparent, intake.handler.name, origin=intake.envelope.traceorigin),
        structlog.contextvars.bound_contextvars(
            consumer=intake.handler.name,
            event_id=str(intake.envelope.id),
            event_type=intake.envelope.type,
        ),
    ):
        intake.handler.run(session, intake.event)
        session.flush()


def trace_fields(envelope: Envelope) -> dict[str, str | None]:
    """What a log line about an event says of its trace, outside of the handler."""
    fields = {"trace_id": tracing.trace_id_of(envelope.traceparent)}
    if origin := tracing.trace_id_of(envelope.traceorigin):
        fields["origin_trace_id"] = origin
    return fields


def take_in_all(session: Session, intakes: Sequence[Intake], now: datetime) -> list[Intake]:
    """Admit and handle; answers what was new. Whatever fails, the caller rolls all of it back."""
    admitted = admit(session, intakes, now)
    for intake in admitted:
        handle(session, intake)
    return admitted
