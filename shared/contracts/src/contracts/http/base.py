"""What every HTTP model shares: camelCase on the wire, snake_case in Python."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel


def to_wire(instant: datetime) -> str:
    """ISO 8601 in UTC with a trailing ``Z``; microseconds only where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


#: An aware instant; serialised as ISO 8601 UTC with ``Z``.
Instant = Annotated[datetime, PlainSerializer(to_wire, return_type=str, when_used="json")]


class ApiModel(BaseModel):
    """An answer: every field is always present, null where there is none."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        serialize_by_alias=True,
        frozen=True,
        from_attributes=True,
    )


class ApiInput(ApiModel):
    """A student's request body: unknown fields are ignored."""


class AdminInput(ApiModel):
    """An administrative document: unknown fields are refused, so a typo cannot pass silently."""

    model_config = ConfigDict(extra="forbid")


class Problem(ApiModel):
    """RFC 9457 problem document (``application/problem+json``)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str | None = None
