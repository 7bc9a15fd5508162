"""Enrollment's worker: the relay, the consumers, the webhook's deliveries, and the scheduled work on money."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from anyio.to_thread import run_sync
from starlette.applications import Starlette

from chassis.clock import Clock, utc_now
from chassis.database import Database
from chassis.messaging import Job, create_worker
from chassis.messaging.sweeps import Sweeps
from enrollment.enrollments.unknown import enrollment_unknown
from enrollment.events import consumers
from enrollment.instalments import follow_up
from enrollment.parts import open_paystack, terms_of
from enrollment.payments import reconcile, refund_runner, report
from enrollment.payments.metrics import GAUGES
from enrollment.payments.reconcile import Cashier
from enrollment.payments.settle import Terms
from enrollment.payments.stranded import paid_not_enrolled
from enrollment.paystack import Paystack
from enrollment.settings import EnrollmentSettings
from enrollment.webhooks.pump import WebhookPump

#: How often each kind of scheduled work looks for what is due (seconds).
EVERY: dict[str, tuple[float, Callable[[Cashier, datetime], int]]] = {
    "run-refunds": (2, refund_runner.run_due),
    "expire-holds": (5, reconcile.expire_holds),
    "release-dead-checkouts": (5, reconcile.release_dead),
    "reconcile-payments": (10, reconcile.reconcile_due),
    "follow-instalments": (5, follow_up.run_due),
    "compare-with-paystack": (24 * 3600, report.run_daily),
}


def jobs(paystack: Paystack, terms: Terms) -> list[Job]:
    """The scheduled work on money."""

    def job(name: str, seconds: float, work: Callable[[Cashier, datetime], int]) -> Job:
        def run(database: Database, now: datetime) -> None:
            work(Cashier(database, paystack, terms), now)

        return Job(name, timedelta(seconds=seconds), run)

    return [job(name, seconds, work) for name, (seconds, work) in EVERY.items()]


def create_app(settings: EnrollmentSettings | None = None, clock: Clock = utc_now) -> Starlette:
    """Build the worker; without settings they come from the environment (``EDX_…``)."""
    settings = settings or EnrollmentSettings()
    paystack, terms = open_paystack(settings), terms_of(settings)
    sweeps = Sweeps([paid_not_enrolled(terms)], enrollment_unknown(settings))
    work_on_money = [*jobs(paystack, terms), *sweeps.jobs]
    app = create_worker(settings, consumers, work_on_money, gauges=[*GAUGES, sweeps.gauge], clock=clock)
    sweeps.count_into(app.state.worker.metrics.registry, settings.service)
    cashier = Cashier(app.state.db, paystack, terms)
    pump = WebhookPump(cashier, settings.redis_url.get_secret_value(), clock)
    app.state.worker.watch("webhooks", pump.alive)
    work = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        async with work(application):
            pump.start()
            try:
                yield
            finally:
                await run_sync(pump.stop)
                paystack.close()

    app.router.lifespan_context = lifespan
    return app
