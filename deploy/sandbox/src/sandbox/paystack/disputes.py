"""Disputes (chargebacks): a customer's bank takes a charge back, or tries to."""

import sqlite3
from dataclasses import dataclass
from typing import Any, NamedTuple

from sandbox.clock import iso
from sandbox.errors import SandboxProblem
from sandbox.paystack import documents, transactions
from sandbox.paystack.transactions import Transaction
from sandbox.store import insert, update
from sandbox.webhooks import outbox

DUE_AFTER = 2 * 24 * 3600 * 1000


class Outcome(NamedTuple):
    """How a dispute ends, as Paystack writes it, and whether the customer gets the money."""

    resolution: str
    is_lost: bool


OUTCOMES: dict[str, Outcome] = {
    "won": Outcome("declined", is_lost=False),
    "lost": Outcome("merchant-accepted", is_lost=True),
    "auto-accepted": Outcome("auto-accepted", is_lost=True),
}
"""won: the merchant's evidence was taken. lost: the merchant gave in. auto-accepted: nobody answered in time."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """One row; amounts are subunits, instants milliseconds."""

    id: int
    transaction_id: int
    refund_amount: int
    category: str
    status: str
    resolution: str | None
    due_at: int
    created_at: int
    resolved_at: int | None


def open_dispute(
    db: sqlite3.Connection, transaction: Transaction, *, amount: int | None, category: str, now: int
) -> Dispute:
    """The customer's bank disputes a charge, wholly or in part."""
    if transaction.status != "success":
        raise SandboxProblem(
            409, f"Transaction {transaction.reference} is {transaction.status}.", "Only a paid charge can be disputed."
        )
    dispute_id = insert(
        db,
        "disputes",
        transaction_id=transaction.id,
        refund_amount=transaction.amount if amount is None else amount,
        category=category,
        status="awaiting-merchant-feedback",
        due_at=now + DUE_AFTER,
        created_at=now,
    )
    return _announce(db, "charge.dispute.create", get(db, dispute_id), now)


def remind(db: sqlite3.Connection, dispute: Dispute, now: int) -> Dispute:
    """Paystack reminds the merchant that a dispute waits for an answer."""
    _require_open(dispute)
    return _announce(db, "charge.dispute.remind", dispute, now)


def resolve(db: sqlite3.Connection, dispute: Dispute, outcome: str, now: int) -> Dispute:
    """The dispute ends; when all the money is back by then, the transaction is reversed."""
    _require_open(dispute)
    resolution, is_lost = OUTCOMES[outcome]
    update(db, "disputes", dispute.id, status="resolved", resolution=resolution, resolved_at=now)
    transaction = transactions.get_by_id(db, dispute.transaction_id)
    if is_lost:
        transactions.reverse_when_all_is_back(db, transaction)
    return _announce(db, "charge.dispute.resolve", get(db, dispute.id), now)


def get(db: sqlite3.Connection, dispute_id: int) -> Dispute:
    """One dispute by id."""
    row = db.execute("SELECT * FROM disputes WHERE id = ?", (dispute_id,)).fetchone()
    if row is None:
        raise SandboxProblem(404, f"There is no dispute {dispute_id}.", "GET /sandbox/disputes lists them.")
    return Dispute(**dict(row))


def listed(db: sqlite3.Connection, reference: str | None = None, limit: int = 100) -> list[Dispute]:
    """Disputes, newest first."""
    rows = db.execute(
        "SELECT d.* FROM disputes d JOIN transactions t ON t.id = d.transaction_id "
        "WHERE (? IS NULL OR t.reference = ?) ORDER BY d.id DESC LIMIT ?",
        (reference, reference, limit),
    )
    return [Dispute(**dict(row)) for row in rows]


def document(db: sqlite3.Connection, dispute: Dispute) -> dict[str, Any]:
    """``data`` of the dispute events."""
    transaction = transactions.get_by_id(db, dispute.transaction_id)
    return {
        "id": dispute.id,
        "refund_amount": dispute.refund_amount,
        "currency": transaction.currency,
        "status": dispute.status,
        "resolution": dispute.resolution,
        "domain": transaction.domain,
        "transaction": documents.brief(transaction),
        "transaction_reference": None,
        "category": dispute.category,
        "customer": documents.customer(db, transaction),
        "bin": None,
        "last4": None,
        "dueAt": iso(dispute.due_at),
        "resolvedAt": iso(dispute.resolved_at),
        "evidence": None,
        "attachments": None,
        "note": None,
        "history": [],
        "messages": [],
        "created_at": iso(dispute.created_at),
        "updated_at": iso(dispute.resolved_at or dispute.created_at),
    }


def _announce(db: sqlite3.Connection, event: str, dispute: Dispute, now: int) -> Dispute:
    data = document(db, dispute)
    outbox.announce(db, event, data, data["transaction"]["reference"], now)
    return dispute


def _require_open(dispute: Dispute) -> None:
    if dispute.status == "resolved":
        raise SandboxProblem(409, f"Dispute {dispute.id} is resolved already ({dispute.resolution}).")
