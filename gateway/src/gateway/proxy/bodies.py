"""Request bodies on their way to a service: counted, and given up when the client is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.types import Receive


class BodyOverLimit(Exception):
    """The body is larger than the route allows."""


class ClientGone(Exception):
    """The client closed the connection before it had sent everything."""


class IncomingBody:
    """Reads a body once. ``trouble`` remembers why reading failed: the HTTP client in between hides the reason."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0
        self.finished = False
        self.trouble: BodyOverLimit | ClientGone | None = None
        self.on_end: Callable[[], None] | None = None

    async def read(self) -> bytes:
        """The next part; ``finished`` says whether it was the last. Raises ``BodyOverLimit`` or ``ClientGone``."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.trouble = ClientGone()
            raise self.trouble
        part: bytes = message.get("body", b"")
        self._seen += len(part)
        if self._seen > self._limit:
            self.trouble = BodyOverLimit()
            raise self.trouble
        self.finished = not message.get("more_body", False)
        if self.finished and self.on_end is not None:
            self.on_end()
        return part

    async def stream(self, first: bytes) -> AsyncIterator[bytes]:
        """``first``, which was read already, and the rest."""
        if first:
            yield first
        while not self.finished:
            part = await self.read()
            if part:
                yield part


class DisconnectWatch:
    """Cancels the task that serves a client who has gone, so that the service stops working for nobody.

    Looking costs a task, so it begins only when the answer takes longer than most do.
    """

    _PATIENCE_SECONDS = 0.25

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._served = asyncio.current_task()
        self._timer: asyncio.TimerHandle | None = None
        self._watching: asyncio.Task[None] | None = None
        self.gone = False

    def start(self) -> None:
        """Begin to look, some time from now. The request's body must have been read."""
        self._timer = self._loop.call_later(self._PATIENCE_SECONDS, self._begin)

    def stop(self) -> None:
        """The answer is complete."""
        if self._timer is not None:
            self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()

    def _begin(self) -> None:
        self._watching = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self._served is not None:
            self._served.cancel()
