"""For tests: the sandbox under a real uvicorn, and a real receiver of webhooks, both in threads."""

import asyncio
import json
import queue
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

import httpx
import uvicorn

from sandbox.main import create_app
from sandbox.settings import Settings

PATIENCE = 10
"""Seconds after which something that should have happened counts as not happening."""


class Webhook(NamedTuple):
    """One request that the receiver got."""

    body: bytes
    headers: dict[str, str]

    @property
    def event(self) -> str:
        return str(json.loads(self.body)["event"])

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.body)["data"]
        return data


class Receiver:
    """An HTTP server that keeps webhooks and answers from a list of statuses, then 200."""

    def __init__(self) -> None:
        self._taken: queue.Queue[Webhook] = queue.Queue()
        self._statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver._statuses.pop(0) if receiver._statuses else 200
                receiver._taken.put(Webhook(body, {k.lower(): v for k, v in self.headers.items()}))
                self.send_response(status)
                self.send_header("content-length", "8")
                self.end_headers()
                self.wfile.write(b"received")

            def log_message(self, *_args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhooks/paystack"

    def answer(self, *statuses: int) -> None:
        self._statuses.extend(statuses)

    def take(self) -> Webhook:
        return self._taken.get(timeout=PATIENCE)

    def take_events(self, count: int) -> list[str]:
        return [self.take().event for _ in range(count)]

    @property
    def is_empty(self) -> bool:
        return self._taken.empty()

    def clear(self) -> None:
        self._statuses.clear()
        while not self._taken.empty():
            self._taken.get_nowait()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class RunningSandbox:
    """A sandbox at a free port; its clock is the machine's plus what tests advance it by."""

    def __init__(self, settings_for: Callable[[str], Settings]) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._ahead = 0
        self.settings = settings_for(self.url)
        self.app = create_app(self.settings, clock=lambda: time.time_ns() // 1_000_000 + self._ahead)
        config = uvicorn.Config(self.app, log_level="error", ws="none", timeout_graceful_shutdown=5)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self.http = httpx.Client(base_url=self.url, timeout=PATIENCE * 2, trust_env=False)
        key = self.settings.paystack_secret_key.get_secret_value()
        self.api = httpx.Client(
            base_url=f"{self.url}/paystack",
            headers={"Authorization": f"Bearer {key}"},
            timeout=PATIENCE * 2,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        self._thread.start()
        self.http.get("/livez").raise_for_status()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.http.close()
        self.api.close()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self._ahead += round(seconds * 1000)
        self.app.state.pump.wake()

    def reset(self) -> None:
        self.control("reset")
        self._ahead = 0

    def control(self, path: str, body: object = None, *, method: str = "POST", status: int | None = None) -> Any:
        answer = self.http.request(method, f"/sandbox/{path}", json=body)
        assert answer.status_code == status if status else answer.is_success, answer.text
        return answer.json()

    def initialize(self, reference: str = "edx-1", **values: Any) -> dict[str, Any]:
        body = {"email": "ada@example.com", "amount": 2_500_000, "reference": reference, **values}
        answer = self.api.post("/transaction/initialize", json=body)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def verify(self, reference: str = "edx-1") -> dict[str, Any]:
        data: dict[str, Any] = self.api.get(f"/transaction/verify/{reference}").json()["data"]
        return data

    def paid(self, reference: str = "edx-1", *, announce: bool = False, **values: Any) -> dict[str, Any]:
        """A transaction that was initialised and paid, quietly unless told otherwise."""
        pay: dict[str, Any] = {name: values.pop(name) for name in ("card", "fees_passed_on") if name in values}
        self.initialize(reference, **values)
        transaction: dict[str, Any] = self.control(f"transactions/{reference}/pay", {"announce": announce, **pay})
        return transaction

    def recorded_attempts(self, count: int) -> None:
        """Wait until so many attempts at webhooks are on record."""
        store, pump = self.app.state.store, self.app.state.pump

        def recorded() -> bool:
            with store.read() as db:
                return bool(db.execute("SELECT COUNT(*) AS n FROM attempts").fetchone()["n"] >= count)

        waiting = asyncio.run_coroutine_threadsafe(pump.wait_until(recorded, PATIENCE), pump.loop)
        assert waiting.result(), f"fewer than {count} attempts"

    def settle(self) -> None:
        assert self.http.get("/sandbox/deliveries/settled").json() == {"settled": True}
