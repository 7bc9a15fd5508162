"""When to try a failed event again: pure policy."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Growing delays with a cap on their number: 1 s, 4 s, 16 s … up to half an hour, ten attempts in all (about two
    hours). A consumer for which that is wrong is registered with another one.
    """

    first: timedelta = timedelta(seconds=1)
    factor: float = 4.0
    longest: timedelta = timedelta(minutes=30)
    attempts: int = 10

    def delay(self, attempts: int, *, luck: float) -> timedelta | None:
        """How long to wait after the ``attempts``-th attempt failed; None: give up, it is a dead letter.

        ``luck`` in [0, 1) spreads the delay by ±20 %, so that what failed together is not retried together.
        """
        if attempts >= self.attempts:
            return None
        growing = self.first.total_seconds() * self.factor ** min(attempts - 1, 60)
        return timedelta(seconds=min(growing, self.longest.total_seconds()) * (0.8 + 0.4 * luck))
