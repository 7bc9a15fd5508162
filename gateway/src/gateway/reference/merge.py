"""One OpenAPI document out of those of all services. Pure."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

Document = dict[str, Any]

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_NOT_PUBLIC = ("/internal", "/livez", "/readyz", "/metrics")


def merge(documents: Mapping[str, Document], *, title: str, version: str, server: str) -> Document:
    """All public operations. A schema that two services define differently is kept under ``<service>_<name>``."""
    merged: Document = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": server}],
        "tags": [],
        "paths": {},
        "components": {"schemas": {}, "securitySchemes": {}},
        "x-services": sorted(documents),
    }
    for service, document in documents.items():
        _add(merged, service, deepcopy(document))
    merged["tags"] = [{"name": name} for name in _tags(merged)]
    merged["paths"] = dict(sorted(merged["paths"].items()))
    return merged


def _add(merged: Document, service: str, document: Document) -> None:
    _rename_schemas(merged["components"]["schemas"], service, document)
    for path, item in document.get("paths", {}).items():
        if path.startswith(_NOT_PUBLIC):
            continue
        target = merged["paths"].setdefault(path, {})
        for method, operation in item.items():
            if method in _METHODS:
                operation.setdefault("tags", [service.title()])
                operation["operationId"] = f"{service}_{operation.get('operationId', f'{method} {path}')}"
                operation["x-service"] = service
                target.setdefault(method, operation)
    merged["components"]["schemas"].update(document.get("components", {}).get("schemas", {}))
    used = {name for operation in _operations(merged) for one in operation.get("security", []) for name in one}
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        if name in used:
            merged["components"]["securitySchemes"].setdefault(name, scheme)


def _rename_schemas(known: Document, service: str, document: Document) -> None:
    own = document.get("components", {}).get("schemas", {})
    clashing = {name for name, schema in own.items() if name in known and known[name] != schema}
    if not clashing:
        return
    new_names = {f"#/components/schemas/{name}": f"#/components/schemas/{service}_{name}" for name in clashing}
    for node in _objects(document):
        if node.get("$ref") in new_names:
            node["$ref"] = new_names[node["$ref"]]
        mapping = node.get("mapping")
        if isinstance(mapping, dict):
            node["mapping"] = {key: new_names.get(ref, ref) for key, ref in mapping.items()}
    document["components"]["schemas"] = {
        f"{service}_{name}" if name in clashing else name: schema for name, schema in own.items()
    }


def _objects(node: Any) -> Iterator[Document]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)


def _operations(merged: Document) -> Iterator[Document]:
    for item in merged["paths"].values():
        yield from item.values()


def _tags(merged: Document) -> list[str]:
    return sorted({tag for operation in _operations(merged) for tag in operation["tags"]})
