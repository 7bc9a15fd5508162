"""Events in tests: deliver them as a worker would, read what a service has emitted."""

from sqlalchemy import select

from chassis import tracing
from chassis.clock import Clock, utc_now
from chassis.database import Database
from chassis.ids import new_id
from chassis.messaging.consumers import Consumers
from chassis.messaging.inbox import intakes_of, take_in_all
from chassis.tables import outbox
from contracts.events import Envelope, Event


def enveloped(event: Event, *, clock: Clock = utc_now) -> Envelope:
    """``event`` as its service would publish it, under a new id."""
    return Envelope.wrap(event, id=new_id(), time=clock(), traceparent=tracing.current_traceparent())


def deliver(
    database: Database, consumers: Consumers, *events: Event | Envelope, clock: Clock = utc_now
) -> list[Envelope]:
    """Take each event in through the inbox, in a transaction of its own; a handler's error is raised.

    Answers the envelopes: deliver one of them again and it is a duplicate.
    """
    envelopes = [event if isinstance(event, Envelope) else enveloped(event, clock=clock) for event in events]
    for envelope in envelopes:
        intakes = intakes_of(consumers, envelope, envelope.to_json())
        database.run(lambda session, given=intakes: take_in_all(session, given, clock()))  # type: ignore[misc]
    return envelopes


def published(database: Database) -> list[Event]:
    """Every event that the service has emitted and committed, oldest first."""
    with database.begin() as session:
        rows = session.scalars(select(outbox.c.envelope).order_by(outbox.c.position)).all()
    return [Envelope.parse(row).event() for row in rows]
