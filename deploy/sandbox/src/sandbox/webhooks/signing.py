"""How Paystack signs a webhook, and how a test may have it signed wrongly."""

import hashlib
import hmac
from collections.abc import Callable

HEADER = "x-paystack-signature"

SignedParts = tuple[bytes, dict[str, str]]


def signature_of(body: bytes, secret_key: str) -> str:
    """Lower-case hex HMAC-SHA512 of the raw body with the secret key."""
    return hmac.new(secret_key.encode(), body, hashlib.sha512).hexdigest()


def _honest(body: bytes, secret_key: str) -> SignedParts:
    return body, {HEADER: signature_of(body, secret_key)}


def _altered_body(body: bytes, secret_key: str) -> SignedParts:
    return body[:-1] + b',"tampered":true}', {HEADER: signature_of(body, secret_key)}


def _wrong_key(body: bytes, _secret_key: str) -> SignedParts:
    return body, {HEADER: signature_of(body, "sk_test_of_somebody_else")}


def _unsigned(body: bytes, _secret_key: str) -> SignedParts:
    return body, {}


TAMPERINGS: dict[str | None, Callable[[bytes, str], SignedParts]] = {
    None: _honest,
    "body": _altered_body,
    "signature": _wrong_key,
    "unsigned": _unsigned,
}


def signed(body: bytes, secret_key: str, tampering: str | None = None) -> SignedParts:
    """The bytes to send and the headers to send them with."""
    return TAMPERINGS[tampering](body, secret_key)
