"""The calls of the control API as a page, made from their own description; nothing is loaded from elsewhere."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from sandbox.pages.render import page
from sandbox.paystack.cards import CARDS
from sandbox.paystack.disputes import OUTCOMES
from sandbox.paystack.errors import REFUSALS
from sandbox.paystack.outages import OUTAGES
from sandbox.paystack.refunds import STATUSES, STEPS
from sandbox.web import TheSettings
from sandbox.webhooks.faults import WEBHOOK_FAULTS

router = APIRouter(include_in_schema=False)

NAMES = (
    ("card", tuple(name for name, card in CARDS.items() if card.status == "success")),
    ("kind, of webhooks", tuple(WEBHOOK_FAULTS)),
    ("kind, of the API", tuple(OUTAGES)),
    ("error", tuple(REFUSALS)),
    ("refund status", tuple(STATUSES)),
    ("refund outcome", tuple(STEPS)),
    ("dispute outcome", tuple(OUTCOMES)),
)


class Call(NamedTuple):
    """One row of the page."""

    tag: str
    method: str
    path: str
    effect: str
    fields: list[str]


@router.get("/docs")
def calls(request: Request, settings: TheSettings) -> Response:
    """Every call under /sandbox with what it does and takes."""
    found = sorted(_calls(request.app.openapi()), key=lambda call: call.tag)
    groups = [(tag, list(rows)) for tag, rows in groupby(found, key=lambda call: call.tag)]
    return page(request, "calls.html", settings=settings, groups=groups, names=NAMES)


def _calls(document: dict[str, Any]) -> Iterator[Call]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if path.startswith("/sandbox/"):
                effect = operation.get("description", "").split("\n")[0]
                yield Call(operation["tags"][0], method.upper(), path, effect, _fields(document, operation))


def _fields(document: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    for schema in (body, *body.get("anyOf", [])):
        model = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
        names += model.get("properties", {})
    return names
