"""Envelopes: what goes in comes out, and what cannot be understood says so."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar
from uuid import UUID

import pytest
from pydantic import ValidationError

from contracts.events import EVENT_TYPES, AccountErased, EnrollmentActivated, Envelope, UnknownEventType, stream_of
from contracts.events.gateway import AccountEvent

NOW = datetime(2026, 3, 2, 8, 30, 0, 123456, tzinfo=UTC)
ACTIVATED = EnrollmentActivated(
    sequence=3,
    enrollment_id=UUID(int=1),
    student_id=UUID(int=2),
    program_slug="data",
    cohort_id=UUID(int=3),
    origin="payment",
    activated_at=NOW,
)


def test_an_event_survives_the_journey() -> None:
    envelope = Envelope.wrap(ACTIVATED, id=UUID(int=7), time=NOW, traceparent="00-aa-bb-01")
    arrived = Envelope.parse(envelope.to_json())
    assert arrived == envelope
    assert arrived.event() == ACTIVATED
    assert (arrived.subject, arrived.sequence, arrived.source) == (str(UUID(int=1)), 3, "enrollment")


def test_the_wire_is_a_cloud_event() -> None:
    wire = json.loads(Envelope.wrap(ACTIVATED, id=UUID(int=7), time=NOW).to_json())
    assert {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"} <= set(wire)
    assert (wire["specversion"], wire["type"]) == ("1.0", "edxelera.enrollment.enrollment_activated.v1")
    assert wire["time"] == "2026-03-02T08:30:00.123456Z"
    assert "traceparent" not in wire
    assert "sequence" not in wire["data"]


def test_instants_are_read_in_any_offset_and_kept_in_utc() -> None:
    lagos = NOW.astimezone(timezone(timedelta(hours=1)))
    event = EnrollmentActivated.model_validate({**ACTIVATED.model_dump(), "activated_at": lagos.isoformat()})
    assert event.activated_at == NOW
    assert event.activated_at.tzinfo is UTC


def test_instants_without_an_offset_are_refused() -> None:
    with pytest.raises(ValidationError):
        EnrollmentActivated.model_validate({**ACTIVATED.model_dump(), "activated_at": "2026-03-02T08:30:00"})


def test_fields_of_a_newer_publisher_are_ignored() -> None:
    envelope = Envelope.wrap(ACTIVATED, id=UUID(int=7), time=NOW)
    newer = envelope.model_copy(update={"data": {**envelope.data, "seat": 12}})
    assert newer.event() == ACTIVATED


def test_an_unknown_type_is_told_apart_from_a_broken_event() -> None:
    envelope = Envelope.wrap(ACTIVATED, id=UUID(int=7), time=NOW)
    with pytest.raises(UnknownEventType):
        envelope.model_copy(update={"type": "edxelera.enrollment.seat_sold.v1"}).event()
    with pytest.raises(ValidationError):
        envelope.model_copy(update={"data": {}}).event()


@pytest.mark.parametrize("raw", [b"", b"no json", b"[]", b"{}", b'{"specversion":"1.0"}', b"\xff"])
def test_what_is_no_envelope_is_refused(raw: bytes) -> None:
    with pytest.raises(ValidationError):
        Envelope.parse(raw)


def test_events_do_not_change() -> None:
    with pytest.raises(ValidationError):
        ACTIVATED.sequence = 4  # type: ignore[misc]


def test_names_follow_one_pattern() -> None:
    for wire, event in EVENT_TYPES.items():
        snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in event.__name__).lstrip("_")
        assert wire == f"edxelera.{event.source}.{snake}.v1"
        assert event.subject_field in event.model_fields
        assert event.__doc__


def test_every_event_of_the_platform_is_known() -> None:
    assert len(EVENT_TYPES) == 23
    assert {event.source for event in EVENT_TYPES.values()} == {
        "gateway",
        "enrollment",
        "learning",
        "media",
        "certificates",
        "discussion",
    }


def test_two_events_cannot_share_a_name() -> None:
    with pytest.raises(TypeError, match="two events"):

        class Twin(AccountEvent):
            type: ClassVar[str] = AccountErased.type


def test_streams_are_named_after_services() -> None:
    assert stream_of("enrollment") == "edxelera.enrollment"
