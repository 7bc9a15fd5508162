"""Password hashes: argon2id with bounded concurrency, so that a storm of logins cannot eat the machine.

A hash costs about 25 ms of one core and ``memory_kib`` of memory while it runs. At most ``concurrency`` run at a
time, at most ``queue`` wait; whoever comes after that is told to try again (503) instead of making it worse.
"""

from collections.abc import Callable
from typing import TypeVar

import anyio
import argon2
from anyio.to_thread import run_sync

from chassis.errors import Unavailable
from gateway.settings import GatewaySettings

T = TypeVar("T")


class Hasher:
    """Makes and checks password hashes off the event loop."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=settings.password_hash_time_cost,
            memory_cost=settings.password_hash_memory_kib,
            parallelism=settings.password_hash_parallelism,
        )
        self._concurrency = settings.password_hash_concurrency
        self._queue = settings.password_hash_queue
        self._limiter: anyio.CapacityLimiter | None = None
        self._decoy = self._argon2.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """A new hash with the present parameters."""
        return await self._bounded(lambda: self._argon2.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password fits. Without a hash the same work is done in vain: time tells nobody who exists."""
        if password_hash is None:
            await self._bounded(lambda: self._matches(self._decoy, password))
            return False
        return await self._bounded(lambda: self._matches(password_hash, password))

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than the present ones."""
        return self._argon2.check_needs_rehash(password_hash)

    def hash_now(self, password: str) -> str:
        """A new hash, made on this thread (for commands)."""
        return self._argon2.hash(password)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    async def _bounded(self, work: Callable[[], T]) -> T:
        if self._limiter is None:  # belongs to the event loop that serves
            self._limiter = anyio.CapacityLimiter(self._concurrency)
        if self._limiter.statistics().tasks_waiting >= self._queue:
            raise Unavailable("Too many people are logging in right now; try again in a moment.", retry_after=2)
        return await run_sync(work, limiter=self._limiter)
