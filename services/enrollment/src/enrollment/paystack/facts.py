"""What we take from Paystack's documents, read tolerantly: a field of the wrong type is a field that is missing.

Facts: refund amounts come as strings or ints, ``metadata`` may be ``""``, ``null``, ``0`` or an object, and the
official specification contradicts itself; so nothing here validates a whole document.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

UNSIGNED_BIGINT = 2**64
BIGINT = 2**63


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where the student pays."""

    authorization_url: str
    access_code: str
    reference: str


@dataclass(frozen=True, slots=True)
class Charge:
    """A transaction as the verify call tells it. ``status`` is ``data.status``, never the top-level one.

    ``requested_minor`` is what we asked for; ``amount_minor`` what was taken, with fees passed to the customer.
    """

    reference: str
    status: str
    amount_minor: int | None
    requested_minor: int | None
    currency: str | None
    domain: str | None
    paid_at: datetime | None = None
    provider_id: int | None = None
    message: str | None = None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> "Charge":
        """``data`` of a verify answer."""
        return cls(
            reference=text(data.get("reference")) or "",
            status=(text(data.get("status")) or "unknown").lower(),
            amount_minor=money(data.get("amount")),
            requested_minor=money(data.get("requested_amount")),
            currency=text(data.get("currency")),
            domain=text(data.get("domain")),
            paid_at=instant(data.get("paid_at")) or instant(data.get("paidAt")),
            provider_id=identifier(data.get("id")),
            message=text(data.get("gateway_response")),
        )


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """A refund as the refund calls tell it. ``note`` is the merchant note: there we write our own id."""

    provider_id: int | None
    status: str
    amount_minor: int | None
    note: str | None
    refund_reference: str | None = None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> "ProviderRefund":
        """One refund of an answer."""
        return cls(
            provider_id=identifier(data.get("id")),
            status=refund_status(data.get("status")),
            amount_minor=money(data.get("amount")),
            note=text(data.get("merchant_note")),
            refund_reference=short(data.get("refund_reference")),
        )


@dataclass(frozen=True, slots=True)
class RefundNotice:
    """A ``refund.*`` event."""

    reference: str
    status: str
    amount_minor: int
    currency: str | None
    refund_reference: str | None
    provider_id: int | None

    @classmethod
    def parse(cls, event: str, data: Mapping[str, Any]) -> "RefundNotice | None":
        """The event's data, or None when it does not say which money it is about."""
        reference, amount = text(data.get("transaction_reference")), money(data.get("amount"))
        if reference is None or amount is None:
            return None
        return cls(
            reference=reference,
            status=refund_status(event.removeprefix("refund.")),
            amount_minor=amount,
            currency=text(data.get("currency")),
            refund_reference=short(data.get("refund_reference")),
            provider_id=identifier(data.get("id")),
        )


@dataclass(frozen=True, slots=True)
class DisputeNotice:
    """A ``charge.dispute.*`` event."""

    provider_id: int
    reference: str
    status: str
    resolution: str | None
    amount_minor: int | None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> "DisputeNotice | None":
        """The event's data, or None when it does not say which dispute of which transaction it is."""
        provider_id, transaction = identifier(data.get("id")), data.get("transaction")
        reference = text(transaction.get("reference")) if isinstance(transaction, Mapping) else None
        if provider_id is None or reference is None:
            return None
        return cls(
            provider_id=provider_id,
            reference=reference,
            status=(text(data.get("status")) or "").lower(),
            resolution=short(data.get("resolution")),
            amount_minor=money(data.get("refund_amount")),
        )


def text(value: object) -> str | None:
    """A non-empty string; numbers become strings, anything else is missing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip()[:1000] or None


def short(value: object) -> str | None:
    """A name of at most 100 characters."""
    found = text(value)
    return found if found is not None and len(found) <= 100 else None


def money(value: object) -> int | None:
    """Minor units: an int, an integral float or a string of digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        value = int(value)
    return value if isinstance(value, int) and 0 <= value < BIGINT else None


def identifier(value: object) -> int | None:
    """An unsigned 64-bit id."""
    number = money(value) if not isinstance(value, int) or isinstance(value, bool) else value
    return number if number is not None and 0 <= number < UNSIGNED_BIGINT else None


def instant(value: object) -> datetime | None:
    """An ISO 8601 instant; without an offset it is UTC, as Paystack writes it."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def refund_status(value: object) -> str:
    """One of ours: pending, processing, processed, failed, needs_attention; pending when it is another."""
    found = (text(value) or "").lower().replace("-", "_")
    return found if found in {"pending", "processing", "processed", "failed", "needs_attention"} else "pending"
