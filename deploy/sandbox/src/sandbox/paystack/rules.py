"""What POST /transaction/initialize accepts: one small check per parameter."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.paystack.errors import PaystackRefusal
from sandbox.paystack.money import CURRENCIES, LARGEST_AMOUNT, written

REFERENCE = re.compile(r"[A-Za-z0-9.=-]+")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
CHANNELS = (
    "card",
    "bank",
    "ussd",
    "qr",
    "mobile_money",
    "bank_transfer",
    "eft",
    "apple_pay",
    "capitec_pay",
    "payattitude",
)
DEFAULT_CURRENCY = "NGN"


@dataclass(frozen=True, slots=True)
class Order:
    """A valid request for a transaction; ``reference`` is None when Paystack is to choose one."""

    email: str
    amount: int
    currency: str
    reference: str | None
    callback_url: str | None
    channels: tuple[str, ...]
    metadata: Any


def read_order(body: Mapping[str, Any]) -> Order:
    """Check every parameter; the first bad one refuses the request."""
    currency = _currency(body.get("currency"))
    return Order(
        email=_email(body.get("email")),
        amount=_charge_amount(body.get("amount"), currency),
        currency=currency,
        reference=_reference(body.get("reference")),
        callback_url=_callback_url(body.get("callback_url")),
        channels=_channels(body.get("channels")),
        metadata=read_metadata(body.get("metadata")),
    )


def whole_number(value: object) -> int:
    """An amount as an integer or a string of digits, in subunits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    raise PaystackRefusal("invalid_amount")


def read_metadata(value: object) -> Any:
    """Metadata comes as an object (the specification) or as stringified JSON (the documentation)."""
    if value is None or isinstance(value, dict):
        return value
    if not isinstance(value, str):
        raise PaystackRefusal("metadata")
    try:
        parsed = json.loads(value) if value else None
    except ValueError:
        return value
    return parsed if isinstance(parsed, dict) else value or None


def _email(value: object) -> str:
    if value is None or value == "":
        raise PaystackRefusal("missing_email")
    if not isinstance(value, str) or not EMAIL.fullmatch(value):
        raise PaystackRefusal("invalid_email")
    return value


def _charge_amount(value: object, currency: str) -> int:
    if value is None or value == "":
        raise PaystackRefusal("missing_amount")
    amount = whole_number(value)
    minimum = CURRENCIES[currency].minimum
    if amount < minimum:
        raise PaystackRefusal("small_amount", minimum=written(currency, minimum))
    if amount > LARGEST_AMOUNT:
        raise PaystackRefusal("large_amount")
    return amount


def _currency(value: object) -> str:
    currency = DEFAULT_CURRENCY if value is None else value
    if not isinstance(currency, str) or currency not in CURRENCIES:
        raise PaystackRefusal("currency", currencies=", ".join(CURRENCIES))
    return currency


def _reference(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not REFERENCE.fullmatch(value):
        raise PaystackRefusal("reference")
    return value


def _callback_url(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not is_web_url(value):
        raise PaystackRefusal("callback_url")
    return value


def is_web_url(value: str) -> bool:
    """True for an absolute http or https URL, so that a redirect can go nowhere odd."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _channels(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(channel in CHANNELS for channel in value):
        raise PaystackRefusal("channels", channels=", ".join(CHANNELS))
    return tuple(value)
