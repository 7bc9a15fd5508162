"""What the tests of messaging are made of: an event with a number, a handler that notes it, parts that run."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import redis
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from chassis import tables, tracing
from chassis.clock import Clock
from chassis.database import Database
from chassis.messaging import Consumers, emit
from chassis.messaging.intake import Delivery, Taker
from chassis.messaging.relay import Relay
from chassis.messaging.retry import RetryPolicy
from chassis.messaging.subscriptions import Subscriptions
from chassis.settings import ServiceSettings
from chassis.testing.messaging import enveloped
from chassis.testing.waiting import eventually
from contracts.events import Envelope, VideoReady

STREAM = "edxelera.media"
GROUP = "learning"


class MediaSettings(ServiceSettings):
    service: ClassVar[str] = "media"


def video(number: int, *, slug: str = "p", video_id: UUID | None = None) -> VideoReady:
    return VideoReady(
        sequence=number,
        video_id=video_id or uuid4(),
        program_slug=slug,
        kind="mp4",
        content_type="video/mp4",
        size_bytes=1,
        duration_seconds=None,
    )


def emit_all(db: Database, numbers: Sequence[int]) -> list[UUID]:
    """Commit these events, each in a transaction of its own."""
    ids = []
    for number in numbers:
        with db.begin() as session:
            ids.append(emit(session, video(number)))
    return ids


def delivery(envelope: Envelope, where: str = "edxelera.media/1-1") -> Delivery:
    return Delivery(where, envelope.to_json())


class Effects:
    """What handlers did, as rows: written in their transactions, so gone when those are rolled back."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def consumers(
        self,
        handler: Callable[[Session, VideoReady], None] | None = None,
        name: str = "learning.note",
        retry: RetryPolicy | None = None,
    ) -> Consumers:
        """A service ``learning`` that notes each video; ``handler`` runs first, and may raise."""
        consumers = Consumers(GROUP)

        @consumers.on(VideoReady, as_=name, retry=retry)
        def note(session: Session, event: VideoReady) -> None:
            self.note(session, name, event.sequence)
            if handler is not None:
                handler(session, event)

        return consumers

    @staticmethod
    def note(session: Session, consumer: str, number: int) -> None:
        session.execute(
            text("INSERT INTO effects (consumer, number, trace) VALUES (:consumer, :number, :trace)"),
            {"consumer": consumer, "number": number, "trace": tracing.trace_id_of(tracing.current_traceparent())},
        )

    def numbers(self) -> list[int]:
        """Of the events that took effect, in the order in which they did."""
        with self._db.begin() as session:
            return list(session.scalars(text("SELECT number FROM effects ORDER BY id")))

    def traces(self) -> list[str]:
        with self._db.begin() as session:
            return list(session.scalars(text("SELECT trace FROM effects ORDER BY id")))

    def failures(self) -> list[Any]:
        with self._db.begin() as session:
            return list(session.execute(select(tables.event_failures).order_by(tables.event_failures.c.id)))

    def let_pass(self, **time: float) -> None:
        """As if so much time had passed for all that is to be tried again (when, the database's clock decides)."""
        due = tables.event_failures.c.next_attempt_at
        earlier = func.timestampadd(text("MICROSECOND"), -(timedelta(**time) // timedelta(microseconds=1)), due)
        with self._db.begin() as session:
            session.execute(update(tables.event_failures).values(next_attempt_at=earlier))

    def unpublished(self) -> int:
        with self._db.begin() as session:
            waiting = select(func.count()).select_from(tables.outbox).where(tables.outbox.c.stream_id.is_(None))
            return session.scalar(waiting) or 0

    def expect(self, numbers: Sequence[int], timeout: float = 15) -> None:
        """Each of these, once, sooner or later."""
        eventually(lambda: len(self.numbers()) >= len(numbers), timeout, what=f"{len(numbers)} effects")
        assert sorted(self.numbers()) == sorted(numbers)


def entries(client: "redis.Redis", stream: str = STREAM) -> list[int]:
    """The numbers on the stream, in its order."""
    found: Any = client.xrange(stream)
    return [Envelope.parse(fields[b"__data__"]).sequence for _, fields in found]


def put(client: "redis.Redis", *envelopes: Envelope | bytes, stream: str = STREAM) -> list[bytes]:
    """Straight onto the stream, as another language would."""
    bodies = [each.to_json() if isinstance(each, Envelope) else each for each in envelopes]
    return [client.xadd(stream, {"__data__": body}) for body in bodies]  # type: ignore[misc]


def pending(client: "redis.Redis", stream: str = STREAM, group: str = GROUP) -> int:
    found: Any = client.xpending(stream, group)
    return int(found["pending"])


class Running:
    """Subscriptions on an event loop of their own."""

    def __init__(self, make: Callable[[], Subscriptions]) -> None:
        self._loop = asyncio.new_event_loop()
        self._make = make
        self._made = threading.Event()
        self.subscriptions: Subscriptions
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._made.wait(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._main())
        self._loop.close()

    async def _main(self) -> None:
        self.subscriptions = self._make()
        self._made.set()
        await self.subscriptions.run()

    def stop(self) -> None:
        """Gracefully, as the worker does."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self.subscriptions.stop)
            self._thread.join(30)
        assert not self._thread.is_alive()

    def call(self, work: Callable[[], Any]) -> None:
        """Run ``work`` on the loop."""
        asyncio.run_coroutine_threadsafe(_as_coroutine(work), self._loop).result(10)


async def _as_coroutine(work: Callable[[], Any]) -> None:
    result = work()
    if asyncio.iscoroutine(result):
        await result


class Parts:
    """Starts relays and subscriptions; stops them when the stack closes."""

    def __init__(self, stack: ExitStack, mysql_url: str, redis_url: str) -> None:
        self._stack = stack
        self._mysql_url = mysql_url
        self._redis_url = redis_url

    def relay(self, *, maxlen: int = 100_000, mysql_url: str = "", redis_url: str = "", **options: Any) -> Relay:
        relay = Relay(mysql_url or self._mysql_url, redis_url or self._redis_url, "media", maxlen=maxlen, **options)
        self._stack.callback(relay.stop)
        relay.start()
        return relay

    def database(self, url: str = "") -> Database:
        database = Database(url or self._mysql_url, pool_size=4)
        self._stack.callback(database.dispose)
        return database

    def consume(
        self,
        consumers: Consumers,
        *,
        mysql_url: str = "",
        redis_url: str = "",
        claim_after: int = 60_000,
        clock: Clock | None = None,
    ) -> Running:
        options: dict[str, Any] = {"clock": clock} if clock else {}
        taker = Taker(self.database(mysql_url), consumers, **options)

        def make() -> Subscriptions:
            return Subscriptions(
                redis_url or self._redis_url, consumers, taker, on_report=lambda _: None, claim_after=claim_after
            )

        running = Running(make)
        self._stack.callback(running.stop)
        eventually(lambda: running.subscriptions.reading, 20, what="reading subscribers")
        return running


def numbered(*numbers: int) -> list[Envelope]:
    return [enveloped(video(number)) for number in numbers]
