"""A real uvicorn in a thread, so that tests speak real HTTP."""

import socket
import threading
import time
from contextlib import ExitStack
from typing import Any

import httpx
import uvicorn

_START_SECONDS = 30.0


class LiveServer:
    """An ASGI application on a port of its own, until the stack closes."""

    def __init__(self, stack: ExitStack, app: Any) -> None:
        self.app = app
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            app, log_config=None, access_log=False, ws="none", lifespan="on", timeout_graceful_shutdown=5
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the application did not start; see the log above")
            time.sleep(0.005)
        stack.callback(self._stop, listener)

    def _stop(self, listener: socket.socket) -> None:
        self._server.should_exit = True
        self._thread.join(15)
        listener.close()

    def client(self, stack: ExitStack) -> httpx.Client:
        """A client of this server."""
        return stack.enter_context(httpx.Client(base_url=self.url, timeout=30))
