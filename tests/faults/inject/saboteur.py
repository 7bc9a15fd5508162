"""What can go wrong inside a process, ordered through files in a folder (``tests.faults.orders`` writes them).

``<process>@<point>``: kill -9 when the process passes that point next. ``<process>.disorder``: while it is there, the
relay publishes shuffled, doubled and held-back rows. ``<process>.skew``: seconds by which the process's clock is
wrong from now on. ``<process>.no-documents``: certificates wait for their PDFs.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from functools import wraps
from typing import Any

_KINDS = {"main": "api", "worker": "worker"}


def sabotage(folder: str, command: Sequence[str]) -> None:
    """Prepare this process, if it is one of the platform's own services."""
    application = next((word for word in command if word.endswith(":create_app")), "")
    unit, _, module = application.removesuffix(":create_app").partition(".")
    if unit == "sandbox" or module not in _KINDS:
        return
    process = Process(folder, f"{unit}-{_KINDS[module]}")
    process.set_clock()
    process.strike_before_hints()
    if module == "worker":
        process.strike_in_relay()
        process.strike_in_consumers()
    if process.name == "certificates-worker":
        process.postpone_documents()


class Process:
    """The process that this is, and its orders."""

    def __init__(self, folder: str, name: str) -> None:
        self.name = name
        self._orders = os.path.join(folder, name)

    def strike(self, point: str) -> None:
        """Die here if that is the order; it is carried out once."""
        with suppress(FileNotFoundError):
            os.unlink(f"{self._orders}@{point}")
            os.kill(os.getpid(), signal.SIGKILL)

    def strike_before_hints(self) -> None:
        """After a commit that emitted events, before the relay is woken."""
        from chassis.messaging.outbox import HintPublisher

        HintPublisher.publish = before(HintPublisher.publish, lambda: self.strike("after-commit"))  # type: ignore[method-assign]

    def strike_in_relay(self) -> None:
        """Between XADD and stamp; and the order in which rows go out."""
        from chassis.messaging import relay_store

        relay_store.stamp = before(relay_store.stamp, lambda: self.strike("before-stamp"))
        relay_store.unpublished = self._disordered(relay_store.unpublished)

    def strike_in_consumers(self) -> None:
        """Between a consumer's commit and its acknowledgement."""
        from chassis.messaging.intake import Taker

        Taker.take_in = after(Taker.take_in, lambda: self.strike("before-ack"))  # type: ignore[method-assign]

    def _disordered(self, unpublished: Callable[..., Sequence[Any]]) -> Callable[..., Sequence[Any]]:
        @wraps(unpublished)
        def disordered(*arguments: Any) -> Sequence[Any]:
            rows = list(unpublished(*arguments))
            if not rows or not os.path.exists(f"{self._orders}.disorder"):
                return rows
            chosen = random.sample(rows, random.randint((len(rows) + 1) // 2, len(rows)))  # the rest goes out later
            doubled = chosen + random.sample(chosen, len(chosen) // 3)
            return random.sample(doubled, len(doubled))

        return disordered

    def postpone_documents(self) -> None:
        """Let the job that makes PDFs find nothing to do."""
        from certificates.documents import repository

        claim = repository.claim
        repository.claim = lambda *arguments: (
            [] if os.path.exists(f"{self._orders}.no-documents") else claim(*arguments)
        )

    def set_clock(self) -> None:
        """Let every clock that our code reads be wrong by what is ordered, as soon as it is ordered."""
        bend_clock(Skew(f"{self._orders}.skew").seconds)


class Skew:
    """By how many seconds the clock is wrong, as ordered at most a moment ago."""

    _EVERY_SECONDS = 0.2

    def __init__(self, order: str) -> None:
        self._order = order
        self._seconds = 0.0
        self._read_at = -self._EVERY_SECONDS

    def seconds(self) -> float:
        """Behind the right time when negative."""
        if time.monotonic() - self._read_at >= self._EVERY_SECONDS:
            self._read_at = time.monotonic()
            try:
                with open(self._order) as order:
                    self._seconds = float(order.read())
            except FileNotFoundError:
                self._seconds = 0.0
        return self._seconds


def before(function: Callable[..., Any], strike: Callable[[], None]) -> Callable[..., Any]:
    """``function``, with ``strike`` before each call."""

    @wraps(function)
    def struck(*arguments: Any, **named: Any) -> Any:
        strike()
        return function(*arguments, **named)

    return struck


def after(function: Callable[..., Any], strike: Callable[[], None]) -> Callable[..., Any]:
    """``function``, with ``strike`` after each call that came back."""

    @wraps(function)
    def struck(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        strike()
        return result

    return struck


def bend_clock(skew: Callable[[], float]) -> None:
    """Shift the wall clock as our code and the token library see it. Must come before they are loaded."""
    import jwt.api_jwt

    import chassis.clock

    now, nanoseconds = time.time, time.time_ns

    class AnyInstant(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, datetime)

    class Skewed(datetime, metaclass=AnyInstant):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=skew())

    assert "chassis.tokens" not in sys.modules
    time.time = lambda: now() + skew()
    time.time_ns = lambda: nanoseconds() + int(skew() * 1e9)
    chassis.clock.datetime = Skewed  # type: ignore[attr-defined]
    jwt.api_jwt.datetime = Skewed  # type: ignore[misc]
