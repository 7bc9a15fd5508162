"""Transactions as stored rows: creating, finding and listing them."""

import json
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from sandbox.paystack.errors import PaystackRefusal
from sandbox.paystack.rules import Order
from sandbox.store import insert, update

FINAL_STATUSES = frozenset({"success", "failed", "reversed"})
OPEN_STATUSES = frozenset({"abandoned", "ongoing", "pending", "processing", "queued"})


@dataclass(frozen=True, slots=True)
class Transaction:
    """One row; amounts are subunits, instants milliseconds, ``metadata`` and ``channels`` JSON."""

    id: int
    reference: str
    access_code: str
    customer_id: int
    email: str
    status: str
    domain: str
    currency: str
    requested_amount: int
    amount: int
    fees: int | None
    channel: str | None
    channels: str | None
    callback_url: str | None
    metadata: str | None
    gateway_response: str | None
    message: str | None
    card: str | None
    refund_outcome: str | None
    created_at: int
    paid_at: int | None

    @property
    def is_final(self) -> bool:
        """Paystack: abandoned, ongoing, pending, processing and queued can still turn into success."""
        return self.status in FINAL_STATUSES

    @property
    def metadata_value(self) -> Any:
        """The metadata as it was sent, or None."""
        return None if self.metadata is None else json.loads(self.metadata)

    @property
    def channel_list(self) -> tuple[str, ...]:
        """The channels to which the merchant restricted the checkout; empty means all."""
        return tuple(json.loads(self.channels)) if self.channels else ()


def create(db: sqlite3.Connection, order: Order, domain: str, callback_url: str | None, now: int) -> Transaction:
    """Store a new transaction; it is ``abandoned`` until the customer does something."""
    reference = order.reference or secrets.token_hex(8)
    if find(db, reference) is not None:
        raise PaystackRefusal("duplicate_reference")
    row_id = insert(
        db,
        "transactions",
        reference=reference,
        access_code=secrets.token_hex(8),
        customer_id=_customer_id(db, order.email),
        email=order.email,
        status="abandoned",
        domain=domain,
        currency=order.currency,
        requested_amount=order.amount,
        amount=order.amount,
        channels=json.dumps(order.channels) if order.channels else None,
        callback_url=order.callback_url or callback_url,
        metadata=None if order.metadata is None else json.dumps(order.metadata),
        created_at=now,
    )
    return get_by_id(db, row_id)


def find(db: sqlite3.Connection, reference: str) -> Transaction | None:
    """The transaction with this reference, if there is one."""
    return _one(db, "SELECT * FROM transactions WHERE reference = ?", reference)


def get(db: sqlite3.Connection, reference: str) -> Transaction:
    """The transaction with this reference; refuses an unknown one as Paystack does."""
    transaction = find(db, reference)
    if transaction is None:
        raise PaystackRefusal("transaction_not_found")
    return transaction


def get_by_id(db: sqlite3.Connection, row_id: int) -> Transaction:
    """The transaction with this id."""
    transaction = _one(db, "SELECT * FROM transactions WHERE id = ?", row_id)
    if transaction is None:
        raise PaystackRefusal("transaction_not_found")
    return transaction


def get_by_reference_or_id(db: sqlite3.Connection, name: str) -> Transaction:
    """Refunds name a transaction by reference or by id; a reference of digits wins."""
    transaction = find(db, name)
    if transaction is None and name.isascii() and name.isdigit() and len(name) < 19:
        return get_by_id(db, int(name))
    if transaction is None:
        raise PaystackRefusal("transaction_not_found")
    return transaction


def find_by_access_code(db: sqlite3.Connection, access_code: str) -> Transaction | None:
    """The transaction whose checkout page this is."""
    return _one(db, "SELECT * FROM transactions WHERE access_code = ?", access_code)


def change(db: sqlite3.Connection, transaction: Transaction, **values: object) -> Transaction:
    """Change columns and answer the row as it is now."""
    update(db, "transactions", transaction.id, **values)
    return get_by_id(db, transaction.id)


def charged_back(db: sqlite3.Connection, transaction: Transaction) -> int:
    """What lost disputes took, in subunits."""
    query = (
        "SELECT COALESCE(SUM(refund_amount), 0) AS total FROM disputes "
        "WHERE transaction_id = ? AND resolution IS NOT NULL AND resolution <> 'declined'"
    )
    return int(db.execute(query, (transaction.id,)).fetchone()["total"])


def reverse_when_all_is_back(db: sqlite3.Connection, transaction: Transaction) -> Transaction:
    """A charge is reversed once refunds and lost disputes have taken all of it."""
    query = "SELECT COALESCE(SUM(amount), 0) AS total FROM refunds WHERE transaction_id = ? AND status = 'processed'"
    refunded = int(db.execute(query, (transaction.id,)).fetchone()["total"])
    if refunded + charged_back(db, transaction) < transaction.amount:
        return transaction
    return change(db, transaction, status="reversed")


def recent(db: sqlite3.Connection, limit: int = 50) -> list[Transaction]:
    """The newest transactions first."""
    rows = db.execute("SELECT * FROM transactions ORDER BY id DESC LIMIT ?", (limit,))
    return [Transaction(**dict(row)) for row in rows]


def _customer_id(db: sqlite3.Connection, email: str) -> int:
    row = db.execute("SELECT id FROM customers WHERE email = ?", (email,)).fetchone()
    if row:
        return int(row["id"])
    return insert(db, "customers", email=email, code=f"CUS_{secrets.token_hex(8)[:15]}")


def customer_code(db: sqlite3.Connection, customer_id: int) -> str:
    """The code under which Paystack knows the customer."""
    row = db.execute("SELECT code FROM customers WHERE id = ?", (customer_id,)).fetchone()
    return str(row["code"])


def _one(db: sqlite3.Connection, query: str, *values: object) -> Transaction | None:
    row = db.execute(query, values).fetchone()
    return Transaction(**dict(row)) if row else None
