"""The gateway's HTTP process: the outer door, the identity slice behind it, and the way to the services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from chassis.app import Lifespan, create_service
from chassis.clock import Clock, utc_now
from gateway.identity.api import admin, auth, keys, me, passwords
from gateway.identity.keys import load_keys
from gateway.identity.parts import make_parts
from gateway.limits.counter import Counter, make_counter, make_pool
from gateway.platform_app import create_platform_app
from gateway.proxy.access import AccessLog
from gateway.proxy.addresses import ProxyTrust
from gateway.proxy.app import Gateway
from gateway.proxy.upstreams import Upstreams
from gateway.reference.document import PlatformDocument
from gateway.settings import GatewaySettings

ROUTERS = (auth.router, passwords.router, me.router, admin.router, keys.router)


def create_app(settings: GatewaySettings | None = None, clock: Clock = utc_now) -> ASGIApp:
    """The ASGI application; settings come from the environment unless given."""
    settings = settings or GatewaySettings()
    upstreams = Upstreams(settings)
    pool = make_pool(settings)
    counter = make_counter(settings, pool)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with upstreams.opened():
            yield
        await pool.disconnect()

    identity = create_identity(settings, counter, clock, lifespan)
    document = PlatformDocument(upstreams, identity.openapi, version=identity.version, server=settings.public_url)
    gateway = Gateway(
        settings=settings,
        identity=identity,
        platform=create_platform_app(identity, document, settings.metrics_token),
        upstreams=upstreams,
        verifier=identity.state.tokens,
        counter=counter,
        trust=ProxyTrust(settings.trusted_proxies, settings.public_url),
        access_log=AccessLog(settings, identity.state.metrics),
    )
    return with_cors(gateway, settings)


def create_identity(settings: GatewaySettings, counter: Counter, clock: Clock, lifespan: Lifespan) -> FastAPI:
    """The identity slice as an application of its own; its lifespan is that of the process."""
    signing_keys = load_keys(settings.gateway_signing_key_path)
    app = create_service(
        settings,
        title="EdXelera gateway",
        routers=ROUTERS,
        lifespan=lifespan,
        clock=clock,
        key_source=signing_keys,
    )
    app.state.identity = make_parts(settings, app.state.db, signing_keys, counter)
    return app


def with_cors(app: ASGIApp, settings: GatewaySettings) -> ASGIApp:
    """Browsers of the configured origins may call with cookies; others get no CORS headers, so no answer."""
    if not settings.cors_origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=settings.cors_origins,
        allow_credentials=True,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-None-Match",
            "X-Request-Id",
            "traceparent",
        ],
        expose_headers=["ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"],
        max_age=600,
    )
