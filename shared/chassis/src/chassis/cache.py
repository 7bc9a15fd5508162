"""Cached reads: ready bytes from Redis with an ETag, rebuilt from MySQL, correct without Redis.

An entry names the *generation* of each of its tags at the time before it was built. ``forget`` gives a tag a new
generation after the transaction that changed something has committed, so an answer that was built from older rows
can never be taken for a current one, in whatever order builds and writes interleave. A generation that Redis lost
only means a rebuild. Entries never outlive ``valid_until`` (the next instant at which the calendar changes the
answer) nor ``MAX_AGE_SECONDS``, which bounds what a forget that could not reach Redis may leave behind.
"""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import redis
import redis.asyncio
import structlog
from anyio.to_thread import run_sync
from sqlalchemy import event
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

log = structlog.get_logger(__name__)

MAX_AGE_SECONDS = 300
GENERATION_SECONDS = 7 * 24 * 3600
_FORGET = "chassis.cache.forget"
_HANDLE = "chassis.cache"
_BREAK_SECONDS = 1.0
#: How many questions a process remembers the place of the answer to.
_SHORTCUTS = 20_000


@dataclass(frozen=True, slots=True)
class Fresh:
    """A newly built answer: JSON bytes, and the instant at which time alone changes it (None: never)."""

    body: bytes
    valid_until: datetime | None = None


Build = Callable[[Session, datetime], Fresh]

#: What was asked, by whom: path, query string and Authorization header, as they came.
Asked = tuple[str, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Shortcut:
    """The Redis keys of an answer (its entry, then its tags), and the route that built it."""

    keys: tuple[str, ...]
    route: Any


def asked_of(scope: Scope) -> Asked:
    """What this request asks, and who asks it."""
    authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    return scope["path"], scope["query_string"], authorization


class ReadCache:
    """Cached reads of one service. Redis failing costs speed, never an error (DESIGN §7)."""

    def __init__(self, client: "redis.asyncio.Redis", namespace: str) -> None:
        self._redis = client
        self._prefix = f"edx:{namespace}:"
        self._broken_until = 0.0
        self._shortcuts: OrderedDict[Asked, Shortcut] = OrderedDict()

    async def read(self, request: Request, key: str, tags: Sequence[str], build: Build) -> Response:
        """The answer to ``request``: 304 when the client has it, cached bytes when they are current, else built.

        ``key`` and ``tags`` must follow from the address and the caller alone (see ``chassis.hot_reads``).
        """
        now: datetime = request.app.state.clock()
        entry_key, tag_keys = f"{self._prefix}entry:{key}", [f"{self._prefix}tag:{tag}" for tag in tags]
        found = await self._get([entry_key, *tag_keys])
        body = None if found is None else _current(found[0], found[1:], now)
        if body is None:
            fresh = await run_sync(_build, request.app.state.db, build, now)
            body = fresh.body
            if found is not None:
                await self._put(entry_key, tag_keys, found[1:], fresh, now)
        self._shortcuts[asked_of(request.scope)] = Shortcut((entry_key, *tag_keys), request.scope.get("route"))
        if len(self._shortcuts) > _SHORTCUTS:
            self._shortcuts.popitem(last=False)
        status, headers = answer_head(body, request.headers.get("if-none-match"))
        return Response(body if status == 200 else None, status, headers)

    def shortcut(self, scope: Scope) -> "Shortcut | None":
        """Where the answer to the same question by the same caller was kept when it was last asked here."""
        return self._shortcuts.get(asked_of(scope))

    async def peek(self, shortcut: "Shortcut", now: datetime) -> bytes | None:
        """The answer, if Redis has it and it is current."""
        found = await self._get(list(shortcut.keys))
        return None if found is None else _current(found[0], found[1:], now)

    async def ping(self) -> None:
        """Raises when the cache cannot be reached; the service works without it, but slower."""
        await self._redis.ping()

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _get(self, keys: list[str]) -> list[bytes | None] | None:
        if time.monotonic() < self._broken_until:
            return None
        try:
            return cast("list[bytes | None]", await self._redis.mget(keys))
        except (redis.RedisError, OSError) as error:
            self._break(error)
            return None

    async def _put(
        self, entry_key: str, tag_keys: list[str], generations: list[bytes | None], fresh: Fresh, now: datetime
    ) -> None:
        seconds = float(MAX_AGE_SECONDS)
        if fresh.valid_until is not None:
            seconds = min(seconds, (fresh.valid_until - now).total_seconds())
        if seconds <= 0:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                known = list(generations)
                for index, generation in enumerate(known):
                    if generation is None:  # a lost or new tag: give it a generation, unless somebody just did
                        known[index] = new = secrets.token_bytes(8)
                        pipe.set(tag_keys[index], new, ex=GENERATION_SECONDS, nx=True)
                pipe.set(entry_key, _pack(known, fresh), px=max(1, int(seconds * 1000)))
                await pipe.execute()
        except (redis.RedisError, OSError) as error:
            self._break(error)

    def _break(self, error: BaseException) -> None:
        self._broken_until = time.monotonic() + _BREAK_SECONDS
        log.warning("cache_unreachable", error=str(error))


def _build(database: Any, build: Build, now: datetime) -> Fresh:
    with database.begin() as session:
        return build(session, now)


def _pack(generations: Sequence[bytes | None], fresh: Fresh) -> bytes:
    head = {
        "g": [generation.hex() if generation else "" for generation in generations],
        "u": fresh.valid_until.timestamp() if fresh.valid_until else None,
    }
    return orjson.dumps(head) + b"\n" + fresh.body


def _current(entry: bytes | None, generations: Sequence[bytes | None], now: datetime) -> bytes | None:
    if entry is None:
        return None
    head_bytes, _, body = entry.partition(b"\n")
    head = orjson.loads(head_bytes)
    if head["g"] != [generation.hex() if generation else None for generation in generations]:
        return None
    if head["u"] is not None and now >= datetime.fromtimestamp(head["u"], UTC):
        return None
    return body


def etag_of(body: bytes) -> str:
    """A strong ETag: the same bytes, the same tag, on every replica."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def answer_head(body: bytes, if_none_match: str | None) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer: 304 when the client named the body's ETag, else 200."""
    etag = etag_of(body)
    headers = {"etag": etag, "cache-control": "private, no-cache", "vary": "Authorization"}
    if is_known(etag, if_none_match):
        return 304, headers
    return 200, {**headers, "content-type": "application/json"}


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Whether the client says that it has what bears this ETag."""
    if not if_none_match:
        return False
    return if_none_match.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}


class Forgetter:
    """Gives tags a new generation after a commit. What Redis does not take is kept and tried again."""

    def __init__(self, client: "redis.Redis", namespace: str) -> None:
        self._redis = client
        self._prefix = f"edx:{namespace}:tag:"
        self._owed: set[str] = set()
        self._lock = threading.Lock()
        self._broken_until = 0.0
        self._debtor: threading.Thread | None = None

    def forget(self, tags: set[str]) -> None:
        """Invalidate now; never raises, and does not wait for a Redis that just failed."""
        with self._lock:
            tags = tags | self._owed
            if time.monotonic() < self._broken_until:
                self._owed = tags
                return
            self._owed = set()
        if not tags:
            return
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for tag in tags:
                    pipe.set(self._prefix + tag, secrets.token_bytes(8), ex=GENERATION_SECONDS)
                pipe.execute()
        except (redis.RedisError, OSError) as error:
            with self._lock:
                self._owed |= tags
                self._broken_until = time.monotonic() + _BREAK_SECONDS
                if self._debtor is None:
                    self._debtor = threading.Thread(target=self._settle, name="forgetter", daemon=True)
                    self._debtor.start()
                    log.warning("forget_owed", tags=len(tags), error=str(error), effect="tried again every second")

    def _settle(self) -> None:
        """Try what is owed until nothing is, however long Redis is away."""
        while True:
            time.sleep(_BREAK_SECONDS)
            self.forget(set())
            with self._lock:
                if not self._owed:
                    self._debtor = None
                    return


def forget(session: Session, *tags: str) -> None:
    """Everything cached under ``tags`` is out of date once this session's transaction has committed."""
    session.info.setdefault(_FORGET, set()).update(tags)


def connect_forgetter(session_info: dict[str, Any], forgetter: Forgetter) -> None:
    """Let sessions that carry ``session_info`` reach ``forgetter`` after their commits."""
    session_info[_HANDLE] = forgetter


@event.listens_for(Session, "after_commit")
def _after_commit(session: Session) -> None:
    if session.in_nested_transaction():  # a released savepoint is not yet a commit
        return
    tags = session.info.pop(_FORGET, None)
    forgetter = session.info.get(_HANDLE)
    if tags and forgetter is not None:
        forgetter.forget(tags)


@event.listens_for(Session, "after_rollback")
def _after_rollback(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_FORGET, None)
