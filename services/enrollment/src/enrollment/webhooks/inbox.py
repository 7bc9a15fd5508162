"""The table of deliveries: stored once per thing said, claimed, finished."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from chassis import tracing
from chassis.ids import new_id
from enrollment.models import ErasedStudent, Payment, Webhook
from enrollment.webhooks.delivery import Delivery
from enrollment.webhooks.policy import MOST_ATTEMPTS, pause

#: A worker that claimed a delivery and has not finished it by then has died.
CLAIM = timedelta(minutes=1)
BATCH = 32
ERASED_BODY = b"{}"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this worker processes now."""

    id: UUID
    event: str
    reference: str | None
    body: bytes
    attempts: int
    traceparent: str | None


def store(session: Session, delivery: Delivery, raw: bytes, now: datetime) -> None:
    """Keep a delivery as it came. Saying the same again is counted; what had been given up on is taken up again."""
    row = insert(Webhook).values(
        id=new_id(),
        dedupe_key=delivery.dedupe_key,
        event=delivery.event,
        reference=delivery.reference,
        body=raw,
        status="received",
        deliveries=1,
        attempts=0,
        next_attempt_at=now,
        received_at=now,
        traceparent=tracing.current_traceparent(),
    )
    given_up = Webhook.status == "failed"
    session.execute(
        row.on_duplicate_key_update(
            [
                ("deliveries", Webhook.deliveries + 1),
                ("next_attempt_at", func.if_(given_up, row.inserted.next_attempt_at, Webhook.next_attempt_at)),
                ("attempts", func.if_(given_up, 0, Webhook.attempts)),
                ("traceparent", func.if_(given_up, row.inserted.traceparent, Webhook.traceparent)),
                ("status", func.if_(given_up, "received", Webhook.status)),
            ]
        )
    )


def claim(session: Session, now: datetime) -> Sequence[Claimed]:
    """Up to a batch of deliveries that are due, for this worker alone."""
    due = (
        select(Webhook.id, Webhook.event, Webhook.reference, Webhook.body, Webhook.attempts, Webhook.traceparent)
        .where(Webhook.next_attempt_at <= now)
        .order_by(Webhook.next_attempt_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    found = [
        Claimed(row.id, row.event, row.reference, row.body, row.attempts + 1, row.traceparent)
        for row in session.execute(due)
    ]
    if found:
        ids = [one.id for one in found]
        session.execute(
            update(Webhook)
            .where(Webhook.id.in_(ids))
            .values(next_attempt_at=now + CLAIM, attempts=Webhook.attempts + 1)
            .execution_options(synchronize_session=False)
        )
    return found


def finish(session: Session, webhook: Claimed, status: str, outcome: str, now: datetime) -> None:
    """It has taken effect (``processed``) or means nothing to us (``ignored``)."""
    values: dict[str, Any] = {"status": status, "outcome": outcome[:500], "next_attempt_at": None, "processed_at": now}
    if webhook.reference is not None and _is_erased(session, webhook.reference):
        values["body"] = ERASED_BODY
    session.execute(update(Webhook).where(Webhook.id == webhook.id).values(**values))


def put_back(session: Session, webhook: Claimed, why: str, now: datetime) -> bool:
    """Try again later; False when it was given up on."""
    again = webhook.attempts < MOST_ATTEMPTS
    session.execute(
        update(Webhook)
        .where(Webhook.id == webhook.id)
        .values(
            status="received" if again else "failed",
            outcome=why[:500],
            next_attempt_at=now + pause(webhook.attempts) if again else None,
        )
    )
    return again


def _is_erased(session: Session, reference: str) -> bool:
    owner = select(Payment.student_id).where(Payment.reference == reference).scalar_subquery()
    return session.scalar(select(ErasedStudent.id).where(ErasedStudent.id == owner)) is not None
