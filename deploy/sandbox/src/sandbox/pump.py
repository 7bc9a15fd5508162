"""The sandbox's one background loop: moves refunds on and delivers webhooks when they are due."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from sandbox.clock import Clock
from sandbox.paystack import refunds
from sandbox.store import Store
from sandbox.webhooks import outbox
from sandbox.webhooks.outbox import Delivery
from sandbox.webhooks.sender import Sender

log = structlog.get_logger()

AT_ONCE = 16
LONGEST_NAP_SECONDS = 1.0


class Pump:
    """Everything due is in the store, so a restarted sandbox goes on where it was killed."""

    def __init__(self, store: Store, sender: Sender, clock: Clock, refund_step_seconds: float) -> None:
        self._store = store
        self._sender = sender
        self._clock = clock
        self._refund_step_seconds = refund_step_seconds
        self._in_flight: dict[int, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self._task = self.loop.create_task(self._run())
        self._listeners: set[asyncio.Event] = set()

    @property
    def is_alive(self) -> bool:
        """False once the loop has died, which it should not."""
        return not self._task.done()

    def wake(self) -> None:
        """Look for work now; callable from any thread."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._notify)

    async def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until a condition on the store holds, looked at after every change."""
        changed = asyncio.Event()
        self._listeners.add(changed)
        try:
            async with asyncio.timeout(seconds):
                while not await asyncio.to_thread(condition):
                    await changed.wait()
                    changed.clear()
        except TimeoutError:
            return False
        finally:
            self._listeners.discard(changed)
        return True

    async def stop(self) -> None:
        """End the loop and let go of attempts under way; they stay due."""
        tasks = [self._task, *self._in_flight.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._sender.close()

    def _notify(self) -> None:
        self._woken.set()
        for listener in self._listeners:
            listener.set()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                nap = await self._work()
            except Exception:
                log.exception("the pump stumbled and tries again")
                nap = LONGEST_NAP_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(nap):
                    await self._woken.wait()

    async def _work(self) -> float:
        busy = set(self._in_flight)  # as of before the look: one that ends meanwhile may still look due
        due, nap = await asyncio.to_thread(self._look)
        for delivery in due:
            if delivery.id not in busy and len(self._in_flight) < AT_ONCE:
                self._in_flight[delivery.id] = self.loop.create_task(self._deliver(delivery))
        return nap

    def _look(self) -> tuple[list[Delivery], float]:
        now = self._clock()
        with self._store.read() as db:
            refunds_due = refunds.any_due(db, now)
        if refunds_due:
            with self._store.begin() as db:
                refunds.advance_due(db, now, self._refund_step_seconds)
        with self._store.read() as db:
            due = outbox.due(db, now, limit=AT_ONCE * 4)
            instants = [at for at in (outbox.next_due(db, now), refunds.next_due(db, now)) if at is not None]
        nap = min([LONGEST_NAP_SECONDS, *((at - now) / 1000 for at in instants)])
        return due, max(nap, 0.001)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            answer = await self._sender.post(delivery)
            await asyncio.to_thread(self._sender.record, delivery, answer)
        except Exception:
            log.exception("a delivery could not be recorded", delivery=delivery.id)
        finally:
            self._in_flight.pop(delivery.id, None)
            self._notify()
