"""Cursors: opaque to clients, a position in an ordering to us."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query

from chassis.errors import Unprocessable

DEFAULT_LIMIT = 20
MAX_LIMIT = 50

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="how many at most")]
CursorText = Annotated[str | None, Query(max_length=300, description="`nextCursor` of the page before")]

_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: pinned or not, when it was made, its id."""

    pinned: bool
    created_at: datetime
    id: UUID

    def to_text(self) -> str:
        """As it travels."""
        moment = round(self.created_at.timestamp() * _MICROSECONDS)
        packed = json.dumps([int(self.pinned), moment, self.id.hex], separators=(",", ":"))
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Read a cursor; one that we did not make is the client's mistake (422)."""
        if text is None:
            return None
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            pinned, moment, hex_id = json.loads(raw)
            seconds, microseconds = divmod(int(moment), _MICROSECONDS)
            created_at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)
            return cls(bool(pinned), created_at, UUID(hex=hex_id))
        except (binascii.Error, ValueError, TypeError, OverflowError, OSError, AttributeError, RecursionError):
            raise Unprocessable.field("cursor", "is no nextCursor of this list") from None
