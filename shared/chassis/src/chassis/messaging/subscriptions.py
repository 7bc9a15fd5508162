"""A service's consumer group on its source streams, on FastStream (why and with which settings: ADR 0003).

FastStream reads and claims; this module keeps its subscribers alive (groups made again after a loss, a stopped
subscriber replaced), hands the raw entries to the taker in a thread, and acknowledges what has been taken in.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import anyio
import redis
import redis.asyncio
import structlog
from anyio.to_thread import run_sync
from faststream import AckPolicy
from faststream.redis import RedisBroker, StreamSub
from faststream.redis.message import FAKE_CONSUMER, RedisBatchStreamMessage
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from chassis.messaging import groups
from chassis.messaging.consumers import Consumers
from chassis.messaging.entries import body_of
from chassis.messaging.intake import Delivery, Report, Taker

log = structlog.get_logger(__name__)

#: Entries a read takes and a transaction holds, unless EDX_CONSUMER_BATCH says otherwise. Without a limit a read takes
#: the whole backlog (ADR 0003, trap 5).
BATCH = 100
#: Batches of one stream that this process takes in at a time: while MySQL works for one, Python works on another.
AT_ONCE = 3
#: How long (seconds) batches at hand may take to end before their entries are left to whoever finds them pending.
_ENDING = 15.0
#: A read blocks this long (milliseconds); an entry that arrives ends it at once.
_READ_BLOCKS = 1000
#: Another worker's entry counts as abandoned after this long (milliseconds), far above a batch's time.
CLAIM_AFTER = 15_000
_CLAIM_LOOKS = 1000
#: An entry that was delivered this often without being acknowledged is not tried here again, but set aside.
DELIVERIES = 5
_LOOK_AFTER_EVERY = 0.5
_TIDY_EVERY = 600.0
_LONGEST_HOLD = 2.0
#: More consume tasks than this mean that FastStream restarts one in a loop.
_TOO_MANY_TASKS = 20

Entries = Sequence[tuple[bytes, dict[bytes, bytes]]]


class Subscriptions:
    """Everything this process reads. ``run`` never raises for Redis or MySQL being away; it waits for them."""

    def __init__(
        self,
        redis_url: str,
        consumers: Consumers,
        taker: Taker,
        *,
        on_report: Callable[[Report], None],
        threads: int = 4,
        batch: int = BATCH,
        claim_after: int = CLAIM_AFTER,
    ) -> None:
        self._url = redis_url
        self._group = consumers.service
        self._streams = consumers.streams()
        self._taker = taker
        self._on_report = on_report
        self._limiter = anyio.CapacityLimiter(threads)
        self._at_once = {stream: asyncio.Semaphore(AT_ONCE) for stream in self._streams}
        self._batches: set[asyncio.Task[None]] = set()
        self._batch = batch
        self._claim_after = claim_after
        self._me = groups.consumer_name()
        self._broker: RedisBroker | None = None
        self._stopping = asyncio.Event()
        self._interrupted = False
        self._working_since = time.monotonic()
        self._tidied = time.monotonic()
        self._redis = redis.asyncio.Redis.from_url(
            redis_url, socket_timeout=10.0, socket_connect_timeout=2.0, retry=Retry(NoBackoff(), 0)
        )
        #: By stream: entries not yet delivered, and delivered but not acknowledged.
        self.backlog: dict[str, groups.Backlog] = {}

    @property
    def reading(self) -> bool:
        """Whether every subscriber is at work."""
        if self._broker is None:
            return not self._streams
        return all(_at_work(subscriber) for subscriber in self._broker.subscribers)

    def alive(self, within: float = 60.0) -> bool:
        """Whether the subscribers work, or have only lately stopped: Redis may be away for a while."""
        return self.reading or time.monotonic() - self._working_since < within

    async def run(self) -> None:
        """Look after the subscribers until ``stop``; then finish what is at hand and leave nothing pending behind."""
        while not self._stopping.is_set():
            try:
                await self._look_after()
            except (redis.RedisError, OSError, TimeoutError) as error:
                log.warning("streams_unreachable", group=self._group, error=str(error) or type(error).__name__)
                self._interrupted = True
                if not await self._redis_answers():  # restarting this process would not help
                    self._working_since = time.monotonic()
            with anyio.move_on_after(_LOOK_AFTER_EVERY):
                await self._stopping.wait()
        await self._leave()

    def stop(self) -> None:
        """Let ``run`` end."""
        self._stopping.set()

    async def _look_after(self) -> None:
        for stream in self._streams:
            await groups.ensure(self._redis, stream, self._group)
        if self._interrupted or not self.reading:  # FastStream alone would wait five seconds, or for ever
            await self._close()
            await self._take_over()
            await self._open()
            self._interrupted = False
        self._working_since = time.monotonic()
        for stream in self._streams:
            self.backlog[stream] = await groups.backlog(self._redis, stream, self._group)
        if time.monotonic() - self._tidied > _TIDY_EVERY:
            self._tidied = time.monotonic()
            for stream in self._streams:
                await groups.remove_long_gone(self._redis, stream, self._group)

    async def _redis_answers(self) -> bool:
        try:
            return bool(await self._redis.ping())
        except (redis.RedisError, OSError, TimeoutError):
            return False

    async def _open(self) -> None:
        broker = RedisBroker(
            self._url,
            logger=cast(Any, None),  # it would log every entry; what matters is logged here
            apply_types=False,
            graceful_timeout=15.0,
            socket_timeout=10.0,
            socket_connect_timeout=2.0,
        )
        for stream in self._streams:
            self._subscribe(broker, stream)
        self._broker = broker
        await broker.start()
        log.info("consuming", group=self._group, streams=self._streams, consumer=self._me)

    def _subscribe(self, broker: RedisBroker, stream: str) -> None:
        """One subscriber for new entries and one, under a name of its own, for abandoned ones (ADR 0003, trap 3)."""
        new = StreamSub(
            stream,
            group=self._group,
            consumer=self._me,
            batch=True,
            max_records=self._batch,
            polling_interval=_READ_BLOCKS,
        )
        abandoned = StreamSub(
            stream,
            group=self._group,
            consumer=self._me + groups.CLAIMING,
            batch=True,
            max_records=self._batch,
            polling_interval=_CLAIM_LOOKS,
            min_idle_time=self._claim_after,
        )
        for source, handle in ((new, self._take_new), (abandoned, self._take_abandoned)):
            subscriber = broker.subscriber(
                stream=source, ack_policy=AckPolicy.MANUAL, no_reply=True, parser=_unparsed, decoder=_raw
            )
            subscriber.last_id = groups.FIRST  # where its group begins, should it be missing by then (trap 1)
            subscriber(handle)

    async def _take_new(self, message: dict[str, Any]) -> None:
        """Begin a batch as soon as it may; the next entries are read meanwhile."""
        stream, entries = message["channel"], list(zip(message["message_ids"], message["data"], strict=True))
        await self._at_once[stream].acquire()
        batch = asyncio.create_task(self._take(stream, entries), name=stream)
        self._batches.add(batch)
        batch.add_done_callback(self._ended)

    def _ended(self, batch: "asyncio.Task[None]") -> None:
        self._batches.discard(batch)
        self._at_once[batch.get_name()].release()
        if not batch.cancelled() and (error := batch.exception()):
            log.error("batch_broke_off", stream=batch.get_name(), exc_info=error, effect="its entries stay pending")

    async def _take_abandoned(self, message: dict[str, Any]) -> None:
        entries = list(zip(message["message_ids"], message["data"], strict=True))
        await self._take_suspicious(message["channel"], entries)

    async def _take_suspicious(self, stream: str, entries: Entries) -> None:
        """Entries whose first reader did not finish: one by one, and set aside when that has happened too often."""
        for entry in entries:
            count = await groups.deliveries(self._redis, stream, self._group, entry[0])
            if count > DELIVERIES:
                await self._set_aside(stream, entry, count)
            else:
                await self._take(stream, [entry])

    async def _set_aside(self, stream: str, entry: tuple[bytes, dict[bytes, bytes]], count: int) -> None:
        reason = f"delivered {count} times without being acknowledged: the processes that tried it probably died"
        await self._until_done(lambda: self._taker.set_aside(_delivery(stream, entry), reason), stream, [entry])

    async def _take(self, stream: str, entries: Entries) -> None:
        deliveries = [_delivery(stream, entry) for entry in entries]
        await self._until_done(lambda: self._taker.take_in(deliveries), stream, entries)

    async def _until_done(self, work: Callable[[], Report], stream: str, entries: Entries) -> None:
        """Hold the entries until they are taken in: while MySQL is away nothing more is read, and nothing is lost."""
        pause = 0.05
        while True:
            try:
                report = await run_sync(work, limiter=self._limiter)
                break
            except Exception as error:
                log.warning("events_held", stream=stream, entries=len(entries), error=str(error), again_in=pause)
            if self._stopping.is_set():
                return  # they stay pending; the next process takes them over
            with anyio.move_on_after(pause):
                await self._stopping.wait()
            pause = min(pause * 2, _LONGEST_HOLD)
        self._on_report(report)
        try:
            await self._redis.xack(stream, self._group, *(entry[0] for entry in entries))
        except (redis.RedisError, OSError, TimeoutError) as error:  # delivered again later, and then a duplicate
            log.warning("not_acknowledged", stream=stream, entries=len(entries), error=str(error))

    async def _take_over(self) -> None:
        """Take in what earlier processes on this host left unfinished, without waiting for it to look abandoned."""
        for stream in self._streams:
            for consumer in await groups.dead_on_this_host(self._redis, stream, self._group, self._me):
                await self._finish(stream, consumer)

    async def _finish(self, stream: str, consumer: str) -> None:
        while entries := await groups.take(self._redis, stream, self._group, consumer, self._me, self._batch):
            await self._take_suspicious(stream, entries)
            if self._stopping.is_set():
                return

    async def _leave(self) -> None:
        await self._close()
        try:
            for stream in self._streams:
                for name in (self._me, self._me + groups.CLAIMING):
                    await self._finish(stream, name)
                    await groups.remove_if_idle(self._redis, stream, self._group, name)
        except (redis.RedisError, OSError, TimeoutError) as error:
            log.warning("left_entries_pending", error=str(error), effect="the next process takes them over")
        await self._redis.aclose()

    async def _close(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            await broker.stop()
        if self._batches:
            await asyncio.wait(self._batches, timeout=_ENDING)


async def _unparsed(raw: dict[str, Any]) -> RedisBatchStreamMessage:
    """No parsing by FastStream: an entry that it could not read would never reach us (ADR 0003, trap 4)."""
    return RedisBatchStreamMessage(raw_message=raw, body=b"", consumer=FAKE_CONSUMER, group=None)


async def _raw(message: RedisBatchStreamMessage) -> Any:
    return message.raw_message


def _delivery(stream: str, entry: tuple[bytes, dict[bytes, bytes]]) -> Delivery:
    return Delivery(f"{stream}/{entry[0].decode()}", body_of(entry[1]))


def _at_work(subscriber: Any) -> bool:
    tasks = subscriber.tasks
    return subscriber.running and len(tasks) < _TOO_MANY_TASKS and any(not task.done() for task in tasks)
