"""Time: instants are integer milliseconds since 1970 (UTC) in the store, ISO 8601 on the wire."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], int]
"""Answers the present instant in milliseconds."""


def wall_clock() -> int:
    """The present instant by the machine's clock."""
    return time.time_ns() // 1_000_000


def iso(instant: int | None) -> str | None:
    """Write an instant as Paystack does: ``2024-08-22T09:15:02.000Z``."""
    if instant is None:
        return None
    moment = datetime.fromtimestamp(instant / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant % 1000:03d}Z"


def parse_iso(text: str) -> int:
    """Read an ISO 8601 date or instant (UTC unless it says otherwise); ValueError if it is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
