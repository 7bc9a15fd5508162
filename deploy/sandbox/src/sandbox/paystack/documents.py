"""The JSON of transactions, as verify, the list and the webhook each write it."""

import sqlite3
from typing import Any

from sandbox.clock import iso
from sandbox.paystack.cards import CARDS
from sandbox.paystack.transactions import Transaction, customer_code

INTEGRATION = 412829
NO_METADATA = {"verify": "", "list": None, "webhook": 0}
"""Paystack writes missing metadata in as many ways as it has places for it."""


def customer(db: sqlite3.Connection, transaction: Transaction) -> dict[str, Any]:
    """The customer as every answer shows it."""
    return {
        "id": transaction.customer_id,
        "first_name": None,
        "last_name": None,
        "email": transaction.email,
        "customer_code": customer_code(db, transaction.customer_id),
        "phone": None,
        "metadata": None,
        "risk_action": "default",
        "international_format_phone": None,
    }


def authorization(transaction: Transaction) -> dict[str, Any]:
    """How the customer paid; empty until the customer has tried."""
    card = CARDS.get(transaction.card or "")
    if card is None:
        return {}
    return {
        "authorization_code": f"AUTH_{transaction.access_code[:10]}",
        "bin": card.number[:6],
        "last4": card.last4,
        "exp_month": "12",
        "exp_year": "2030",
        "channel": transaction.channel,
        "card_type": "visa" if transaction.channel == "card" else "",
        "bank": "TEST BANK",
        "country_code": "NG",
        "brand": "visa" if transaction.channel == "card" else "",
        "reusable": transaction.channel == "card",
        "signature": f"SIG_{transaction.access_code}",
        "account_name": None,
    }


def verified(db: sqlite3.Connection, transaction: Transaction) -> dict[str, Any]:
    """``data`` of GET /transaction/verify/:reference."""
    return {
        **_shared(db, transaction, "verify"),
        "receipt_number": None,
        "message": transaction.message,
        "log": {"attempts": 1 if transaction.card else 0, "success": transaction.status == "success", "history": []},
        "paidAt": iso(transaction.paid_at),
        "createdAt": iso(transaction.created_at),
        "requested_amount": transaction.requested_amount,
        "order_id": None,
        "pos_transaction_data": None,
        "source": None,
        "fees_breakdown": None,
        "fees_split": None,
        "split": {},
        "subaccount": {},
        "plan_object": {},
        "plan": None,
        "transaction_date": iso(transaction.created_at),
    }


def listed(db: sqlite3.Connection, transaction: Transaction) -> dict[str, Any]:
    """One entry of GET /transaction."""
    return {
        **_shared(db, transaction, "list"),
        "message": transaction.message,
        "requested_amount": transaction.requested_amount,
        "source": {"source": "merchant_api", "type": "api", "identifier": None},
        "plan": {},
        "split": {},
        "subaccount": {},
    }


def charge_success(db: sqlite3.Connection, transaction: Transaction) -> dict[str, Any]:
    """``data`` of charge.success: no requested amount, so the charge must be verified."""
    return {
        **_shared(db, transaction, "webhook"),
        "message": transaction.message,
        "log": None,
        "paidAt": iso(transaction.paid_at),
        "plan": {},
        "subaccount": {},
        "split": {},
        "source": {"type": "api", "source": "merchant_api", "entry_point": "transaction_initialize"},
    }


def brief(transaction: Transaction) -> dict[str, Any]:
    """A transaction inside another document, such as a dispute."""
    return {
        "id": transaction.id,
        "domain": transaction.domain,
        "status": transaction.status,
        "reference": transaction.reference,
        "amount": transaction.amount,
        "gateway_response": transaction.gateway_response,
        "paid_at": iso(transaction.paid_at),
        "created_at": iso(transaction.created_at),
        "channel": transaction.channel,
        "currency": transaction.currency,
        "fees": transaction.fees,
    }


def _shared(db: sqlite3.Connection, transaction: Transaction, place: str) -> dict[str, Any]:
    metadata = transaction.metadata_value
    return {
        **brief(transaction),
        "ip_address": "127.0.0.1" if transaction.card else None,
        "metadata": NO_METADATA[place] if metadata is None else metadata,
        "authorization": authorization(transaction),
        "customer": customer(db, transaction),
    }
