"""What can happen to a transaction, as rows: from which statuses it may, and what it leaves behind."""

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from sandbox.errors import SandboxProblem
from sandbox.paystack import documents, transactions
from sandbox.paystack.cards import CARDS, PaymentMethod
from sandbox.paystack.money import fees_of
from sandbox.paystack.transactions import OPEN_STATUSES, Transaction
from sandbox.webhooks import outbox


class Happening(NamedTuple):
    """One kind of thing that happens to a transaction."""

    allowed_from: frozenset[str]
    gateway_response: str | None


HAPPENINGS: dict[str, Happening] = {
    "success": Happening(OPEN_STATUSES, "Successful"),
    "failed": Happening(OPEN_STATUSES, "Declined"),
    "abandoned": Happening(OPEN_STATUSES, "The transaction was not completed"),
    "ongoing": Happening(OPEN_STATUSES, None),
    "pending": Happening(OPEN_STATUSES, None),
    "processing": Happening(OPEN_STATUSES, None),
    "queued": Happening(OPEN_STATUSES, None),
    "reversed": Happening(frozenset({"success"}), None),
}


@dataclass(frozen=True, slots=True)
class Payment:
    """How a customer pays; the overrides make the payment differ from what was asked for."""

    card: str = "success"
    amount: int | None = None
    currency: str | None = None
    domain: str | None = None
    fees: int | None = None
    fees_passed_on: bool = False
    announce: bool = True
    force: bool = False


def attempt(db: sqlite3.Connection, transaction: Transaction, card: str, now: int) -> Transaction:
    """The customer pays on the checkout page with one of the test cards."""
    row = CARDS[card]
    if row.status == "success":
        return pay(db, transaction, Payment(card=card), now)
    return _move(db, transaction, row.status, _traces(card, row), force=False)


def pay(db: sqlite3.Connection, transaction: Transaction, payment: Payment, now: int) -> Transaction:
    """The transaction succeeds; charge.success is announced unless the webhook is to be lost."""
    row = CARDS[payment.card]
    requested = transaction.requested_amount if payment.amount is None else payment.amount
    currency = payment.currency or transaction.currency
    fees = fees_of(currency, requested) if payment.fees is None else payment.fees
    paid = _move(
        db,
        transaction,
        "success",
        {
            **_traces(payment.card, row),
            "requested_amount": requested,
            "amount": requested + fees if payment.fees_passed_on else requested,
            "currency": currency,
            "domain": payment.domain or transaction.domain,
            "fees": fees,
            "refund_outcome": transaction.refund_outcome or row.refund_outcome,
            "paid_at": now,
        },
        force=payment.force,
    )
    if payment.announce:
        outbox.announce(db, "charge.success", documents.charge_success(db, paid), paid.reference, now)
    return paid


def move(db: sqlite3.Connection, transaction: Transaction, status: str, *, force: bool = False) -> Transaction:
    """Anything else that happens to a transaction; Paystack announces none of it."""
    response = HAPPENINGS[status].gateway_response
    return _move(db, transaction, status, {"gateway_response": response} if response else {}, force=force)


def _move(
    db: sqlite3.Connection, transaction: Transaction, status: str, changes: dict[str, object], *, force: bool
) -> Transaction:
    if transaction.status not in HAPPENINGS[status].allowed_from and not force:
        raise SandboxProblem(
            409,
            f"Transaction {transaction.reference} is {transaction.status} and cannot become {status}.",
            "Send force:true if Paystack should contradict itself.",
        )
    return transactions.change(db, transaction, status=status, **changes)


def _traces(card: str, row: PaymentMethod) -> dict[str, object]:
    return {"card": card, "channel": row.channel, "gateway_response": row.gateway_response}
