"""A student's browser: repeats what was not answered, under the same Idempotency-Key, until it is promised."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Collection
from typing import Any

import aiohttp
from tests.faults.model import Ledger

Json = dict[str, Any]

#: Longer than any fault of a plan lasts, the start of a process and a queue behind it included.
PATIENCE_SECONDS = 300.0
_TIMEOUT = aiohttp.ClientTimeout(total=15)
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 6.0
#: Who is not let in yet will hardly be in the next second.
_FIRST_PAUSE_OUTSIDE = 2.0
#: Refusals of a platform in trouble: the request is good, its time is not.
_PASSING = frozenset({401, 408, 409, 429, 500, 502, 503, 504})
_IN_PROGRESS = "request_in_progress"


class Stuck(Exception):
    """What should have been promised was not, for longer than anything may take to heal."""


class Refused(Exception):
    """A refusal that repeating does not change."""

    def __init__(self, method: str, url: str, status: int, body: Json) -> None:
        super().__init__(f"{method} {url} answered {status} {body.get('code')}: {body.get('detail')}")
        self.status = status
        self.code = body.get("code")


class Browser:
    """Requests of one student. ``authorization`` is renewed by ``log_in`` when a token is refused."""

    def __init__(self, session: aiohttp.ClientSession, ledger: Ledger) -> None:
        self._session = session
        self._ledger = ledger
        self._headers: dict[str, str] = {}
        self._credentials: Json = {}

    async def log_in(self, base: str, email: str, password: str) -> None:
        """Begin a session, and remember how to begin the next one."""
        self._credentials = {"url": f"{base}/v1/auth/login", "json": {"email": email, "password": password}}
        await self._renew()

    async def _renew(self) -> None:
        self._headers.pop("Authorization", None)
        session = await self.ask("POST", **self._credentials)
        self._headers["Authorization"] = f"Bearer {session['accessToken']}"

    async def ask(
        self, method: str, url: str, *, json: Any = None, key: str | None = None, wait_for: Collection[str] = ()
    ) -> Any:
        """The JSON of the first 2xx answer. ``wait_for`` are codes of refusals that pass, such as ``not_enrolled``."""
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {})}
        deadline, pause = time.monotonic() + PATIENCE_SECONDS, _FIRST_PAUSE_OUTSIDE if wait_for else _FIRST_PAUSE
        while True:
            status, body = await self._send(method, url, json, headers)
            if 200 <= status < 300:
                self._ledger.answers += 1
                return body
            self._note(status, body)
            code = body.get("code")
            if code not in wait_for and not _passes(status, code):
                raise Refused(method, url, status, body)
            if time.monotonic() > deadline:
                raise Stuck(f"{method} {url} was not promised within {PATIENCE_SECONDS:.0f} s; last: {status} {code}")
            await asyncio.sleep(pause * (0.5 + random.random()))
            pause = min(pause * 2, _LONGEST_PAUSE)
            if status == 401 and "Authorization" in headers:
                await self._renew()
                headers |= self._headers

    async def _send(self, method: str, url: str, json: Any, headers: dict[str, str]) -> tuple[int, Json]:
        try:
            async with self._session.request(method, url, json=json, headers=headers, timeout=_TIMEOUT) as answer:
                return answer.status, await _body_of(answer)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, {}

    def _note(self, status: int, body: Json) -> None:
        code = body.get("code", "")
        self._ledger.refusals[f"{status} {code}".strip() if status else "no answer"] += 1


def _passes(status: int, code: Any) -> bool:
    if status == 409:
        return bool(code == _IN_PROGRESS)
    return status == 0 or status in _PASSING


async def _body_of(answer: aiohttp.ClientResponse) -> Json:
    """A 2xx answer that breaks off is none: reading it raises, and the request is sent again."""
    if "json" not in answer.content_type:
        await answer.read()
        return {}
    found = await answer.json()
    return found if isinstance(found, dict) else {"items": found}


def summed(refusals: Counter[str]) -> str:
    """For people."""
    return ", ".join(f"{count} × {what}" for what, count in refusals.most_common()) or "none"
