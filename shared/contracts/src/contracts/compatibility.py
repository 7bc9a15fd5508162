"""What a change of a JSON Schema breaks for those who publish or read with the older one.

Old readers must understand new events, and new readers the old events that wait in outboxes and streams. So a field
may be added if it may be absent; nothing may be removed, retyped, newly required, or no longer promised.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_PROSE = frozenset({"title", "description", "default", "examples", "$defs"})
_NESTED = frozenset({"properties", "required", "items", "additionalProperties"})


def breaks(old: Schema, new: Schema) -> list[str]:
    """Every way in which `new` breaks `old`, each as a sentence that names the field; empty when it is compatible."""
    return list(_compare(_resolved(old, old), _resolved(new, new), "data"))


def _resolved(node: Any, root: Schema) -> Any:
    """The schema with references followed and prose left out."""
    if isinstance(node, list):
        return [_resolved(item, root) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved(root["$defs"][node["$ref"].rpartition("/")[2]], root)
    fields = {name: _resolved(value, root) for name, value in node.get("properties", {}).items()}
    rest = {key: _resolved(value, root) for key, value in node.items() if key not in _PROSE and key != "properties"}
    return {**rest, "properties": fields} if fields else rest


def _compare(old: Schema, new: Schema, where: str) -> Iterator[str]:
    if _own_type(old) != _own_type(new):
        yield f"{where} was {_own_type(old)} and is now {_own_type(new)}"
        return
    yield from _compare_fields(old, new, where)
    for part in ("items", "additionalProperties"):
        if isinstance(old.get(part), dict) and isinstance(new.get(part), dict):
            yield from _compare(old[part], new[part], f"{where}[]")
        elif old.get(part) != new.get(part):
            yield f"{where} was {old.get(part)} and is now {new.get(part)} in its {part}"


def _compare_fields(old: Schema, new: Schema, where: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in sorted(before.keys() - after.keys()):
        yield f"{where}.{name} was removed"
    for name in sorted(before.keys() & after.keys()):
        yield from _compare(before[name], after[name], f"{where}.{name}")
    promised, demanded = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(demanded - promised):
        yield f"{where}.{name} is newly required"
    for name in sorted((promised - demanded) & after.keys()):
        yield f"{where}.{name} is no longer always there"


def _own_type(schema: Schema) -> Schema:
    """Everything about a value but its nested parts; the order of alternatives does not matter."""
    own = {key: value for key, value in schema.items() if key not in _NESTED}
    for key in ("enum", "anyOf", "oneOf", "type"):
        if isinstance(own.get(key), list):
            own[key] = sorted(own[key], key=repr)
    return own
