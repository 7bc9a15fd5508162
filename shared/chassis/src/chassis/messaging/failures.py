"""Events that could not be taken in: written down with their error, tried again when due, dead past the cap.

An event is acknowledged only once it took effect or stands here, so one bad event never holds back the others. An
attempt is counted before it is made: an event that kills its process runs out of attempts like any other. When it is
due the database's clock says: of several workers one may have a clock that is wrong.
"""

import random
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from chassis import database_clock
from chassis.messaging.inbox import Intake, trace_fields
from chassis.messaging.retry import RetryPolicy
from chassis.tables import event_failures, inbox
from contracts.events import Envelope

log = structlog.get_logger(__name__)

#: How long an attempt is left alone before another worker takes it that its process died. Were it alive after all, the
#: inbox would let only one of the two attempts take effect.
LEASE = timedelta(seconds=30)


class State(StrEnum):
    """Of a failure: it will be tried again, or it waits for an operator."""

    RETRYING = "retrying"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Failure:
    """A row of ``event_failures`` that is about to be tried again."""

    id: int
    consumer: str
    event_id: UUID
    type: str | None
    envelope: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a failed event."""

    state: State
    #: Until the next attempt; None when there is none.
    delay: timedelta | None
    error: str


def judge(error: BaseException, attempts: int, policy: RetryPolicy) -> Verdict:
    """Try again later, or give up."""
    delay = policy.delay(attempts, luck=random.random())
    state = State.DEAD if delay is None else State.RETRYING
    return Verdict(state, delay, "".join(traceback.format_exception(error)))


def record(session: Session, intake: Intake, verdict: Verdict, now: datetime) -> None:
    """Write down that a fresh delivery failed. A delivery of an event that stands here already changes only the
    error: its attempts and its next one go on as they were.
    """
    row = {
        "consumer": intake.handler.name,
        "event_id": intake.envelope.id,
        "type": intake.envelope.type,
        "subject": intake.envelope.subject,
        "envelope": intake.raw,
    }
    _upsert(session, row, verdict, now)
    about = {"consumer": intake.handler.name, "event_id": intake.envelope.id, "event_type": intake.envelope.type}
    tell(verdict, 1, **about, **trace_fields(intake.envelope))


def record_poison(session: Session, consumer: str, event_id: UUID, raw: bytes, error: Exception, now: datetime) -> None:
    """Write down what nobody can read, as a dead letter at once."""
    row = {"consumer": consumer, "event_id": event_id, "type": None, "subject": None, "envelope": raw}
    verdict = Verdict(State.DEAD, None, "".join(traceback.format_exception(error)))
    _upsert(session, row, verdict, now)
    tell(verdict, 1, consumer=consumer, event_id=event_id, event_type=None)


def _upsert(session: Session, row: dict[str, Any], verdict: Verdict, now: datetime) -> None:
    statement = mysql.insert(event_failures).values(
        **row,
        state=verdict.state,
        attempts=1,
        error=verdict.error,
        first_at=now,
        last_at=now,
        next_attempt_at=_due(verdict),
    )
    new = statement.inserted
    session.execute(statement.on_duplicate_key_update(error=new.error, last_at=new.last_at))


def _due(verdict: Verdict) -> ColumnElement[datetime] | None:
    return None if verdict.delay is None else database_clock.after(verdict.delay)


def tell(verdict: Verdict, attempts: int, **about: Any) -> None:
    """One log line for a failure: an error when it is a dead letter, a warning when it is tried again."""
    fields = {**about, "event_id": str(about["event_id"]), "attempts": attempts, "error": verdict.error}
    if verdict.state is State.DEAD:
        log.error("event_dead", **fields, hint="see the dead letters; retry or discard them")
    else:
        log.warning("event_failed", **fields, again_in=verdict.delay and round(verdict.delay.total_seconds(), 3))


def claim_due(session: Session) -> Failure | None:
    """Take the failure that is due longest, if any, and count the attempt that the caller now makes."""
    found = session.execute(
        select(
            event_failures.c.id,
            event_failures.c.consumer,
            event_failures.c.event_id,
            event_failures.c.type,
            event_failures.c.envelope,
            event_failures.c.attempts,
        )
        .where(event_failures.c.state == State.RETRYING, event_failures.c.next_attempt_at <= database_clock.NOW)
        .order_by(event_failures.c.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if found is None:
        return None
    failure = Failure(*found)
    session.execute(
        update(event_failures)
        .where(event_failures.c.id == failure.id)
        .values(attempts=failure.attempts + 1, next_attempt_at=database_clock.after(LEASE))
    )
    return failure


def settle(session: Session, failure: Failure) -> None:
    """The event has been taken in: forget that it failed."""
    session.execute(delete(event_failures).where(event_failures.c.id == failure.id))


def postpone(session: Session, failure: Failure, verdict: Verdict, now: datetime) -> None:
    """The attempt failed too."""
    session.execute(
        update(event_failures)
        .where(event_failures.c.id == failure.id)
        .values(state=verdict.state, error=verdict.error, last_at=now, next_attempt_at=_due(verdict))
    )
    about = {"consumer": failure.consumer, "event_id": failure.event_id, "event_type": failure.type}
    tell(verdict, failure.attempts + 1, **about, **_trace_in(failure.envelope))


def _trace_in(raw: bytes) -> dict[str, str | None]:
    try:
        return trace_fields(Envelope.parse(raw))
    except ValidationError:
        return {}


def due_in(session: Session) -> timedelta | None:
    """How long until the next failure is due, negative when it is; None when there is none."""
    soonest = func.min(event_failures.c.next_attempt_at)
    microseconds = session.scalar(
        select(database_clock.microseconds_until(soonest)).where(event_failures.c.state == State.RETRYING)
    )
    return None if microseconds is None else timedelta(microseconds=microseconds)


def forget_settled(session: Session) -> int:
    """Remove failures whose event was taken in after all, by a later delivery; answers how many."""
    taken_in = exists().where(
        inbox.c.consumer == event_failures.c.consumer, inbox.c.event_id == event_failures.c.event_id
    )
    ids: Sequence[int] = session.scalars(select(event_failures.c.id).where(taken_in)).all()
    if ids:
        session.execute(delete(event_failures).where(event_failures.c.id.in_(ids)))
    return len(ids)
