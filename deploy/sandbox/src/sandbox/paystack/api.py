"""The Paystack API: transactions, refunds and reconciliation, under /paystack."""

import json
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from sandbox.paystack import documents, refunds, transactions
from sandbox.paystack.errors import PaystackRefusal
from sandbox.paystack.listing import list_transactions
from sandbox.paystack.rules import read_order, whole_number
from sandbox.web import Now, TheSettings, TheStore

Document = dict[str, Any]


async def require_key(request: Request, settings: TheSettings) -> None:
    """Authorise the call: ``Authorization: Bearer sk_…``."""
    header = request.headers.get("authorization")
    if not header:
        raise PaystackRefusal("missing_key")
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise PaystackRefusal("malformed_key")
    expected = settings.paystack_secret_key.get_secret_value()
    if not secrets.compare_digest(key.strip().encode(), expected.encode()):
        raise PaystackRefusal("invalid_key")


async def _json_object(request: Request) -> Document:
    raw = await request.body()
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise PaystackRefusal("malformed_body") from None
    if not isinstance(body, dict):
        raise PaystackRefusal("malformed_body")
    return body


Body = Annotated[Document, Depends(_json_object)]

router = APIRouter(prefix="/paystack", tags=["paystack"], dependencies=[Depends(require_key)])


@router.post("/transaction/initialize")
def initialize(body: Body, settings: TheSettings, store: TheStore, now: Now) -> Document:
    """Create a transaction and the page on which it is paid."""
    order = read_order(body)
    with store.begin() as db:
        created = transactions.create(db, order, settings.domain, settings.callback_url, now)
    return _answer(
        "Authorization URL created",
        {
            "authorization_url": f"{settings.public_url}/checkout/{created.access_code}",
            "access_code": created.access_code,
            "reference": created.reference,
        },
    )


@router.get("/transaction/verify/{reference}")
def verify(reference: str, store: TheStore) -> Document:
    """Answers 200 for a failed charge too: ``data.status`` is what counts."""
    with store.read() as db:
        return _answer("Verification successful", documents.verified(db, transactions.get(db, reference)))


@router.get("/transaction")
def list_all(request: Request, store: TheStore) -> Document:
    """Transactions, newest first, filtered and paged."""
    with store.read() as db:
        page = list_transactions(db, request.query_params)
    return {**_answer("Transactions retrieved", page.data), "meta": page.meta}


@router.post("/refund")
def refund(body: Body, settings: TheSettings, store: TheStore, now: Now) -> Document:
    """Queue a refund, whole or in part."""
    name = body.get("transaction")
    if name is None or name == "":
        raise PaystackRefusal("missing_transaction")
    amount = None if body.get("amount") is None else whole_number(body["amount"])
    notes = {key: _text(body.get(key)) for key in ("customer_note", "merchant_note")}
    with store.begin() as db:
        transaction = transactions.get_by_reference_or_id(db, str(name))
        if body.get("currency") not in (None, transaction.currency):
            raise PaystackRefusal("refund_currency", currency=transaction.currency)
        queued = refunds.request(db, transaction, amount, notes, now, settings.refund_step_seconds)
        return _answer("Refund has been queued for processing", refunds.document(db, queued))


@router.get("/refund")
def list_refunds(store: TheStore, transaction: str | None = None) -> Document:
    """Refunds, newest first; ``transaction`` is a reference or an id."""
    with store.read() as db:
        row_id = transactions.get_by_reference_or_id(db, transaction).id if transaction else None
        found = [refunds.document(db, row) for row in refunds.listed(db, row_id)]
    return {**_answer("Refunds retrieved", found), "meta": {"total": len(found), "skipped": 0, "page": 1}}


@router.get("/refund/{refund_id}")
def fetch_refund(refund_id: str, store: TheStore) -> Document:
    """One refund as it stands."""
    with store.read() as db:
        return _answer("Refund retrieved", refunds.document(db, refunds.get(db, _refund_id(refund_id))))


@router.post("/refund/retry_with_customer_details/{refund_id}")
def retry_refund(refund_id: str, body: Body, settings: TheSettings, store: TheStore, now: Now) -> Document:
    """Mend a refund that needs attention with the customer's bank account."""
    account = body.get("refund_account_details")
    if not isinstance(account, dict) or not all(account.get(k) for k in ("currency", "account_number", "bank_id")):
        raise PaystackRefusal("refund_account")
    with store.begin() as db:
        retried = refunds.retry(db, refunds.get(db, _refund_id(refund_id)), now, settings.refund_step_seconds)
        document = refunds.document(db, retried)
    return _answer("Refund retried and has been queued for processing", document)


def _refund_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise PaystackRefusal("refund_not_found")
    return int(text)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _answer(message: str, data: object) -> Document:
    return {"status": True, "message": message, "data": data}
