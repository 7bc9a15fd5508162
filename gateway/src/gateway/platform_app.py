"""What the gateway answers about the platform: health, metrics (for operators only), the API's reference."""

import hmac

import orjson
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from chassis import health, metrics
from chassis.errors import NotFound, Unauthenticated, install_problem_handlers
from gateway.reference.document import PlatformDocument
from gateway.reference.page import content_security_policy, render


def create_platform_app(identity: FastAPI, document: PlatformDocument, metrics_token: SecretStr | None) -> Starlette:
    """``/livez``, ``/readyz``, ``/metrics``, ``/openapi.json`` and ``/docs``."""
    app = Starlette(
        routes=[
            Route("/livez", health.livez),
            Route("/readyz", health.readyz),
            Route("/metrics", _metrics),
            Route("/openapi.json", _openapi),
            Route("/docs", _docs),
        ]
    )
    app.state.checks = identity.state.checks
    app.state.parts = identity.state.parts
    app.state.metrics = identity.state.metrics
    app.state.metrics_token = metrics_token
    app.state.document = document
    install_problem_handlers(app)  # type: ignore[arg-type]  # asks for no more than a Starlette has
    return app


async def _metrics(request: Request) -> Response:
    expected: SecretStr | None = request.app.state.metrics_token
    if expected is None:  # without a token nobody may look, so there is nothing here
        raise NotFound("There is nothing at this address.")
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {expected.get_secret_value()}".encode()):
        raise Unauthenticated("Send EDX_METRICS_TOKEN as a bearer token.")
    return await metrics.render(request.app.state.metrics, request.app.state.parts)


async def _openapi(request: Request) -> Response:
    document: PlatformDocument = request.app.state.document
    return Response(orjson.dumps(await document.get()), media_type="application/json", headers=_public())


async def _docs(request: Request) -> Response:
    document: PlatformDocument = request.app.state.document
    headers = {**_public(), "Content-Security-Policy": content_security_policy()}
    return HTMLResponse(render(await document.get()), headers=headers)


def _public() -> dict[str, str]:
    return {"Cache-Control": "public, max-age=60", "X-Content-Type-Options": "nosniff"}
