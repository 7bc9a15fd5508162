"""Is an answer shaped as the contract says? Once by the models, once by the words of API.md."""

import re
from typing import Any

import httpx

from contracts.http.base import ApiModel, Problem

_TOKEN = re.compile(r"[{}\[\],:]|[A-Za-z_]+")


def assert_exactly(model: type[ApiModel], document: Any) -> None:
    """Every field of ``model`` is there under its wire name, and no other; instants are written in UTC with ``Z``."""
    assert model.model_validate(document).model_dump(mode="json", by_alias=True) == document


def assert_carries(notation: str, document: Any) -> None:
    """``{a, b:{c}, d:[{e}]}``, as API.md writes it: every name is there; what is null or empty has no inside."""
    tokens = _TOKEN.findall(notation)
    shape = _parse(tokens)
    assert not tokens, f"{notation!r} goes on after its end"
    missing = list(_missing(shape, document, "answer"))
    assert not missing, f"{', '.join(missing)} missing in {document}"


def _parse(tokens: list[str]) -> Any:
    if tokens[0] == "[":
        tokens.pop(0)
        inside = _parse(tokens)
        assert tokens.pop(0) == "]"
        return [inside]
    assert tokens.pop(0) == "{"
    fields: dict[str, Any] = {}
    while tokens[0] != "}":
        name = tokens.pop(0)
        fields[name] = None
        if tokens[0] == ":":
            tokens.pop(0)
            fields[name] = _parse(tokens)
        if tokens[0] == ",":
            tokens.pop(0)
    tokens.pop(0)
    return fields


def _missing(shape: Any, document: Any, path: str) -> Any:
    if shape is None or document is None:
        return
    if isinstance(shape, list):
        for index, item in enumerate(document):
            yield from _missing(shape[0], item, f"{path}[{index}]")
        return
    for name, inside in shape.items():
        if name in document:
            yield from _missing(inside, document[name], f"{path}.{name}")
        else:
            yield f"{path}.{name}"


def assert_problem(
    answer: httpx.Response, status: int | tuple[int, ...], code: str | tuple[str, ...] | None = None
) -> dict[str, Any]:
    """An RFC 9457 document of that status and code, complete, that names the request; the document."""
    statuses = status if isinstance(status, tuple) else (status,)
    asked = f"{answer.request.method} {answer.request.url}"
    assert answer.status_code in statuses, f"{asked} answered {answer.status_code}: {answer.text[:800]}"
    assert answer.headers["content-type"] == "application/problem+json", f"{asked}: {answer.headers}"
    document: dict[str, Any] = answer.json()
    assert Problem.model_validate(document).model_dump(by_alias=True).keys() <= document.keys()
    assert document["status"] == answer.status_code
    assert document["requestId"] == answer.headers["x-request-id"]
    assert document["title"]
    assert document["detail"]
    assert document["type"].endswith(document["code"])
    if code is not None:
        assert document["code"] in (code if isinstance(code, tuple) else (code,)), f"{asked}: {document}"
    if answer.status_code == 422 and document["code"] == "validation_failed":
        assert document["errors"], f"{asked} does not say which field: {document}"
        assert all(error["field"] and error["message"] for error in document["errors"])
    return document
