"""/sandbox/transactions, /sandbox/refunds, /sandbox/disputes: what customers and banks do."""

import sqlite3
from typing import Annotated, Any

from fastapi import APIRouter, Body

from sandbox.control.schemas import (
    BalanceIn,
    DisputeIn,
    MoveIn,
    OngoingIn,
    PayIn,
    RefundOutcomeIn,
    RefundStatusIn,
    ResolutionIn,
    TransferRejectedIn,
)
from sandbox.errors import SandboxProblem
from sandbox.paystack import charges, disputes, documents, refunds, transactions
from sandbox.paystack.charges import Payment
from sandbox.paystack.errors import PaystackRefusal
from sandbox.paystack.transactions import Transaction
from sandbox.web import Now, TheSettings, TheStore
from sandbox.webhooks import outbox

Document = dict[str, Any]

router = APIRouter(prefix="/sandbox", tags=["control: payments"])


@router.get("/transactions")
def list_transactions(store: TheStore, settings: TheSettings, limit: int = 50) -> list[Document]:
    """The newest transactions."""
    with store.read() as db:
        return [_document(db, row, settings.public_url) for row in transactions.recent(db, min(limit, 1000))]


@router.get("/transactions/{reference}")
def get_transaction(reference: str, store: TheStore, settings: TheSettings) -> Document:
    """One transaction, as verify writes it, with its checkout."""
    with store.read() as db:
        return _document(db, _get(db, reference), settings.public_url)


@router.post("/transactions/{reference}/pay")
def pay(
    reference: str, store: TheStore, settings: TheSettings, now: Now, body: Annotated[PayIn | None, Body()] = None
) -> Document:
    """The customer pays, perhaps late, perhaps not what was asked."""
    payment = Payment(**(body or PayIn()).model_dump())
    with store.begin() as db:
        return _document(db, charges.pay(db, _get(db, reference), payment, now), settings.public_url)


@router.post("/transactions/{reference}/fail")
def fail(
    reference: str, store: TheStore, settings: TheSettings, body: Annotated[MoveIn | None, Body()] = None
) -> Document:
    """The payment fails for good; no webhook says so."""
    return _move(store, settings, reference, "failed", force=bool(body and body.force))


@router.post("/transactions/{reference}/abandon")
def abandon(
    reference: str, store: TheStore, settings: TheSettings, body: Annotated[MoveIn | None, Body()] = None
) -> Document:
    """The customer walks away; a later payment is still possible."""
    return _move(store, settings, reference, "abandoned", force=bool(body and body.force))


@router.post("/transactions/{reference}/ongoing")
def ongoing(
    reference: str, store: TheStore, settings: TheSettings, body: Annotated[OngoingIn | None, Body()] = None
) -> Document:
    """The payment is under way: ongoing, pending, processing or queued."""
    wanted = body or OngoingIn()
    return _move(store, settings, reference, wanted.status, force=wanted.force)


@router.post("/transactions/{reference}/reverse")
def reverse(
    reference: str, store: TheStore, settings: TheSettings, body: Annotated[MoveIn | None, Body()] = None
) -> Document:
    """Paystack takes the charge back by itself; no webhook says so."""
    return _move(store, settings, reference, "reversed", force=bool(body and body.force))


@router.post("/transactions/{reference}/bank-transfer-rejected")
def reject_transfer(
    reference: str, store: TheStore, now: Now, body: Annotated[TransferRejectedIn | None, Body()] = None
) -> Document:
    """A transfer that does not fit is sent back: bank.transfer.rejected; the status stays."""
    wanted = body or TransferRejectedIn()
    with store.begin() as db:
        transaction = _get(db, reference)
        data = {
            "bank_transfer": {
                "amount": str(wanted.amount or transaction.requested_amount),
                "message_type": wanted.message_type,
                "transaction_id": str(transaction.id),
            },
            "customer": documents.customer(db, transaction),
        }
        return {"deliveries": outbox.announce(db, "bank.transfer.rejected", data, reference, now)}


@router.put("/transactions/{reference}/refund-outcome")
def set_refund_outcome(reference: str, store: TheStore, body: RefundOutcomeIn) -> Document:
    """Decide beforehand what refunds of this transaction come to."""
    with store.begin() as db:
        transactions.change(db, _get(db, reference), refund_outcome=body.outcome)
    return {"reference": reference, "outcome": body.outcome}


@router.get("/refunds")
def list_refunds(store: TheStore, reference: str | None = None) -> list[Document]:
    """Refunds, newest first."""
    with store.read() as db:
        row_id = _get(db, reference).id if reference else None
        return [refunds.document(db, row) for row in refunds.listed(db, row_id)]


@router.post("/refunds/{refund_id}/move")
def move_refund(refund_id: int, store: TheStore, now: Now, body: RefundStatusIn) -> Document:
    """Bring a refund to a status now, with its webhook."""
    with store.begin() as db:
        moved = refunds.move(db, refunds.get(db, refund_id), body.status, now, force=body.force)
        return refunds.document(db, moved)


@router.put("/balance")
def set_balance(store: TheStore, body: BalanceIn) -> Document:
    """Make refunds run out of money, or not."""
    with store.begin() as db:
        refunds.set_balance(db, body.available)
    return {"available": body.available}


@router.post("/transactions/{reference}/disputes", status_code=201)
def open_dispute(
    reference: str, store: TheStore, now: Now, body: Annotated[DisputeIn | None, Body()] = None
) -> Document:
    """The customer's bank disputes the charge."""
    wanted = body or DisputeIn()
    with store.begin() as db:
        opened = disputes.open_dispute(db, _get(db, reference), amount=wanted.amount, category=wanted.category, now=now)
        return disputes.document(db, opened)


@router.get("/disputes")
def list_disputes(store: TheStore, reference: str | None = None) -> list[Document]:
    """Disputes, newest first."""
    with store.read() as db:
        return [disputes.document(db, row) for row in disputes.listed(db, reference)]


@router.post("/disputes/{dispute_id}/remind")
def remind(dispute_id: int, store: TheStore, now: Now) -> Document:
    """Paystack reminds the merchant."""
    with store.begin() as db:
        return disputes.document(db, disputes.remind(db, disputes.get(db, dispute_id), now))


@router.post("/disputes/{dispute_id}/resolve")
def resolve(dispute_id: int, store: TheStore, now: Now, body: ResolutionIn) -> Document:
    """The dispute is won or lost."""
    with store.begin() as db:
        return disputes.document(db, disputes.resolve(db, disputes.get(db, dispute_id), body.outcome, now))


def _move(store: TheStore, settings: TheSettings, reference: str, status: str, *, force: bool) -> Document:
    with store.begin() as db:
        return _document(db, charges.move(db, _get(db, reference), status, force=force), settings.public_url)


def _get(db: sqlite3.Connection, reference: str) -> Transaction:
    try:
        return transactions.get(db, reference)
    except PaystackRefusal:
        raise SandboxProblem(
            404, f"There is no transaction {reference}.", "GET /sandbox/transactions lists them."
        ) from None


def _document(db: sqlite3.Connection, transaction: Transaction, public_url: str) -> Document:
    return {
        **documents.verified(db, transaction),
        "access_code": transaction.access_code,
        "authorization_url": f"{public_url}/checkout/{transaction.access_code}",
        "callback_url": transaction.callback_url,
    }
