"""What each operation of a service needs, told in its OpenAPI document: read off the dependencies that check it.

Nothing is added to requests for it: FastAPI's own security classes would be one more dependency of every call.
"""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from chassis import auth

_SCHEMES = {
    name: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description}
    for name, description in (("bearer", "An account's access token"), ("service", "A service's own token"))
}

Security = list[dict[str, list[str]]]


def describe_security(app: FastAPI) -> None:
    """Let ``app.openapi()`` say of each operation: a token, none, or either (``{}`` beside ``bearer``)."""
    plain: Callable[[], dict[str, Any]] = app.openapi

    def described() -> dict[str, Any]:
        document = plain()  # FastAPI makes it once
        for route in app.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                _add(document, route, security_of(route.dependant))
        return document

    app.openapi = described  # type: ignore[method-assign]


def security_of(dependant: Dependant) -> Security:
    """What a call with these dependencies needs; empty when nothing is asked."""
    calls = set(_calls(dependant))
    if auth.service_of_request in calls:
        return [{"service": []}]
    if auth.caller_of_request in calls:
        return [{"bearer": []}]
    return [{}, {"bearer": []}] if auth.maybe_caller_of_request in calls else []


def _calls(dependant: Dependant) -> Iterator[object]:
    for needed in dependant.dependencies:
        yield needed.call
        yield from _calls(needed)


def _add(document: dict[str, Any], route: APIRoute, needed: Security) -> None:
    if not needed:
        return
    schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes |= {name: _SCHEMES[name] for one in needed for name in one}
    for method in route.methods or ():
        document["paths"][route.path_format][method.lower()]["security"] = needed
