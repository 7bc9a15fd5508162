"""The parts of a payment request that wait for Paystack: between transactions, and off the database's threads.

A slow Paystack must not take the threads that serve everything else, so its calls have a limiter of their own and a
request that waits for another request's answer waits on the event loop.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis.clock import Clock
from chassis.database import Database, is_duplicate
from enrollment.instalments.checkout import reserve
from enrollment.models import Payment
from enrollment.payments import checkout
from enrollment.payments.checkout import Order
from enrollment.payments.errors import PaymentProviderUnavailable
from enrollment.payments.settle import Terms, settle
from enrollment.paystack import Charge, Paystack, PaystackError, ProviderRefused, ProviderUnavailable

T = TypeVar("T")

#: Calls to Paystack at once in one process.
REMOTE_CALLS = 32
#: References tried for one request before it gives up.
ATTEMPTS = 3
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.05, 0.4


@dataclass(frozen=True, slots=True)
class CheckoutDesk:
    """What payment requests work with."""

    database: Database
    paystack: Paystack
    terms: Terms
    clock: Clock
    limiter: CapacityLimiter

    async def check_out(self, order: Order, email: str, callback_url: str | None) -> tuple[Payment, bool]:
        """The order's checkout, and whether this request made it. ``PaymentProviderUnavailable``, refusals."""
        created = False
        for _ in range(ATTEMPTS):
            reservation = await self._reserve_unless_busy(order)
            payment, created = reservation.payment, created or reservation.created
            if reservation.step == "done":
                return payment, created
            ready = await self._initialise(payment, email, callback_url, known=reservation.step == "verify")
            if ready is not None:
                return ready, created
        raise PaymentProviderUnavailable.after(ProviderUnavailable("no reference was accepted"))

    async def _reserve_unless_busy(self, order: Order) -> checkout.Reservation:
        """Reserve; while another request of this student is asking Paystack, wait for its answer."""
        waited, pause = 0.0, FIRST_WAIT_SECONDS
        while True:
            reservation = await self._in_database(lambda session: reserve(session, order, self.clock()))
            if reservation.step != "wait":
                return reservation
            if waited > order.lease.total_seconds():
                raise PaymentProviderUnavailable.after(ProviderUnavailable("another request still waits"))
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, LONGEST_WAIT_SECONDS)

    async def _initialise(
        self, payment: Payment, email: str, callback_url: str | None, *, known: bool
    ) -> Payment | None:
        """Give the payment its page; None when the reference cannot be used and another must be tried."""
        try:
            if known and (charge := await self._remote(lambda: self.paystack.verify(payment.reference))) is not None:
                await self.settle(payment.reference, charge)
                await self._replace(payment)  # its page is lost with the request that died; its money is not
                return None
            page = await self._remote(
                lambda: self.paystack.initialize(
                    email=email,
                    amount_minor=payment.amount_minor,
                    currency=payment.currency,
                    reference=payment.reference,
                    callback_url=callback_url,
                )
            )
        except PaystackError as error:
            if isinstance(error, ProviderRefused) and error.is_duplicate_reference:
                await self._replace(payment)
                return None
            await self._in_database(lambda session: checkout.release(session, payment.reference, self.clock()))
            raise PaymentProviderUnavailable.after(error) from error
        return await self._in_database(
            lambda session: checkout.store(
                session, payment.reference, page.authorization_url, page.access_code, self.clock()
            )
        )

    async def _replace(self, payment: Payment) -> None:
        await self._in_database(lambda session: checkout.replace_reference(session, payment.reference, self.clock()))

    async def verify(self, reference: str) -> None:
        """Ask Paystack about a reference and let its answer take effect; ``PaymentProviderUnavailable``."""
        try:
            charge = await self._remote(lambda: self.paystack.verify(reference))
        except PaystackError as error:
            raise PaymentProviderUnavailable.after(error) from error
        if charge is not None:
            await self.settle(reference, charge)

    async def settle(self, reference: str, charge: Charge) -> None:
        """Let a verified charge take effect."""
        now: datetime = self.clock()
        await self._in_database(lambda session: settle(session, reference, charge, self.terms, now))

    async def _remote(self, call: Callable[[], T]) -> T:
        return await run_sync(call, limiter=self.limiter)

    async def _in_database(self, work: Callable[[Session], T]) -> T:
        return await run_sync(run_again_when_doubled, self.database, work)


def run_again_when_doubled(database: Database, work: Callable[[Session], T]) -> T:
    """One transaction; once more when a unique key says that somebody else was quicker: then it is found."""
    try:
        return database.run(work)
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        return database.run(work)
