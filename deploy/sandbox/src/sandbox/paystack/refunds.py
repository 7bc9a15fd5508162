"""Refunds: what may be refunded, the steps a refund takes, and what Paystack says at each."""

import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from sandbox.clock import iso
from sandbox.errors import SandboxProblem
from sandbox.paystack import documents, transactions
from sandbox.paystack.errors import PaystackRefusal
from sandbox.paystack.transactions import Transaction
from sandbox.store import insert, update
from sandbox.webhooks import outbox

# outcome -> the step that follows each status by itself; "manual" waits for the control API.
STEPS: dict[str, dict[str, str]] = {
    "processed": {"pending": "processing", "processing": "processed"},
    "failed": {"pending": "processing", "processing": "failed"},
    "needs-attention": {"pending": "processing", "processing": "needs-attention"},
    "manual": {},
}
STATUSES = ("pending", "processing", "processed", "failed", "needs-attention")
FINAL_STATUSES = frozenset({"processed", "failed"})
# Paystack writes the amount as a string while all goes well, and as a number when it does not.
AMOUNT_AS_TEXT = frozenset({"pending", "processing", "processed"})
EXPECTED_AFTER = 9 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Refund:
    """One row; ``reference`` is None until the bank has given one."""

    id: int
    transaction_id: int
    amount: int
    currency: str
    status: str
    reference: str | None
    outcome: str
    next_at: int | None
    customer_note: str | None
    merchant_note: str | None
    created_at: int
    refunded_at: int | None


def request(
    db: sqlite3.Connection,
    transaction: Transaction,
    amount: int | None,
    notes: dict[str, str | None],
    now: int,
    step_seconds: float,
) -> Refund:
    """POST /refund: queue a refund of all that is left, or of ``amount``."""
    left = refundable(db, transaction)
    wanted = left if amount is None else amount
    if wanted <= 0 or wanted > left:
        raise PaystackRefusal("refund_too_large", left=left)
    _deduct(db, wanted)
    refund_id = insert(
        db,
        "refunds",
        transaction_id=transaction.id,
        amount=wanted,
        currency=transaction.currency,
        status="pending",
        outcome=transaction.refund_outcome or "processed",
        next_at=now + round(step_seconds * 1000),
        created_at=now,
        **notes,
    )
    refund = get(db, refund_id)
    _announce(db, refund, transaction, now)
    return refund


def refundable(db: sqlite3.Connection, transaction: Transaction) -> int:
    """What is left to refund, in subunits; refuses what cannot be refunded at all."""
    if transaction.status == "reversed":
        raise PaystackRefusal("fully_reversed")
    if transaction.status != "success":
        raise PaystackRefusal("not_refundable", status=transaction.status)
    left = transaction.amount - _total(db, transaction) - transactions.charged_back(db, transaction)
    if left <= 0:
        raise PaystackRefusal("fully_reversed")
    return left


def move(db: sqlite3.Connection, refund: Refund, status: str, now: int, *, force: bool = False) -> Refund:
    """Bring a refund to a status and announce it; a full refund reverses the transaction."""
    if refund.status in FINAL_STATUSES and not force:
        raise SandboxProblem(409, f"Refund {refund.id} is {refund.status} already.", "That is final for Paystack too.")
    reference = refund.reference or (None if status == "pending" else str(secrets.randbelow(9 * 10**11) + 10**11))
    refunded_at = now if status == "processed" else None
    update(
        db, "refunds", refund.id, status=status, reference=reference, refunded_at=refunded_at,
        next_at=None if status in FINAL_STATUSES else refund.next_at,
    )  # fmt: skip
    transaction = transactions.get_by_id(db, refund.transaction_id)
    if status == "processed":
        transaction = transactions.reverse_when_all_is_back(db, transaction)
    if status == "failed":
        _deduct(db, -refund.amount)
    moved = get(db, refund.id)
    _announce(db, moved, transaction, now)
    return moved


def retry(db: sqlite3.Connection, refund: Refund, now: int, step_seconds: float) -> Refund:
    """POST /refund/retry_with_customer_details/:id: the bank account mends it."""
    if refund.status != "needs-attention":
        raise PaystackRefusal("refund_state")
    update(db, "refunds", refund.id, outcome="processed", next_at=now + round(step_seconds * 1000))
    return move(db, get(db, refund.id), "processing", now)


def advance_due(db: sqlite3.Connection, now: int, step_seconds: float) -> None:
    """Take every refund whose time has come one step further."""
    for row in db.execute("SELECT * FROM refunds WHERE next_at <= ? ORDER BY next_at, id", (now,)).fetchall():
        refund = Refund(**dict(row))
        step = STEPS[refund.outcome].get(refund.status)
        after = STEPS[refund.outcome].get(step) if step else None
        update(db, "refunds", refund.id, next_at=now + round(step_seconds * 1000) if after else None)
        if step:
            move(db, get(db, refund.id), step, now)


def any_due(db: sqlite3.Connection, now: int) -> bool:
    """True when ``advance_due`` has work."""
    return db.execute("SELECT 1 FROM refunds WHERE next_at <= ? LIMIT 1", (now,)).fetchone() is not None


def next_due(db: sqlite3.Connection, now: int) -> int | None:
    """The next instant at which a refund moves by itself."""
    row = db.execute("SELECT MIN(next_at) AS at FROM refunds WHERE next_at > ?", (now,)).fetchone()
    return None if row["at"] is None else int(row["at"])


def get(db: sqlite3.Connection, refund_id: int) -> Refund:
    """One refund by id; refuses an unknown one as Paystack does."""
    row = db.execute("SELECT * FROM refunds WHERE id = ?", (refund_id,)).fetchone()
    if row is None:
        raise PaystackRefusal("refund_not_found")
    return Refund(**dict(row))


def listed(db: sqlite3.Connection, transaction_id: int | None = None, limit: int = 100) -> list[Refund]:
    """Refunds, newest first."""
    rows = db.execute(
        "SELECT * FROM refunds WHERE (? IS NULL OR transaction_id = ?) ORDER BY id DESC LIMIT ?",
        (transaction_id, transaction_id, limit),
    )
    return [Refund(**dict(row)) for row in rows]


def set_balance(db: sqlite3.Connection, available: int | None) -> None:
    """Give the merchant a balance in subunits; None means endless money."""
    db.execute("DELETE FROM facts WHERE name = 'balance'")
    if available is not None:
        db.execute("INSERT INTO facts (name, value) VALUES ('balance', ?)", (available,))


def document(db: sqlite3.Connection, refund: Refund) -> dict[str, Any]:
    """``data`` of the refund calls."""
    transaction = transactions.get_by_id(db, refund.transaction_id)
    return {
        "id": refund.id,
        "integration": documents.INTEGRATION,
        "domain": transaction.domain,
        "transaction": documents.brief(transaction),
        "status": refund.status,
        "amount": refund.amount,
        "currency": refund.currency,
        "deducted_amount": 0 if refund.status == "pending" else refund.amount,
        "fully_deducted": refund.status != "pending",
        "channel": None,
        "refund_reference": refund.reference,
        "customer_note": refund.customer_note or f"Refund for transaction {transaction.reference}",
        "merchant_note": refund.merchant_note or f"Refund for transaction {transaction.reference}",
        "refunded_by": "merchant@sandbox.test",
        "refunded_at": iso(refund.refunded_at),
        "expected_at": iso(refund.created_at + EXPECTED_AFTER),
        "createdAt": iso(refund.created_at),
    }


def _announce(db: sqlite3.Connection, refund: Refund, transaction: Transaction, now: int) -> None:
    data = {
        "status": refund.status,
        "transaction_reference": transaction.reference,
        "refund_reference": refund.reference,
        "amount": str(refund.amount) if refund.status in AMOUNT_AS_TEXT else refund.amount,
        "currency": refund.currency,
        "processor": "mpgs_zen",
        "customer": {"first_name": None, "last_name": None, "email": transaction.email},
        "integration": documents.INTEGRATION,
        "domain": transaction.domain,
    }
    outbox.announce(db, f"refund.{refund.status}", data, transaction.reference, now)


def _deduct(db: sqlite3.Connection, amount: int) -> None:
    row = db.execute("SELECT value FROM facts WHERE name = 'balance'").fetchone()
    if row is None:
        return
    if row["value"] < amount:
        raise PaystackRefusal("insufficient_balance")
    db.execute("UPDATE facts SET value = value - ? WHERE name = 'balance'", (amount,))


def _total(db: sqlite3.Connection, transaction: Transaction) -> int:
    query = "SELECT COALESCE(SUM(amount), 0) AS total FROM refunds WHERE transaction_id = ? AND status <> 'failed'"
    return int(db.execute(query, (transaction.id,)).fetchone()["total"])
