"""What every event is, and the envelope it travels in.

An event is a frozen model in the past tense. Its `sequence` is the version of the aggregate it is about; it travels
in the envelope, beside the data, and lets a projection keep the newest whatever the order of arrival.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

UtcTime = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]
"""An instant: needs an offset on the wire, is UTC in Python."""

Minor = Annotated[int, Field(ge=0)]
"""Money in minor units of the currency beside it (kobo, cents)."""

Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
"""ISO 4217."""

EVENT_TYPES: dict[str, type[Event]] = {}
"""Wire type -> event class, of every event of the platform."""


class UnknownEventType(LookupError):
    """The envelope is sound, but this code knows no such event (a newer service published it)."""


class Event(BaseModel):
    """A fact that has happened to one aggregate. Unknown fields are ignored, so that fields can be added."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    source: ClassVar[str]
    subject_field: ClassVar[str]

    sequence: Annotated[int, Field(ge=0)]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        if "type" not in cls.__dict__:
            return
        if cls.type in EVENT_TYPES:
            raise TypeError(f"two events are called {cls.type}")
        EVENT_TYPES[cls.type] = cls

    @property
    def subject(self) -> str:
        """The id of the aggregate, as text."""
        return str(getattr(self, self.subject_field))

    def data(self) -> dict[str, Any]:
        """The fields as JSON values, without the sequence, which the envelope carries."""
        return self.model_dump(mode="json", exclude={"sequence"})


class Envelope(BaseModel):
    """CloudEvents 1.0 around an event, plus its `sequence`, its W3C `traceparent`, and as `traceorigin` the
    traceparent of the earlier trace that it goes back to, if any (a completion goes back to the enrollment).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = "1.0"
    id: UUID
    source: str
    type: str
    subject: str
    time: UtcTime
    sequence: Annotated[int, Field(ge=0)]
    traceparent: str | None = None
    traceorigin: str | None = None
    datacontenttype: str = "application/json"
    data: dict[str, Any]

    @classmethod
    def wrap(
        cls,
        event: Event,
        *,
        id: UUID,  # noqa: A002
        time: datetime,
        traceparent: str | None = None,
        traceorigin: str | None = None,
    ) -> Self:
        """Put an event into an envelope of its own."""
        return cls(
            id=id,
            source=event.source,
            type=event.type,
            subject=event.subject,
            time=time,
            sequence=event.sequence,
            traceparent=traceparent,
            traceorigin=traceorigin,
            data=event.data(),
        )

    def to_json(self) -> bytes:
        """The bytes that travel; a missing traceparent is left out, as CloudEvents asks."""
        fields = self.model_dump(mode="json", exclude_none=True, exclude={"data"})
        return json.dumps({**fields, "data": self.data}, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def parse(cls, raw: bytes | str) -> Self:
        """Read an envelope; `pydantic.ValidationError` when it is not one."""
        return cls.model_validate_json(raw)

    def event(self) -> Event:
        """The event inside; `UnknownEventType` or `pydantic.ValidationError` when it cannot be understood."""
        known = EVENT_TYPES.get(self.type)
        if known is None:
            raise UnknownEventType(self.type)
        return known.model_validate({**self.data, "sequence": self.sequence})


def stream_of(service: str) -> str:
    """The Redis stream a service publishes to: `edxelera.<service>`."""
    return f"edxelera.{service}"
