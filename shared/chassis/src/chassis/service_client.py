"""A pooled HTTP client for the internal endpoints of another service."""

from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from chassis import service_tokens, tracing
from chassis.settings import ServiceSettings

Answer = TypeVar("Answer", bound=BaseModel)


class NotAnswered(RuntimeError):
    """The other side cannot be asked now, or does not answer what was asked; nothing is known."""


def ask(client: httpx.Client, path: str, question: BaseModel, answer: type[Answer]) -> Answer:
    """POST a question that changes nothing; raises ``NotAnswered``."""
    try:
        json = {"content-type": "application/json"}
        response = client.post(path, content=question.model_dump_json(by_alias=True), headers=json)
        return answer.model_validate_json(response.raise_for_status().content)
    except (httpx.HTTPError, ValidationError) as error:
        raise NotAnswered(f"{client.base_url}{path}: {type(error).__name__}: {error}"[:300]) from error


def service_client(settings: ServiceSettings, base_url: str, audience: str, *, timeout: float = 3.0) -> httpx.Client:
    """A client that signs each call with a service token for ``audience`` and carries the trace on."""

    def prepare(request: httpx.Request) -> None:
        request.headers["Authorization"] = f"Bearer {service_tokens.mint(settings, audience)}"
        traceparent = tracing.current_traceparent()
        if traceparent:
            request.headers["traceparent"] = traceparent

    return httpx.Client(
        base_url=base_url,
        timeout=httpx.Timeout(timeout, connect=1.0),
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
        event_hooks={"request": [prepare]},
    )
