"""A gateway with its own signing key, in front of real services on real ports."""

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chassis.database import Database
from chassis.testing.clock import SettableClock
from gateway.identity.service import accounts
from gateway.main import create_app
from gateway.settings import GatewaySettings

SERVICES = ("enrollment", "learning", "media", "certificates", "discussion")
#: Where nothing listens.
NOWHERE = "http://127.0.0.1:1"
#: So many calls that no limit is met by chance.
_PLENTY = {name: "100000/minute" for name in GatewaySettings.model_fields if name.startswith("limit_")}


def write_key(path: Path) -> str:
    """A new P-256 key in a PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(path)


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The gateway's signing key."""
    return write_key(tmp_path_factory.mktemp("keys") / "gateway.pem")


@pytest.fixture
def gateway_settings(settings_for: Callable[..., Any], key_file: str) -> Callable[..., GatewaySettings]:
    """``gateway_settings(limit_login_account="2/minute")``: cheap hashes, and limits that nobody meets by chance."""

    def settings(**overrides: Any) -> GatewaySettings:
        values = {
            "gateway_signing_key_path": key_file,
            "password_hash_memory_kib": 64,
            "password_hash_time_cost": 1,
            "jwks_url": None,
            **_PLENTY,
            **{f"{name}_url": NOWHERE for name in SERVICES},
            **overrides,
        }
        found: GatewaySettings = settings_for(GatewaySettings, **values)
        return found

    return settings


@pytest.fixture(autouse=True)
def _uvicorn_believes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway judges X-Forwarded-For itself, so its uvicorn runs with ``--no-proxy-headers``; so do these."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "")


class Person:
    """Somebody with an account, a browser (cookies) and a clock of the gateway's."""

    def __init__(self, client: httpx.Client, email: str, password: str = "plum kettle orbit", name: str = "Ada Obi"):
        self.client, self.email, self.password, self.name = client, email, password, name
        self.headers: dict[str, str] = {}
        self.id = ""

    def register(self) -> "Person":
        """Make the account."""
        answer = self.client.post(
            "/v1/auth/register", json={"email": self.email, "password": self.password, "name": self.name}
        )
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["user"]["id"]
        return self

    def log_in(self) -> "Person":
        """Get a token and the cookie."""
        answer = self.client.post("/v1/auth/login", json={"email": self.email, "password": self.password})
        assert answer.status_code == 200, answer.text
        self.headers = {"Authorization": f"Bearer {answer.json()['accessToken']}"}
        return self

    @property
    def cookie(self) -> str:
        """The refresh token in this browser."""
        return self.client.cookies["edx_refresh"]


class Door:
    """A running gateway."""

    def __init__(self, url: str, database: Database, clock: SettableClock, stack: ExitStack) -> None:
        self.url, self.database, self.clock, self._stack = url, database, clock, stack
        self.port = int(url.rpartition(":")[2])

    def browser(self) -> httpx.Client:
        """A client with cookies of its own."""
        return self._stack.enter_context(httpx.Client(base_url=self.url, timeout=30))

    def person(self, email: str = "ada@example.com", **more: str) -> Person:
        """Somebody who is not registered yet."""
        return Person(self.browser(), email, **more)

    def student(self, email: str = "ada@example.com", **more: str) -> Person:
        """Somebody who is logged in."""
        return self.person(email, **more).register().log_in()

    def admin(self, email: str = "root@example.com") -> Person:
        """An administrator who is logged in."""
        person = self.person(email, name="Root").register()
        with self.database.begin() as session:
            accounts.give_role(session, UUID(person.id), "admin")
        return person.log_in()

    def refresh_with(self, cookie: str) -> httpx.Response:
        """Refresh from a browser that has exactly this cookie."""
        return httpx.post(f"{self.url}/v1/auth/refresh", cookies={"edx_refresh": cookie})

    def reset_token(self, mail_file: Path) -> str:
        """The token in the newest mail."""
        mail = json.loads(mail_file.read_text("utf-8").splitlines()[-1])
        return str(mail["body"].partition("?token=")[2].split()[0])


@pytest.fixture
def open_door(
    live: Callable[[Any], Any],
    gateway_settings: Callable[..., GatewaySettings],
    database_for: Callable[[str], Database],
    clock: SettableClock,
) -> Iterator[Callable[..., Door]]:
    """``open_door(limit_register="2/hour")``: a gateway that serves real HTTP."""
    with ExitStack() as stack:

        def door(**overrides: Any) -> Door:
            app = create_app(gateway_settings(**overrides), clock)
            return Door(live(app).url, database_for("gateway"), clock, stack)

        yield door


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    """A gateway in front of nothing."""
    return open_door()


@pytest.fixture
def problem() -> Callable[[httpx.Response, int, str], dict[str, Any]]:
    """``problem(answer, 409, "email_taken")``: the answer is that problem document, which is answered."""

    def check(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
        document: dict[str, Any] = answer.json()
        assert (document["code"], document["status"]) == (code, status)
        assert document["requestId"] == answer.headers["x-request-id"]
        assert document["title"]
        assert document["detail"]
        return document

    return check


class Service:
    """A real HTTP service behind the gateway: echoes, and does what a test needs of it."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        #: Set by the service: it got the first part of a body; its client went away.
        self.got_part, self.client_gone = threading.Event(), threading.Event()
        #: Set by the test: the service may go on.
        self.go_on = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._live(receive, send)
            return
        behave = getattr(self, "do_" + scope["path"].rpartition("/")[2], self.do_echo)
        await behave(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        assert message["type"] == "lifespan.shutdown"
        await send({"type": "lifespan.shutdown.complete"})

    async def do_echo(self, scope: Any, receive: Any, send: Any) -> None:
        """Say what arrived."""
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.client_gone.set()
                return
            body += message.get("body", b"")
            if body:
                self.got_part.set()
            if not message.get("more_body"):
                break
        seen = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
            "length": len(body),
            "digest": hashlib.sha256(body).hexdigest(),
        }
        self.seen.append(seen)
        await answer(send, 200, json.dumps(seen).encode(), [(b"content-type", b"application/json")])

    async def do_headers(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer with headers of every kind."""
        headers = [
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"etag", b'"x"'),
            (b"content-encoding", b"gzip"),
            (b"x-request-id", b"the-services-own"),
            (b"connection", b"x-secret-hop"),
            (b"x-secret-hop", b"1"),
            (b"location", b"/v1/elsewhere"),
        ]
        await answer(send, 307, b"not really gzip", headers)

    async def do_stream(self, scope: Any, receive: Any, send: Any) -> None:
        """Send a part, wait for the test, send the rest."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        assert await asyncio.to_thread(self.go_on.wait, 10), "the first part did not arrive before the second was sent"
        await send({"type": "http.response.body", "body": b"rest"})

    async def do_hang(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer nothing until the client goes away."""
        self.got_part.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        self.client_gone.set()

    async def do_endless(self, scope: Any, receive: Any, send: Any) -> None:
        """Begin an answer and never end it, until the client goes away."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await self.do_hang(scope, receive, send)

    async def do_broken(self, scope: Any, receive: Any, send: Any) -> None:
        """Break off in the middle."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
        await send({"type": "http.response.body", "body": b"only this", "more_body": True})

    async def do_nothing(self, scope: Any, receive: Any, send: Any) -> None:
        """204, or 304 when asked conditionally."""
        conditional = any(name == b"if-none-match" for name, _ in scope["headers"])
        await send({"type": "http.response.start", "status": 304 if conditional else 204, "headers": [(b"etag", b"x")]})
        await send({"type": "http.response.body", "body": b""})


async def answer(send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """A whole answer."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def service() -> Service:
    """The service that ``proxied`` gateways stand in front of."""
    return Service()


@pytest.fixture
def proxied(open_door: Callable[..., Door], live: Callable[[Any], Any], service: Service) -> Callable[..., Door]:
    """``proxied(upstream_read_seconds=1)``: a gateway in front of ``service``, as each of the platform's services."""
    url = live(service).url

    def door(**overrides: Any) -> Door:
        return open_door(**{**{f"{name}_url": url for name in SERVICES}, **overrides})

    return door
