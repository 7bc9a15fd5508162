"""When a webhook is tried again."""

from collections.abc import Sequence

MILLISECONDS = 1000


def next_attempt_at(
    *, attempts: int, now: int, created_at: int, intervals: Sequence[float], hours: float
) -> int | None:
    """The instant of the next attempt after ``attempts`` failed ones, None to give up.

    The last interval repeats. Paystack (live): every 3 minutes 4 times, then hourly for 72 hours.
    """
    interval = intervals[min(attempts, len(intervals)) - 1]
    at = now + round(interval * MILLISECONDS)
    return at if at <= created_at + hours * 3600 * MILLISECONDS else None
