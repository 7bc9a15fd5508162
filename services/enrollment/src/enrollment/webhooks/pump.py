"""The worker's side of the webhook: woken by the API right after it stored a delivery, looking by itself besides.

The wake-up travels over Redis and may be lost; then a delivery waits for the next look, at most a second.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import redis
import structlog

from chassis.clock import Clock
from chassis.messaging.loops import Loop
from chassis.messaging.outbox import HintPublisher, hint_channel
from enrollment.payments.reconcile import Cashier
from enrollment.webhooks.process import PARALLEL, drain, is_full

log = structlog.get_logger(__name__)

CHANNEL = "enrollment.webhooks"
LOOK_SECONDS = 1.0
_LISTEN_SECONDS = 1.0
_QUICK_SECONDS = 0.25


def waker(redis_url: str) -> HintPublisher:
    """The API's side: tells the worker that there is something to process. Never raises, never waits long."""
    client = redis.Redis.from_url(
        redis_url, socket_timeout=_QUICK_SECONDS, socket_connect_timeout=_QUICK_SECONDS, retry=None
    )
    return HintPublisher(client, CHANNEL)


class WebhookPump:
    """Drains stored deliveries in a thread; a second thread listens for wake-ups."""

    def __init__(self, cashier: Cashier, redis_url: str, clock: Clock) -> None:
        self._cashier = cashier
        self._clock = clock
        self._pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="webhook")
        self._loop = Loop("webhooks", self._turn)
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=_LISTEN_SECONDS * 2, socket_connect_timeout=_LISTEN_SECONDS, retry=None
        )
        self._stopping = threading.Event()
        self._ear = threading.Thread(target=self._listen, name="webhook-hints", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._loop.start()
        self._ear.start()

    def alive(self) -> bool:
        """Whether deliveries are looked for; without the other thread they are only found later."""
        return self._loop.alive()

    def stop(self) -> None:
        """Finish what is at hand; the rest stays stored."""
        self._stopping.set()
        self._loop.stop()
        self._ear.join(_LISTEN_SECONDS * 3)
        self._pool.shutdown()
        self._redis.close()

    def _turn(self) -> float:
        return 0.0 if is_full(drain(self._cashier, self._pool, self._clock())) else LOOK_SECONDS

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._redis.pubsub(ignore_subscribe_messages=True) as hints:  # type: ignore[no-untyped-call]
                    hints.subscribe(hint_channel(CHANNEL))
                    while not self._stopping.is_set():
                        if hints.get_message(timeout=_LISTEN_SECONDS) is not None:
                            self._loop.wake()
            except (redis.RedisError, OSError) as error:
                log.warning("webhook_hints_unreachable", error=str(error), effect="deliveries are found by looking")
                self._stopping.wait(LOOK_SECONDS)
