"""Refresh tokens: opaque to the client, stored only as a hash, each made from the one before it.

A session has a random ``seed``; the successor of a token is HMAC-SHA256(seed, token). So two tabs that refresh with
the same token get the *same* successor, the family stays one line, and every older token of the line can be told
from a made-up one by walking forward to the present one: reuse is recognised without keeping a history.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What the cookie holds: which session, and 256 secret bits."""

    session_id: UUID
    secret: bytes

    def encode(self) -> str:
        """The cookie's value."""
        return base64.urlsafe_b64encode(self.session_id.bytes + self.secret).decode()

    @classmethod
    def decode(cls, value: str | None) -> "RefreshToken | None":
        """The token, or None when the value cannot be one."""
        try:
            raw = base64.b64decode((value or "").encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError, ValueError):
            return None
        if len(raw) != 16 + _SECRET_BYTES:
            return None
        return cls(UUID(bytes=raw[:16]), raw[16:])

    @property
    def digest(self) -> bytes:
        """What is stored. 256 random bits need no slow hash."""
        return hashlib.sha256(self.secret).digest()

    def successor(self, seed: bytes) -> "RefreshToken":
        """The next token of the family."""
        return RefreshToken(self.session_id, hmac.digest(seed, self.secret, "sha256"))


def new_secret() -> bytes:
    """256 random bits."""
    return secrets.token_bytes(_SECRET_BYTES)


class Use(Enum):
    """What a presented token is to its family."""

    CURRENT = "current"
    PREVIOUS = "previous"
    OLDER = "older"
    UNKNOWN = "unknown"


def recognise(token: RefreshToken, *, seed: bytes, current: bytes, generation: int) -> Use:
    """Where ``token`` stands in the family whose present token has the hash ``current``."""
    step = token
    for age in range(generation + 1):
        if hmac.compare_digest(step.digest, current):
            return (Use.CURRENT, Use.PREVIOUS)[age] if age < 2 else Use.OLDER
        step = step.successor(seed)
    return Use.UNKNOWN
