"""The form of a stream's entries: FastStream's, one field with the whole body."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import ValidationError

from contracts.events import Envelope

DATA_FIELD = b"__data__"


def body_of(fields: Mapping[bytes, bytes]) -> bytes:
    """What an entry carries; of one that is none of ours all its fields, for the record (no event looks like that)."""
    body = fields.get(DATA_FIELD)
    return repr(dict(fields)).encode() if body is None else body


def event_id_of(fields: Mapping[bytes, bytes]) -> UUID | None:
    """Which event an entry carries; None for what is none of ours."""
    try:
        return Envelope.parse(body_of(fields)).id
    except (ValidationError, ValueError):
        return None
