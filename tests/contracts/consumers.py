"""Who takes in what, as the services themselves say: ``python -m tests.contracts.consumers write``.

Contracts may not look at services, so what they say is written down in contracts' ``consumers.json``; a test compares.
"""

import importlib
import importlib.util
import json
import sys

from chassis.messaging import Consumers
from contracts.asyncapi import CONSUMERS

UNITS = ("gateway", "enrollment", "learning", "media", "certificates", "discussion")


def registries() -> dict[str, Consumers]:
    """Each unit's registry; a unit without one takes nothing in."""
    found = {}
    for unit in UNITS:
        for module in (f"{unit}.events", f"{unit}.worker"):
            if importlib.util.find_spec(module) is None:
                continue
            of_module = [
                value for value in vars(importlib.import_module(module)).values() if isinstance(value, Consumers)
            ]
            if of_module:
                (found[unit],) = of_module
                break
    return found


def collected() -> dict[str, dict[str, list[str]]]:
    """By service, by consumer: the wire types that it takes in."""
    told: dict[str, dict[str, list[str]]] = {}
    for unit, consumers in sorted(registries().items()):
        by_name: dict[str, list[str]] = {}
        for handler in consumers:
            by_name.setdefault(handler.name, []).append(handler.event_type.type)
        if by_name:
            told[unit] = {name: sorted(wires) for name, wires in sorted(by_name.items())}
    return told


if __name__ == "__main__":
    if sys.argv[1:] != ["write"]:
        sys.exit("usage: python -m tests.contracts.consumers write")
    CONSUMERS.write_text(json.dumps(collected(), indent=2) + "\n")
