"""Counting calls across all gateways, cheaply, and through any trouble with Redis.

Each process counts in memory and adds what it counted to Redis whenever that reaches the limit's ``share`` (5 %, one
call for small limits); Redis answers the platform's total. So most requests cost no round trip, the limits that
guard passwords and money are exact, and others are off by at most 5 % for each gateway. While Redis is down every
process goes on with its own count: limits become looser, never an error.
"""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog
from limits import parse
from limits.aio.storage import RedisStorage
from redis.asyncio import ConnectionPool

from gateway.limits.policy import Limit, Rate, Verdict, judge
from gateway.settings import GatewaySettings

log = structlog.get_logger(__name__)

_REDIS_SECONDS = 0.25
_BREAK_SECONDS = 1.0
_SWEEP_AT = 20_000


class Storage(Protocol):
    """The part of ``limits``' storages that is used here."""

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add ``amount``; answers the new total. The first addition starts the expiry (seconds)."""


class _Window:
    __slots__ = ("ends_at", "known", "pending")

    def __init__(self, ends_at: float) -> None:
        self.ends_at = ends_at
        #: The total that Redis answered last, and what was counted here since.
        self.known = 0
        self.pending = 0


class Counter:
    """Verdicts on calls. Belongs to one event loop."""

    def __init__(self, rates: Mapping[Limit, Rate], storage: Storage, clock: Callable[[], float] = time.time) -> None:
        self._rates = rates
        self._storage = storage
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        self._broken_until = 0.0

    async def hit(self, limit: Limit, who: str) -> Verdict:
        """Count one call of ``who``; never raises."""
        rate, now = self._rates[limit], self._clock()
        number = rate.window_at(now)
        key = f"{limit}:{who}:{number}"
        window = self._windows.get(key)
        if window is None:
            window = self._open(key, (number + 1) * rate.seconds, now)
        window.pending += 1
        if window.pending >= rate.share and now >= self._broken_until and window.known <= rate.amount:
            await self._settle(key, window, rate, now)
        return judge(limit, rate, window.known + window.pending, now)

    def _open(self, key: str, ends_at: float, now: float) -> _Window:
        if len(self._windows) >= _SWEEP_AT:
            self._windows = {old: window for old, window in self._windows.items() if window.ends_at > now}
            if len(self._windows) >= _SWEEP_AT:  # that many callers within one window: remember the newest
                for old in list(self._windows)[: _SWEEP_AT // 2]:
                    del self._windows[old]
        window = self._windows[key] = _Window(ends_at)
        return window

    async def _settle(self, key: str, window: _Window, rate: Rate, now: float) -> None:
        amount, window.pending = window.pending, 0
        window.known += amount  # while Redis is asked, others count on top of it
        try:
            total = await self._storage.incr(key, rate.seconds, amount)
        except Exception as error:  # whatever is wrong with Redis, the caller must not see it
            self._broken_until = now + _BREAK_SECONDS
            log.warning("limits_without_redis", error=str(error), effect="each gateway counts for itself")
            return
        window.known = max(window.known, total)


def make_pool(settings: GatewaySettings) -> ConnectionPool:
    """Connections to the Redis of cached reads, which may be lost at any time; whoever serves closes them."""
    pool: ConnectionPool = ConnectionPool.from_url(
        settings.cache_redis_url.get_secret_value(),
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
        retry=None,
    )
    return pool


def make_counter(settings: GatewaySettings, pool: ConnectionPool) -> Counter:
    """A counter on the ``limits`` library's Redis storage."""
    url = f"async+{settings.cache_redis_url.get_secret_value()}"
    # the annotation of ``options`` there is narrower than what is passed on to redis-py
    storage = RedisStorage(url, implementation="redispy", key_prefix="edx:limits", connection_pool=pool)  # type: ignore[arg-type]
    return Counter(rates_of(settings), storage)


def rates_of(settings: GatewaySettings) -> dict[Limit, Rate]:
    """The rates that the settings name."""
    return {
        Limit.DEFAULT: _rate(settings.limit_default),
        Limit.LOGIN_ACCOUNT: _rate(settings.limit_login_account),
        Limit.LOGIN_ADDRESS: _rate(settings.limit_login_address),
        Limit.REGISTER: _rate(settings.limit_register),
        Limit.PASSWORD_RESET: _rate(settings.limit_password_reset),
        Limit.PAYMENTS: _rate(settings.limit_payments),
        Limit.POSTS: _rate(settings.limit_posts),
        Limit.RECEIPTS: _rate(settings.limit_receipts),
        Limit.VERIFICATION: _rate(settings.limit_verification),
    }


def _rate(text: str) -> Rate:
    item = parse(text)
    return Rate(item.amount, item.get_expiry())
