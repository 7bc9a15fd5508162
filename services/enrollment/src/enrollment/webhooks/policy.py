"""Whose a delivery is, where it may come from, and when to try again; pure."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address, ip_network

#: After so many tries, over about a day, a person must look (reconciliation goes on all the same).
MOST_ATTEMPTS = 24
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(hours=1)


def is_signed(raw: bytes, signature: str | None, secrets: Sequence[str]) -> bool:
    """Whether one of our keys signed these very bytes: HMAC-SHA512, lower-case hex, compared in constant time."""
    given = (signature or "").encode("latin-1", "replace")
    matches = [
        hmac.compare_digest(hmac.new(secret.encode(), raw, hashlib.sha512).hexdigest().encode(), given)
        for secret in secrets
    ]
    return any(matches)


def is_allowed_source(address: str, networks: Sequence[str]) -> bool:
    """Whether a delivery from this address is looked at at all; any address is when no networks are named."""
    if not networks:
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in ip_network(network, strict=False) for network in networks)


def pause(attempts: int) -> timedelta:
    """How long to wait before trying again: from one second, doubling, to an hour."""
    found: timedelta = min(FIRST_PAUSE * (1 << min(attempts, 16)), LONGEST_PAUSE)
    return found
