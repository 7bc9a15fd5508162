"""Cursor paging: a cursor is opaque to clients and names the last row of the page before."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.errors import Unprocessable

Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str | None, Query(max_length=200)]


def encode(last: str) -> str:
    """The cursor that follows the row with this key."""
    return urlsafe_b64encode(last.encode()).decode().rstrip("=")


def decode(cursor: str | None) -> str | None:
    """The key in a cursor of ours; 422 for any other text."""
    if cursor is None:
        return None
    try:
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError as error:
        raise Unprocessable.field("cursor", "is not a cursor of this list") from error


def decode_id(cursor: str | None) -> UUID | None:
    """The id in a cursor of ours; 422 for any other text."""
    key = decode(cursor)
    try:
        return None if key is None else UUID(key)
    except ValueError as error:
        raise Unprocessable.field("cursor", "is not a cursor of this list") from error
