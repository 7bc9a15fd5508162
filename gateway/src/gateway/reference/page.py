"""The reference as a page for people: rendered here, without scripts, under a strict CSP."""

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment

from gateway.reference.merge import Document

_MAX_DEPTH = 3


@cache
def _source(name: str) -> str:
    return (files("gateway.reference") / name).read_text("utf-8")


@cache
def content_security_policy() -> str:
    """Nothing but our own style, named by its hash."""
    digest = base64.b64encode(hashlib.sha256(_source("page.css").encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def render(document: Document) -> str:
    """The page."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_source("page.html"))
    return template.render(
        info=document["info"],
        missing=document.get("x-not-answering", []),
        groups=_groups(document),
        style=_source("page.css"),
    )


def _groups(document: Document) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            groups[operation["tags"][0]].append(_operation(document, method, path, operation))
    return [{"name": name, "operations": operations} for name, operations in groups.items() if operations]


def _operation(document: Document, method: str, path: str, operation: Document) -> dict[str, Any]:
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "parameters": [_parameter(document, each) for each in operation.get("parameters", [])],
        "body": _fields_of_content(document, operation.get("requestBody", {})),
        "answers": [
            {
                "status": status,
                "description": answer.get("description", ""),
                "fields": _fields_of_content(document, answer) if status.startswith("2") else [],
            }
            for status, answer in operation.get("responses", {}).items()
        ],
    }


def _parameter(document: Document, parameter: Document) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "place": parameter["in"],
        "required": parameter.get("required", False),
        "type": _type(document, parameter.get("schema", {})),
        "description": parameter.get("description", ""),
    }


def _fields_of_content(document: Document, holder: Document) -> list[dict[str, Any]]:
    for media in holder.get("content", {}).values():
        return list(_fields(document, media.get("schema", {}), "", 0))
    return []


def _fields(document: Document, schema: Document, prefix: str, depth: int) -> Iterator[dict[str, Any]]:
    schema = _resolved(document, schema)
    for name, field in schema.get("properties", {}).items():
        yield {
            "name": prefix + name,
            "type": _type(document, field),
            "required": name in schema.get("required", []),
            "description": _resolved(document, field).get("description", ""),
        }
        inner = _inner(document, field)
        if inner and depth < _MAX_DEPTH:
            yield from _fields(document, inner, f"{prefix}{name}.", depth + 1)


def _inner(document: Document, field: Document) -> Document | None:
    """The object that a field holds, also in a list or beside null."""
    for choice in field.get("anyOf", [field]):
        found = _resolved(document, choice)
        if found.get("type") == "array":
            found = _resolved(document, found.get("items", {}))
        if "properties" in found:
            return found
    return None


def _type(document: Document, schema: Document) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(document, choice) for choice in schema["anyOf"])
    found = _resolved(document, schema)
    if "enum" in found:
        return " | ".join(f'"{value}"' for value in found["enum"])
    if "const" in found:
        return f'"{found["const"]}"'
    if found.get("type") == "array":
        return f"list of {_type(document, found.get('items', {}))}"
    return " ".join(str(part) for part in (found.get("type", "any"), found.get("format")) if part)


def _resolved(document: Document, schema: Document) -> Document:
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    found: Document = document["components"]["schemas"].get(reference.rpartition("/")[2], {})
    return found
