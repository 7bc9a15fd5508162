"""What a signed body says, understood as far as possible."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

MALFORMED = "malformed"
UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a signed body says: its event, the transaction it is about, and what makes it the same as another."""

    event: str
    reference: str | None
    dedupe_key: bytes


def read(raw: bytes) -> Delivery:
    """Understand a signed body as far as possible; never fails."""
    document = parse(raw)
    if document is None:
        return Delivery(MALFORMED, None, _digest(MALFORMED, raw))
    event = _text(document.get("event")) or UNNAMED
    data = document.get("data")
    facts: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    return Delivery(event[:100], reference_of(facts), _dedupe_key(event, facts, raw))


def parse(raw: bytes) -> Mapping[str, Any] | None:
    """The JSON object in the body, if it is one."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, Mapping) else None


def reference_of(data: Mapping[str, Any]) -> str | None:
    """The reference of the transaction that the data is about: its own, a refund's, or a dispute's."""
    transaction = data.get("transaction")
    nested = transaction.get("reference") if isinstance(transaction, Mapping) else None
    found = _text(data.get("transaction_reference")) or _text(nested) or _text(data.get("reference"))
    return found if found is not None and len(found) <= 100 else None


def _dedupe_key(event: str, data: Mapping[str, Any], raw: bytes) -> bytes:
    """(event, id or reference, status) as the facts ask. Refunds have neither an id nor always a reference of their
    own, so theirs carry the amount too: two partial refunds of one charge are two events.
    """
    identity = [_text(data.get("id")), reference_of(data), _text(data.get("refund_reference"))]
    if not any(identity):
        return _digest(event, raw)
    amount = _text(data.get("amount")) if event.startswith("refund.") else None
    parts = [event, *identity, amount, _text(data.get("status")), _text(data.get("resolution"))]
    return _digest(event, orjson.dumps(parts))


def _digest(event: str, content: bytes) -> bytes:
    return hashlib.sha256(event.encode() + b"\0" + content).digest()


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value) or None
