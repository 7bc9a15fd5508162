"""The form of a stream's entries: FastStream's, one field with the whole body."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import ValidationError

from contracts.events import Envelope

DATA_FIELD = b"__data__"


def event_id_of(fields: Mapping[bytes, bytes]) -> UUID | None:
    """Which event an entry carries; None for what is none of ours."""
    try:
        return Envelope.parse(fields.get(DATA_FIELD, b"")).id
    except (ValidationError, ValueError):
        return None
