"""The AsyncAPI document: up to date, sound, and true about who publishes and who takes in what."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.contracts.consumers import UNITS, collected, registries

from contracts import asyncapi
from contracts.events import EVENT_TYPES, stream_of

#: Of https://github.com/asyncapi/spec-json-schemas; what was left out is said inside.
SPECIFICATION = Path(__file__).with_name("asyncapi-3.0.0.schema.json")
TYPES = sorted(EVENT_TYPES)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """As it is checked in."""
    found: dict[str, Any] = json.loads(asyncapi.DOCUMENT.read_text())
    return found


def test_it_is_up_to_date() -> None:
    assert asyncapi.main("check") == 0, "run `python -m contracts.asyncapi write`"


def test_consumers_are_those_of_the_services() -> None:
    told = "run `python -m tests.contracts.consumers write`, then `python -m contracts.asyncapi write`"
    assert asyncapi.committed_consumers() == collected(), told


def test_a_consumer_belongs_to_the_service_whose_group_it_is_in() -> None:
    assert {unit: consumers.service for unit, consumers in registries().items()} == {
        unit: unit for unit in registries()
    }
    assert {name.split(".")[0] for names in collected().values() for name in names} == set(collected())


def test_it_is_an_asyncapi_document(document: dict[str, Any]) -> None:
    schema = json.loads(SPECIFICATION.read_text())
    jsonschema.Draft7Validator(schema).validate(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["asyncapi"], "2.6.0"),
        (["info", "title"], ...),
        (["channels", "learning", "address"], 5),
        (["operations", "learning.publish", "action"], "publish"),
        (["operations", "learning.publish", "channel"], {"address": "edxelera.learning"}),
        (["components", "messages", TYPES[0], "payload"], "a string"),
    ],
)
def test_the_specifications_schema_catches_a_mistake(document: dict[str, Any], path: list[str], value: Any) -> None:
    broken = json.loads(json.dumps(document))
    *way, last = path
    node = broken
    for step in way:
        node = node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    assert not jsonschema.Draft7Validator(json.loads(SPECIFICATION.read_text())).is_valid(broken)


def references(node: Any) -> list[str]:
    """Every reference in the document."""
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    return [found for value in node for found in references(value)] if isinstance(node, list) else []


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in set(references(document)):
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        assert node, reference


@pytest.mark.parametrize("wire", TYPES)
def test_an_event_is_in_the_stream_of_its_producer_and_nowhere_else(document: dict[str, Any], wire: str) -> None:
    event = EVENT_TYPES[wire]
    homes = [
        channel["address"]
        for channel in document["channels"].values()
        for message in channel["messages"].values()
        if message["$ref"] == f"#/components/messages/{wire}"
    ]
    assert homes == [stream_of(event.source)]
    message = document["components"]["messages"][wire]
    assert (message["x-producer"], message["title"]) == (event.source, event.__name__)
    sent = [operation["messages"] for operation in document["operations"].values() if operation["action"] == "send"]
    here = {"$ref": f"#/channels/{event.source}/messages/{event.__name__}"}
    assert sum(here in messages for messages in sent) == 1


@pytest.mark.parametrize("wire", TYPES)
def test_the_example_is_what_the_payload_says_and_other_data_is_not(document: dict[str, Any], wire: str) -> None:
    message = document["components"]["messages"][wire]
    schema = {**message["payload"], "components": document["components"]}
    (example,) = message["examples"]
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(example["payload"])
    assert not validator.is_valid({**example["payload"], "data": {}})
    assert not validator.is_valid({**example["payload"], "type": "edxelera.other.thing.v1"})


def test_each_group_is_told_with_what_it_takes_in(document: dict[str, Any]) -> None:
    received = {
        (operation["x-consumer-group"], wire)
        for operation in document["operations"].values()
        if operation["action"] == "receive"
        for wires in operation["x-consumers"].values()
        for wire in wires
    }
    assert received == {
        (unit, wire) for unit, names in collected().items() for wires in names.values() for wire in wires
    }
    assert {unit for unit, _ in received} <= set(UNITS)


def test_an_event_that_nobody_takes_in_is_meant_for_readers_outside() -> None:
    """Mail, analytics, a warehouse. A new event that no service reads is one of these, or a forgotten consumer."""
    read = {wire for names in collected().values() for wires in names.values() for wire in wires}
    unread = {EVENT_TYPES[wire].__name__ for wire in set(TYPES) - read}
    assert unread == {
        "AssignmentGraded",
        "AssignmentSubmitted",
        "CertificateIssued",
        "CertificateRevoked",
        "InstalmentDue",
        "InstalmentOverdue",
        "LessonCompleted",
        "PaymentDisputed",
        "PaymentRefunded",
        "PaymentVerified",
        "VideoReady",
    }
