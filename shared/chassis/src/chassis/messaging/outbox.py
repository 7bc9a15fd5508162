"""``emit``: an event becomes a row in the transaction that made it true; after the commit the relay is woken."""

import threading
import time
from datetime import datetime
from typing import Any
from uuid import UUID

import redis
import structlog
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from chassis import tracing
from chassis.clock import utc_now
from chassis.ids import new_id
from chassis.tables import outbox
from contracts.events import Envelope, Event

log = structlog.get_logger(__name__)

#: ``session.info`` key of a ``chassis.clock.Clock`` that stamps events; without it the system's clock does.
CLOCK = "chassis.clock"
_HINTS = "chassis.messaging.hints"
_EMITTED = "chassis.messaging.emitted"
#: After a hint failed, how long (seconds) the next ones are not even tried.
QUIET_SECONDS = 1.0


def emit(session: Session, event: Event) -> UUID:
    """Put ``event`` into the outbox in this session's transaction; answers the event's id.

    It is published if and only if the transaction commits. It carries the current trace (outside of
    any, a new one) and the one that this trace follows.
    """
    now: datetime = session.info.get(CLOCK, utc_now)()
    envelope = Envelope.wrap(
        event,
        id=new_id(),
        time=now,
        traceparent=tracing.current_traceparent() or tracing.child_of(None),
        traceorigin=tracing.current_origin(),
    )
    session.execute(
        insert(outbox).values(
            id=envelope.id,
            type=envelope.type,
            subject=envelope.subject,
            sequence=envelope.sequence,
            time=envelope.time,
            traceparent=envelope.traceparent,
            envelope=envelope.to_json(),
        )
    )
    session.info[_EMITTED] = True
    return envelope.id


def is_on_its_way(session: Session, subject: str) -> bool:
    """Whether an event about ``subject`` still waits for the relay."""
    waiting = select(outbox.c.id).where(outbox.c.stream_id.is_(None), outbox.c.subject == subject)
    return session.execute(waiting.limit(1)).first() is not None


def hint_channel(service: str) -> str:
    """The Redis channel on which a service's relay hears that there is something to publish."""
    return f"edxelera.outbox.{service}"


class HintPublisher:
    """Wakes the relay. A hint may be lost: the relay also looks by itself. So this never raises, and after a
    failure it stays quiet for a second, so that requests do not wait for a Redis that is down.
    """

    def __init__(self, client: "redis.Redis", service: str) -> None:
        self._redis = client
        self._channel = hint_channel(service)
        self._quiet_until = 0.0
        self._lock = threading.Lock()

    def publish(self) -> None:
        """Tell the relay that something was committed."""
        with self._lock:
            if time.monotonic() < self._quiet_until:
                return
        try:
            self._redis.publish(self._channel, b"")
        except (redis.RedisError, OSError) as error:
            with self._lock:
                self._quiet_until = time.monotonic() + QUIET_SECONDS
            log.warning("relay_not_woken", error=str(error), effect="events go out with the relay's next look")


def connect_hints(session_info: dict[str, Any], publisher: HintPublisher) -> None:
    """Let sessions that carry ``session_info`` wake the relay after their commits."""
    session_info[_HINTS] = publisher


@sqlalchemy_event.listens_for(Session, "after_commit")
def _after_commit(session: Session) -> None:
    if session.in_nested_transaction():  # a released savepoint is not yet a commit
        return
    if session.info.pop(_EMITTED, False) and (publisher := session.info.get(_HINTS)) is not None:
        publisher.publish()


@sqlalchemy_event.listens_for(Session, "after_rollback")
def _after_rollback(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_EMITTED, None)
