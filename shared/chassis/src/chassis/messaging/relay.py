"""The relay's thread: exactly one is active per service; the others wait for its lock."""

import threading
import time
from datetime import timedelta

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from chassis.clock import Clock, utc_now
from chassis.messaging.locks import lock_engine, only_one
from chassis.messaging.outbox import hint_channel
from chassis.messaging.publisher import Publisher
from contracts.events import stream_of

log = structlog.get_logger(__name__)

#: Without a hint the outbox is looked at this often (seconds), and the stream with it.
LOOK_EVERY = 1.0
CHECKPOINT_EVERY = 2.0
#: Seconds a waiting relay asks MySQL for the lock at a time; bounds how long stopping takes.
_LOCK_WAIT = 1
#: An active relay speaks to MySQL every second or so. One that is silent for so many is frozen, or its machine is gone.
_SILENCE = 10
_STOP_CHECK = 0.25
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


def streams_client(url: str, *, timeout: float = 5.0) -> "redis.Redis":
    """A client that does not repeat commands by itself: the relay decides what to send again (ADR 0003, trap 10)."""
    client: redis.Redis = redis.Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=2.0, retry=Retry(NoBackoff(), 0)
    )
    return client


class Relay:
    """Moves the outbox of one service into its stream until it is stopped; survives MySQL and Redis going away."""

    def __init__(
        self,
        database_url: str,
        redis_url: str,
        service: str,
        *,
        maxlen: int,
        max_age: timedelta = timedelta(0),
        clock: Clock = utc_now,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._engine = lock_engine(database_url)
        self._redis = streams_client(redis_url)
        self._service = service
        self._maxlen = maxlen
        self._max_age = max_age
        self._clock = clock
        self._look_every = look_every
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        #: Whether this is the relay that publishes now.
        self.active = False
        #: How many rows this relay has published.
        self.published = 0
        #: After the next error; grows while nothing works.
        self._pause = _FIRST_PAUSE
        self._beat = time.monotonic()

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name=f"relay-{self._service}", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Finish the batch at hand, free the lock and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout)
        self._redis.close()

    def alive(self, within: float = 90.0) -> bool:
        """Whether the thread runs and has come around lately."""
        return self._thread is not None and self._thread.is_alive() and time.monotonic() - self._beat < within

    def run(self) -> None:
        """Until ``stop``: hold the lock and publish, or wait for the lock. Errors cost a pause, never the thread."""
        while not self._stopping.is_set():
            self._beat = time.monotonic()
            try:
                self._hold_and_publish()
            except (SQLAlchemyError, redis.RedisError, OSError) as error:
                log.warning("relay_interrupted", service=self._service, error=str(error), again_in=self._pause)
            except Exception:
                log.exception("relay_failed", service=self._service, again_in=self._pause)
            else:
                continue
            self._stopping.wait(self._pause)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _hold_and_publish(self) -> None:
        with only_one(self._engine, "relay", _LOCK_WAIT, silence=_SILENCE) as connection:
            if connection is None:
                return
            log.info("relay_active", service=self._service)
            self.active = True
            try:
                with Bell(self._redis, hint_channel(self._service), self._stopping) as bell:
                    self._serve(connection, bell)
            finally:
                self.active = False

    def _serve(self, connection: Connection, bell: "Bell") -> None:
        stream = stream_of(self._service)
        publisher = Publisher(
            connection, self._redis, stream, maxlen=self._maxlen, max_age=self._max_age, clock=self._clock
        )
        noted = 0.0
        while not self._stopping.is_set():
            self._beat = time.monotonic()
            rows = publisher.publish()
            self.published += rows
            self._pause = _FIRST_PAUSE
            if not rows and bell.wait(self._look_every):
                continue
            if not rows:
                publisher.check()
            if time.monotonic() - noted >= CHECKPOINT_EVERY:
                noted = time.monotonic()
                publisher.checkpoint()


class Bell:
    """Hears the hints that follow commits. Each hint is heard before the outbox is read, so none is lost between."""

    def __init__(self, client: "redis.Redis", channel: str, stopping: threading.Event) -> None:
        self._pubsub = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._channel = channel
        self._stopping = stopping

    def __enter__(self) -> "Bell":
        self._pubsub.subscribe(self._channel)
        return self

    def __exit__(self, *_: object) -> None:
        self._pubsub.close()

    def wait(self, seconds: float) -> bool:
        """Until a hint comes, at most ``seconds``; whether one came."""
        deadline = time.monotonic() + seconds
        while not self._stopping.is_set() and (left := deadline - time.monotonic()) > 0:
            if self._pubsub.get_message(timeout=min(left, _STOP_CHECK)) is not None:
                while self._pubsub.get_message(timeout=0) is not None:
                    pass
                return True
        return False
