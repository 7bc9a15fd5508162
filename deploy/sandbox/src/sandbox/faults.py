"""Ordered faults as stored rows: which apply to the next webhook or API call, and how often."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from sandbox.store import insert, update

WEBHOOK = "webhook"
API = "api"


@dataclass(frozen=True, slots=True)
class OrderedFault:
    """One row; ``remaining`` None means until it is withdrawn, a ``match_*`` of None matches all."""

    id: int
    scope: str
    kind: str
    remaining: int | None
    match_reference: str | None
    match_event: str | None
    match_call: str | None
    seconds: float
    status: int | None
    error: str | None

    @property
    def label(self) -> str:
        """How deliveries name the fault that befell them."""
        return f"{self.kind}:{self.id}"

    @property
    def is_spent(self) -> bool:
        """True for the copy that ``take`` answers when this was its last use."""
        return self.remaining == 0


def order(db: sqlite3.Connection, scope: str, kind: str, **values: Any) -> OrderedFault:
    """Store a fault to come."""
    row_id = insert(db, "faults", scope=scope, kind=kind, **values)
    row = db.execute("SELECT * FROM faults WHERE id = ?", (row_id,)).fetchone()
    return OrderedFault(**dict(row))


def ordered(db: sqlite3.Connection) -> list[OrderedFault]:
    """All faults still to come, oldest first."""
    return [OrderedFault(**dict(row)) for row in db.execute("SELECT * FROM faults ORDER BY id")]


def exists(db: sqlite3.Connection, scope: str) -> bool:
    """A cheap look before a transaction is opened for ``take``."""
    return db.execute("SELECT 1 FROM faults WHERE scope = ? LIMIT 1", (scope,)).fetchone() is not None


def take(
    db: sqlite3.Connection,
    scope: str,
    *,
    reference: str | None = None,
    event: str | None = None,
    call: str | None = None,
) -> OrderedFault | None:
    """Use up one turn of the oldest fault that matches; answers it with the turns left."""
    row = db.execute(
        "SELECT * FROM faults WHERE scope = ? AND (match_reference IS NULL OR match_reference = ?) "
        "AND (match_event IS NULL OR match_event = ?) AND (match_call IS NULL OR match_call = ?) ORDER BY id LIMIT 1",
        (scope, reference, event, call),
    ).fetchone()
    if row is None:
        return None
    remaining = None if row["remaining"] is None else row["remaining"] - 1
    if remaining == 0:
        withdraw(db, row["id"])
    else:
        update(db, "faults", row["id"], remaining=remaining)
    return OrderedFault(**{**dict(row), "remaining": remaining})


def withdraw(db: sqlite3.Connection, fault_id: int | None = None) -> int:
    """Forget one fault, or all of them; answers how many."""
    if fault_id is None:
        return db.execute("DELETE FROM faults").rowcount
    return db.execute("DELETE FROM faults WHERE id = ?", (fault_id,)).rowcount
