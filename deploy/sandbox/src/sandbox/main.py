"""The sandbox's application: wiring only. Run with ``uvicorn sandbox.main:create_app --factory``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from sandbox import health, logs, problems
from sandbox.cdn import api as cdn
from sandbox.cdn.keys import TrustedKeys
from sandbox.cdn.origin import Origin
from sandbox.clock import Clock, wall_clock
from sandbox.control import transactions as control_transactions
from sandbox.control import webhooks as control_webhooks
from sandbox.pages import calls, landing
from sandbox.paystack import api as paystack
from sandbox.paystack import checkout
from sandbox.paystack.outages import Outages
from sandbox.pump import Pump
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.webhooks.sender import Sender


def create_app(settings: Settings | None = None, clock: Clock = wall_clock) -> FastAPI:
    """Build the application; without settings they come from the environment (``SANDBOX_…``)."""
    settings = settings or Settings()
    logs.configure(settings.log_level)
    store = Store(settings.data_dir)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        origin = Origin(settings)
        pump = Pump(store, Sender(settings, store, clock), clock, settings.refund_step_seconds)
        app.state.origin, app.state.pump, store.after_commit = origin, pump, pump.wake
        yield
        await pump.stop()
        await origin.close()
        store.close()

    app = FastAPI(title="EdXelera sandbox", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.settings, app.state.store, app.state.clock = settings, store, clock
    app.state.trusted_keys = TrustedKeys(settings.cdn_public_keys_dir)
    app.add_middleware(Outages, store=store)
    problems.install(app)
    for router in (health.router, landing.router, calls.router, paystack.router, checkout.router):
        app.include_router(router)
    app.include_router(cdn.router, include_in_schema=False)
    for router in (control_transactions.router, control_webhooks.router):
        app.include_router(router)
    return app
