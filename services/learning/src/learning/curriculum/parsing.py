"""From the bytes of an administrative document to a `ProgramDocument`, or to a problem that says where it is wrong.

YAML is read as YAML 1.2's core schema reads it: `18:00` is text and not a number of minutes, `no` is text and not
false. Anchors and aliases are refused: a few lines of them can describe gigabytes.
"""

import re
from typing import Any

import orjson
import yaml
from pydantic import ValidationError

from chassis.errors import BadRequest, MalformedJson, Unprocessable, UnsupportedMediaType
from contracts.http.learning import ProgramDocument
from learning.curriculum.policy import Flaw, find_flaws

JSON_TYPES = frozenset({"", "application/json"})
YAML_TYPES = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})
#: How many flaws one answer names; a document with more has a more basic problem.
MOST_FLAWS = 100
MOST_NESTING = 60


class MalformedYaml(BadRequest):
    code = "malformed_yaml"
    title = "The body is not valid YAML"


def parse_document(raw: bytes, content_type: str, program_slug: str) -> ProgramDocument:
    """The sound document in ``raw``. 400 when it cannot be read, 415 for another type, 422 with the flaws."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in YAML_TYPES:
        data = _read_yaml(raw)
    elif kind in JSON_TYPES:
        data = _read_json(raw)
    else:
        raise UnsupportedMediaType("Send the document as application/json or application/yaml.")
    document = _validated(data)
    if flaws := find_flaws(document, program_slug):
        raise refusal(flaws)
    return document


def refusal(flaws: list[Flaw]) -> Unprocessable:
    """422 that names each flaw by the path of its field."""
    shown = flaws[:MOST_FLAWS]
    detail = "; ".join(f"{flaw.field}: {flaw.message}" for flaw in shown[:5])
    return Unprocessable(detail, errors=[{"field": flaw.field, "message": flaw.message} for flaw in shown])


def _validated(data: Any) -> ProgramDocument:
    try:
        return ProgramDocument.model_validate(data)
    except ValidationError as error:
        flaws = [Flaw(_path(item["loc"]), item["msg"]) for item in error.errors(include_url=False, include_input=False)]
        raise refusal(flaws) from error


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "document"


def _read_json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedJson(f"The body is not valid JSON: {error}.") from error


def _read_yaml(raw: bytes) -> Any:
    try:
        return yaml.load(raw.decode("utf-8"), _Loader)  # noqa: S506  (a SafeLoader, with less)
    except UnicodeDecodeError as error:
        raise MalformedYaml("The body is not UTF-8.") from error
    except yaml.YAMLError as error:
        raise MalformedYaml(f"The body is not valid YAML: {error}.") from error


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema, without anchors, duplicate keys or bottomless nesting."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) is not None:
            raise yaml.YAMLError("anchors and aliases are not accepted: write the value out")
        self.depth += 1
        if self.depth > MOST_NESTING:
            raise yaml.YAMLError("the document is nested too deeply")
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.YAMLError(f"line {key_node.start_mark.line + 1}: a key must be text")
            if key in seen:
                raise yaml.YAMLError(f"line {key_node.start_mark.line + 1}: {key!r} stands here twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


_CORE_SCHEMA = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9]{1,18}", "-+0123456789"),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?", "-+.0123456789"),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
}
_Loader.yaml_implicit_resolvers = {}  # nothing of YAML 1.1: no dates, no sexagesimal numbers, no yes and no
for _name, (_pattern, _first) in _CORE_SCHEMA.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(rf"^(?:{_pattern})$"), list(_first))
