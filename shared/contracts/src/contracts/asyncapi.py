"""The AsyncAPI 3 document of all events: ``python -m contracts.asyncapi check`` or ``write``.

Made from the event classes, from their samples, and from ``consumers.json``: who takes in what, which contracts cannot
see (services build on contracts, not the other way round) and a test compares with the services.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from inspect import getdoc
from pathlib import Path
from typing import Any

from contracts.events import EVENT_TYPES, Envelope, Event, stream_of
from contracts.snapshots import ROOT, SAMPLES

DOCUMENT = ROOT / "asyncapi.json"
CONSUMERS = ROOT / "consumers.json"

Json = dict[str, Any]
#: By service: by consumer, the wire types that it takes in.
Consumers = Mapping[str, Mapping[str, list[str]]]

_SCHEMAS = "#/components/schemas/{model}"
_WIRE = """Each service publishes to one Redis stream, in the order in which it committed. An entry has one field,
`__data__`: the JSON envelope, with CloudEvents 1.0 names. A consumer group is a service's name; an event takes effect
once for each consumer in it, however often it is delivered and in whatever order (`sequence` tells which is newer).
Unknown types and fields are to be ignored: a `.v1` only ever gains optional fields."""


def committed_consumers(path: Path = CONSUMERS) -> Consumers:
    """Who takes in what."""
    found: Consumers = json.loads(path.read_text())
    return found


def document(consumers: Consumers | None = None) -> Json:
    """The document as today's code makes it."""
    consumers = committed_consumers() if consumers is None else consumers
    services = sorted({event.source for event in EVENT_TYPES.values()})
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "EdXelera events", "version": "1", "description": " ".join(_WIRE.split())},
        "defaultContentType": "application/json",
        "channels": {service: _channel(service) for service in services},
        "operations": {**{f"{service}.publish": _publish(service) for service in services}, **_receives(consumers)},
        "components": {"messages": {event.type: _message(event) for event in _events()}, "schemas": _schemas()},
    }


def _events(service: str | None = None) -> Iterator[type[Event]]:
    """In the order of their wire types."""
    return (event for _, event in sorted(EVENT_TYPES.items()) if service in (None, event.source))


def _channel(service: str) -> Json:
    return {
        "address": stream_of(service),
        "title": f"What {service} tells",
        "description": f"The Redis stream of {service}.",
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.type}"} for event in _events(service)},
    }


def _in_channel(event: type[Event]) -> Json:
    return {"$ref": f"#/channels/{event.source}/messages/{event.__name__}"}


def _publish(service: str) -> Json:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{service}"},
        "summary": f"{service} publishes from its outbox.",
        "tags": [{"name": service}],
        "messages": [_in_channel(event) for event in _events(service)],
    }


def _receives(consumers: Consumers) -> dict[str, Json]:
    """One operation for each group and each stream that it reads."""
    operations = {}
    for group, by_name in sorted(consumers.items()):
        wanted = {wire for wires in by_name.values() for wire in wires}
        for source in sorted({EVENT_TYPES[wire].source for wire in wanted}):
            taken = {
                name: found
                for name, wires in sorted(by_name.items())
                if (found := [wire for wire in wires if EVENT_TYPES[wire].source == source])
            }
            events = [EVENT_TYPES[wire] for wire in sorted({wire for wires in taken.values() for wire in wires})]
            operations[f"{group}.takeIn.{source}"] = {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{source}"},
                "summary": f"The consumer group {group} reads {stream_of(source)}.",
                "tags": [{"name": group}],
                "messages": [_in_channel(event) for event in events],
                "x-consumer-group": group,
                "x-consumers": taken,
            }
    return operations


def _message(event: type[Event]) -> Json:
    described = " ".join((getdoc(event) or "").split())
    sample = SAMPLES / f"{event.type}.json"
    envelope = {
        "type": "object",
        "properties": {
            "type": {"const": event.type},
            "source": {"const": event.source},
            "data": {"$ref": _SCHEMAS.format(model=event.__name__)},
        },
    }
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": described,
        "contentType": "application/json",
        "payload": {"allOf": [{"$ref": _SCHEMAS.format(model="Envelope")}, envelope]},
        "examples": [{"name": event.__name__, "payload": json.loads(sample.read_text())}],
        "x-producer": event.source,
        "x-subject": event.subject_field,
    }


def _schemas() -> dict[str, Json]:
    schemas = {"Envelope": Envelope.model_json_schema(mode="serialization", ref_template=_SCHEMAS)}
    for event in _events():
        schema = event.model_json_schema(ref_template=_SCHEMAS)
        del schema["properties"]["sequence"]  # it travels in the envelope
        schema["required"].remove("sequence")
        for name, part in schema.pop("$defs", {}).items():
            assert schemas.setdefault(name, part) == part, f"two different schemas are called {name}"
        schemas[event.__name__] = schema
    return dict(sorted(schemas.items()))


def rendered(consumers: Consumers | None = None) -> str:
    """The document's text."""
    return json.dumps(document(consumers), indent=2, ensure_ascii=False) + "\n"


def main(command: str) -> int:
    """Run the command; say on standard error what is wrong."""
    if command == "write":
        DOCUMENT.write_text(rendered())
        return 0
    if DOCUMENT.exists() and DOCUMENT.read_text() == rendered():
        return 0
    sys.stderr.write(f"{DOCUMENT.name} is out of date; run `python -m contracts.asyncapi write`\n")
    return 1


if __name__ == "__main__":
    if sys.argv[1:] not in (["check"], ["write"]):
        sys.exit("usage: python -m contracts.asyncapi check|write")
    sys.exit(main(sys.argv[1]))
