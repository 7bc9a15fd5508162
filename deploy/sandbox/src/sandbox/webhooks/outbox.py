"""The queue of webhooks, in the same transaction as what they announce."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox import faults
from sandbox.clock import iso
from sandbox.store import insert, update
from sandbox.webhooks.faults import WEBHOOK_FAULTS, Planned

UNSETTLED = ("pending", "held")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row. state: pending, held (reorder), delivered, dropped (never sent), gave_up."""

    id: int
    event: str
    reference: str | None
    body: bytes
    tampering: str | None
    fault: str | None
    state: str
    after_id: int | None
    attempts: int
    due_at: int
    created_at: int


def announce(db: sqlite3.Connection, event: str, data: Mapping[str, Any], reference: str | None, now: int) -> list[int]:
    """Queue an event, subject to the faults that were ordered; answers the deliveries' ids."""
    body = json.dumps({"event": event, "data": data}, separators=(",", ":"), ensure_ascii=False).encode()
    fault = faults.take(db, faults.WEBHOOK, reference=reference, event=event)
    plan = [Planned(due_at=now)]
    if fault is not None:
        plan = WEBHOOK_FAULTS[fault.kind](plan[0], fault.seconds)
    after_id = _predecessor(db, reference)
    label = fault.label if fault else None
    ids = [
        insert(
            db,
            "deliveries",
            event=event,
            reference=reference,
            body=body,
            tampering=planned.tampering,
            fault=label,
            state=planned.state,
            after_id=after_id,
            due_at=planned.due_at,
            created_at=now,
        )
        for planned in plan
    ]
    if fault is not None and fault.is_spent:
        release(db, now, label)
    return ids


def release(db: sqlite3.Connection, now: int, label: str | None = None) -> int:
    """Send what was held back, newest first, each only after the one before it was tried."""
    rows = db.execute(
        "SELECT id FROM deliveries WHERE state = 'held' AND (? IS NULL OR fault = ?) ORDER BY id DESC", (label, label)
    ).fetchall()
    previous: int | None = None
    for row in rows:
        update(db, "deliveries", row["id"], state="pending", due_at=now, after_id=previous)
        previous = row["id"]
    return len(rows)


def resend(db: sqlite3.Connection, delivery: Delivery, now: int) -> int:
    """Queue an honest copy of an earlier delivery, as the dashboard's resend button does."""
    return insert(
        db,
        "deliveries",
        event=delivery.event,
        reference=delivery.reference,
        body=delivery.body,
        fault=f"resend:{delivery.id}",
        state="pending",
        due_at=now,
        created_at=now,
    )


def due(db: sqlite3.Connection, now: int, limit: int) -> list[Delivery]:
    """Deliveries to try now; one that waits for another's first attempt is not due yet."""
    rows = db.execute(
        "SELECT * FROM deliveries d WHERE state = 'pending' AND due_at <= ? AND NOT EXISTS ("
        "SELECT 1 FROM deliveries b WHERE b.id = d.after_id AND b.state = 'pending' AND b.attempts = 0) "
        "ORDER BY due_at, id LIMIT ?",
        (now, limit),
    )
    return [Delivery(**dict(row)) for row in rows]


def next_due(db: sqlite3.Connection, now: int) -> int | None:
    """The next instant at which a delivery becomes due."""
    row = db.execute(
        "SELECT MIN(due_at) AS at FROM deliveries WHERE state = 'pending' AND due_at > ?", (now,)
    ).fetchone()
    return None if row["at"] is None else int(row["at"])


def find(db: sqlite3.Connection, delivery_id: int) -> Delivery | None:
    """One delivery by id."""
    row = db.execute("SELECT * FROM deliveries WHERE id = ?", (delivery_id,)).fetchone()
    return Delivery(**dict(row)) if row else None


def listed(
    db: sqlite3.Connection, *, reference: str | None = None, event: str | None = None, limit: int = 100
) -> list[Delivery]:
    """Deliveries, newest first."""
    rows = db.execute(
        "SELECT * FROM deliveries WHERE (? IS NULL OR reference = ?) AND (? IS NULL OR event = ?) "
        "ORDER BY id DESC LIMIT ?",
        (reference, reference, event, event, limit),
    )
    return [Delivery(**dict(row)) for row in rows]


def unsettled(db: sqlite3.Connection, *, reference: str | None = None) -> int:
    """How many deliveries are still to be made."""
    row = db.execute(
        "SELECT COUNT(*) AS n FROM deliveries WHERE state IN (?, ?) AND (? IS NULL OR reference = ?)",
        (*UNSETTLED, reference, reference),
    ).fetchone()
    return int(row["n"])


def document(db: sqlite3.Connection, delivery: Delivery) -> dict[str, Any]:
    """A delivery for people and tests, with every attempt and its answer."""
    attempts = db.execute("SELECT * FROM attempts WHERE delivery_id = ? ORDER BY id", (delivery.id,))
    return {
        "id": delivery.id,
        "event": delivery.event,
        "reference": delivery.reference,
        "state": delivery.state,
        "fault": delivery.fault,
        "created_at": iso(delivery.created_at),
        "due_at": iso(delivery.due_at) if delivery.state == "pending" else None,
        "attempts": [
            {"at": iso(row["at"]), "status": row["status"], "answer": row["answer"], "duration_ms": row["duration_ms"]}
            for row in attempts
        ],
        "body": json.loads(delivery.body),
    }


def _predecessor(db: sqlite3.Connection, reference: str | None) -> int | None:
    row = db.execute(
        "SELECT MAX(id) AS id FROM deliveries "
        "WHERE reference = ? AND state = 'pending' AND attempts = 0 AND fault IS NULL",
        (reference,),
    ).fetchone()
    return None if row["id"] is None else int(row["id"])
