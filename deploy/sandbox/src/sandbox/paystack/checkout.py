"""The checkout page: where a customer pays, fails to pay, or walks away."""

from sqlite3 import Connection
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from sandbox.errors import SandboxProblem
from sandbox.pages.render import page
from sandbox.paystack import charges, transactions
from sandbox.paystack.cards import offered
from sandbox.paystack.money import written
from sandbox.paystack.rules import is_web_url
from sandbox.paystack.transactions import Transaction
from sandbox.web import Now, TheStore

ABANDON = "abandon"

router = APIRouter(tags=["checkout"])


@router.get("/checkout/{access_code}")
def show(request: Request, access_code: str, store: TheStore) -> Response:
    """The page; looking at it changes nothing."""
    with store.read() as db:
        transaction = _get(transactions.find_by_access_code(db, access_code))
    return page(
        request,
        "checkout.html",
        transaction=transaction,
        amount=written(transaction.currency, transaction.requested_amount),
        cards=offered(transaction.currency, transaction.channel_list),
        details=custom_fields(transaction.metadata_value),
        back_url=return_url(transaction),
    )


@router.post("/checkout/{access_code}")
def submit(access_code: str, card: Annotated[str, Form()], store: TheStore, now: Now) -> Response:
    """The customer presses a button; then back to the merchant, whatever came of it."""
    with store.begin() as db:
        transaction = _get(transactions.find_by_access_code(db, access_code))
        if not transaction.is_final:
            transaction = _press(db, transaction, card, now)
    leave = _cancel_url(transaction) if card == ABANDON else None
    url = leave or return_url(transaction) or f"/checkout/{access_code}"
    return RedirectResponse(url, status_code=303)


def return_url(transaction: Transaction) -> str | None:
    """The merchant's callback with ``reference`` and ``trxref`` added."""
    if not transaction.callback_url:
        return None
    parts = urlsplit(transaction.callback_url)
    query = [*parse_qsl(parts.query, keep_blank_values=True)]
    query += [("trxref", transaction.reference), ("reference", transaction.reference)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def custom_fields(metadata: Any) -> list[tuple[str, str]]:
    """What the merchant wants the customer to see: the only metadata that is displayed."""
    fields = metadata.get("custom_fields") if isinstance(metadata, dict) else None
    if not isinstance(fields, list):
        return []
    return [
        (str(field.get("display_name") or field.get("variable_name") or ""), str(field.get("value") or ""))
        for field in fields
        if isinstance(field, dict)
    ]


def _press(db: Connection, transaction: Transaction, card: str, now: int) -> Transaction:
    if card == ABANDON:
        return charges.move(db, transaction, "abandoned")
    if card not in offered(transaction.currency, transaction.channel_list):
        raise SandboxProblem(422, f"This checkout offers no '{card}'.", "Choose one of the buttons on the page.")
    return charges.attempt(db, transaction, card, now)


def _cancel_url(transaction: Transaction) -> str | None:
    metadata = transaction.metadata_value
    url = metadata.get("cancel_action") if isinstance(metadata, dict) else None
    return url if isinstance(url, str) and is_web_url(url) else None


def _get(transaction: Transaction | None) -> Transaction:
    if transaction is None:
        raise SandboxProblem(
            404, "There is no such checkout.", "Ask the shop for a new payment link; this one may be mistyped."
        )
    return transaction
