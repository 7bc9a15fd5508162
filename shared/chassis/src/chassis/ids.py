"""Identifiers: UUIDv7 (RFC 9562), so that new rows land at the end of the clustered index."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A new time-ordered identifier."""
    return uuid_utils.compat.uuid7()
