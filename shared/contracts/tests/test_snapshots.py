"""Events stay compatible with what was published before, and the check itself catches each kind of break."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from contracts import snapshots
from contracts.compatibility import breaks
from contracts.events import EVENT_TYPES, Envelope

TYPES = sorted(EVENT_TYPES)


def test_nothing_that_was_published_is_broken() -> None:
    assert snapshots.broken(snapshots.committed(), snapshots.current()) == []


def test_the_snapshots_are_up_to_date() -> None:
    assert snapshots.stale() == []


def test_every_event_has_a_sample_and_every_sample_an_event() -> None:
    assert sorted(path.stem for path in snapshots.SAMPLES.glob("*.json")) == TYPES


@pytest.mark.parametrize("wire", TYPES)
def test_the_sample_is_read_and_written_as_ever(wire: str) -> None:
    sample = (snapshots.SAMPLES / f"{wire}.json").read_bytes()
    event = Envelope.parse(sample).event()
    assert type(event) is EVENT_TYPES[wire]
    jsonschema.validate(event.data(), snapshots.committed()[wire])
    jsonschema.validate(json.loads(Envelope.parse(sample).to_json()), snapshots.committed()["envelope"])
    assert event.data().items() >= json.loads(sample)["data"].items()


OLD: dict[str, Any] = {
    "$defs": {
        "Week": {
            "type": "object",
            "properties": {"number": {"type": "integer"}, "title": {"type": "string"}},
            "required": ["number", "title"],
        }
    },
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "kind": {"enum": ["mp4", "hls"], "type": "string"},
        "seats": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "weeks": {"type": "array", "items": {"$ref": "#/$defs/Week"}},
        "unlocks": {"type": "object", "additionalProperties": {"type": "string", "format": "date"}},
    },
    "required": ["id", "kind", "seats", "weeks", "unlocks"],
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The old schema with the value at a path replaced, or removed when it is `...`."""
    schema = deepcopy(OLD)
    *way, last = path.split("/")
    node = schema
    for step in way:
        node = node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return schema


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("properties/id", ..., "data.id was removed"),
        ("properties/id/type", "integer", "data.id was"),
        ("properties/id/format", "date", "data.id was"),
        ("properties/id/minLength", 3, "data.id was"),
        ("properties/kind/enum", ["mp4"], "data.kind was"),
        ("properties/kind/enum", ["mp4", "hls", "dash"], "data.kind was"),
        ("properties/seats", {"type": "integer"}, "data.seats was"),
        ("properties/weeks/items", {"type": "string"}, "data.weeks[] was"),
        ("properties/weeks/items", ..., "data.weeks was"),
        ("$defs/Week/properties/title", ..., "data.weeks[].title was removed"),
        ("$defs/Week/properties/number/type", "string", "data.weeks[].number was"),
        ("properties/unlocks/additionalProperties/format", "date-time", "data.unlocks[] was"),
        ("required", ["id", "kind", "seats", "weeks", "unlocks", "more"], "data.more is newly required"),
        ("required", ["kind", "seats", "weeks", "unlocks"], "data.id is no longer always there"),
        ("$defs/Week/required", ["number"], "data.weeks[].title is no longer always there"),
    ],
)
def test_each_kind_of_break_is_caught(path: str, value: object, message: str) -> None:
    assert any(found.startswith(message) for found in breaks(OLD, changed(path, value)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties/more", {"type": "string", "default": ""}),
        ("$defs/Week/properties/summary", {"type": "string"}),
        ("properties/id/description", "what it is"),
        ("properties/seats/anyOf", [{"type": "null"}, {"type": "integer"}]),
        ("title", "Something"),
    ],
)
def test_additions_and_prose_break_nothing(path: str, value: object) -> None:
    assert breaks(OLD, changed(path, value)) == []


def test_a_field_may_be_called_like_a_word_of_the_schema() -> None:
    old = changed("properties/title", {"type": "string"})
    assert breaks(old, OLD) == ["data.title was removed"]


def test_a_removed_event_is_a_break() -> None:
    assert snapshots.broken({"a": OLD, "b": OLD}, {"a": OLD}) == ["b: the event was removed"]


def test_writing_refuses_a_break_and_keeps_the_old_snapshot(tmp_path: Path) -> None:
    assert snapshots.write(tmp_path) == []
    assert snapshots.stale(tmp_path) == []
    path = tmp_path / f"{TYPES[0]}.json"
    before = {**json.loads(path.read_text())}
    before["properties"]["gone"] = {"type": "string"}
    path.write_text(json.dumps(before))
    assert snapshots.write(tmp_path) == [f"{TYPES[0]}: data.gone was removed"]
    assert json.loads(path.read_text()) == before
    assert snapshots.stale(tmp_path) == [TYPES[0]]


def test_the_command_answers_with_its_exit_code() -> None:
    assert snapshots.main("check") == 0
