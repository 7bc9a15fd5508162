"""JSON Schema snapshots of the events: `python -m contracts.snapshots check` or `write`.

`schemas/<type>.json` describes an event's data as published so far. `samples/<type>.json` is an envelope as it once
travelled, written by hand once and kept for good: it must stay readable. `write` adds what is compatible and refuses
the rest: a breaking change is a new event type `….v2`, published beside the old one for a while.
"""

import json
import sys
from pathlib import Path
from typing import Any

from contracts.compatibility import breaks
from contracts.events import EVENT_TYPES, Envelope, Event

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "schemas"
SAMPLES = ROOT / "samples"


def schema_of(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's `data`; the sequence belongs to the envelope."""
    schema = event.model_json_schema()
    del schema["properties"]["sequence"]
    schema["required"].remove("sequence")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": event.type, **schema}


def current() -> dict[str, dict[str, Any]]:
    """Today's schema of every event type, and of the envelope under `envelope`."""
    events = {wire: schema_of(event) for wire, event in EVENT_TYPES.items()}
    return {**events, "envelope": Envelope.model_json_schema(mode="serialization")}


def committed(folder: Path = SCHEMAS) -> dict[str, dict[str, Any]]:
    """The snapshots on disk, by event type."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def broken(old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]) -> list[str]:
    """Every way in which the new schemas break the old ones."""
    gone = [f"{wire}: the event was removed" for wire in sorted(old.keys() - new.keys())]
    changed = [f"{wire}: {what}" for wire in sorted(old.keys() & new.keys()) for what in breaks(old[wire], new[wire])]
    return gone + changed


def stale(folder: Path = SCHEMAS) -> list[str]:
    """The event types whose snapshot is missing or lacks an addition."""
    old = committed(folder)
    return sorted(wire for wire, schema in current().items() if old.get(wire) != schema)


def write(folder: Path = SCHEMAS) -> list[str]:
    """Write today's schemas; nothing is written, and the breaks are returned, when one is not compatible."""
    problems = broken(committed(folder), current())
    if problems:
        return problems
    folder.mkdir(exist_ok=True)
    for wire, schema in current().items():
        (folder / f"{wire}.json").write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
    return []


def main(command: str) -> int:
    """Run the command and say on standard error what is wrong."""
    if command == "write":
        problems = write()
    else:
        problems = broken(committed(), current()) or [
            f"{wire}: the snapshot is out of date; run `python -m contracts.snapshots write`" for wire in stale()
        ]
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["check"], ["write"]):
        sys.exit("usage: python -m contracts.snapshots check|write")
    sys.exit(main(sys.argv[1]))
