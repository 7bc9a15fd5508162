"""Enrollment's HTTP application: wiring only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter
from fastapi import FastAPI

from chassis.app import create_service
from enrollment.catalog import api as catalog
from enrollment.cohorts import api as cohorts
from enrollment.coupons import api as coupons
from enrollment.enrollments import api as enrollments
from enrollment.parts import issuer_of, open_paystack, terms_of
from enrollment.payments import admin_api as admin_payments
from enrollment.payments import api as payments
from enrollment.payments.flow import REMOTE_CALLS, CheckoutDesk
from enrollment.receipts import api as receipts
from enrollment.receipts.api import ReceiptDesk
from enrollment.settings import EnrollmentSettings
from enrollment.webhooks import api as webhooks
from enrollment.webhooks.pump import waker


def create_app(settings: EnrollmentSettings | None = None) -> FastAPI:
    """Build the application; without settings they come from the environment (``EDX_…``)."""
    settings = settings or EnrollmentSettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        paystack = open_paystack(settings)
        app.state.desk = CheckoutDesk(
            database=app.state.db,
            paystack=paystack,
            terms=terms_of(settings),
            clock=lambda: app.state.clock(),
            limiter=CapacityLimiter(REMOTE_CALLS),
        )
        yield
        paystack.close()

    app = create_service(
        settings,
        title="EdXelera enrollment",
        # Hot reads first: the last of many routes costs (facts: measured costs).
        routers=[
            payments.router,
            catalog.router,
            webhooks.router,
            enrollments.router,
            cohorts.router,
            admin_payments.router,
            coupons.router,
            receipts.router,
        ],
        lifespan=lifespan,
    )
    app.state.receipts = ReceiptDesk(issuer_of(settings))
    wake = waker(settings.redis_url.get_secret_value())
    app.state.deliveries = webhooks.Deliveries(app.state.metrics.registry, wake)
    return app
