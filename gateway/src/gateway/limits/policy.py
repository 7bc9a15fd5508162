"""Rates and verdicts, and what the RateLimit headers say about them. Pure."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Limit(StrEnum):
    """The names of the platform's limits (API.md, fine print)."""

    DEFAULT = "default"
    LOGIN_ACCOUNT = "login-account"
    LOGIN_ADDRESS = "login"
    REGISTER = "register"
    PASSWORD_RESET = "password-reset"  # noqa: S105  (a name)
    PAYMENTS = "payments"
    RECEIPTS = "receipts"
    POSTS = "posts"
    VERIFICATION = "verification"


#: Counted by address even for a caller who is logged in.
BY_ADDRESS = frozenset({Limit.LOGIN_ADDRESS, Limit.REGISTER, Limit.PASSWORD_RESET, Limit.VERIFICATION})


@dataclass(frozen=True, slots=True)
class Rate:
    """``amount`` calls in each window of ``seconds``. Windows begin at multiples of ``seconds`` since the epoch."""

    amount: int
    seconds: int

    @property
    def share(self) -> int:
        """How many calls a process may count by itself before it asks Redis: 5 %, so small limits are exact."""
        return max(1, self.amount // 20)

    def window_at(self, now: float) -> int:
        """The number of the window that ``now`` (seconds since the epoch) is in."""
        return int(now // self.seconds)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``remaining`` calls are left in the window, which ends in ``reset`` seconds (rounded up, at least 1)."""

    limit: Limit
    rate: Rate
    allowed: bool
    remaining: int
    reset: int


def judge(limit: Limit, rate: Rate, count: int, now: float) -> Verdict:
    """The verdict on the ``count``-th call of the window."""
    reset = max(1, math.ceil((rate.window_at(now) + 1) * rate.seconds - now))
    return Verdict(limit, rate, count <= rate.amount, max(0, rate.amount - count), reset)


def headers(verdict: Verdict) -> list[tuple[bytes, bytes]]:
    """``RateLimit-Policy`` and ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers), on a refusal ``Retry-After``."""
    name = verdict.limit.value
    found = [
        (b"ratelimit-policy", f'"{name}";q={verdict.rate.amount};w={verdict.rate.seconds}'.encode()),
        (b"ratelimit", f'"{name}";r={verdict.remaining};t={verdict.reset}'.encode()),
    ]
    if not verdict.allowed:
        found.append((b"retry-after", str(verdict.reset).encode()))
    return found
