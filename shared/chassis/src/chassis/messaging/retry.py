"""When to try a failed event again: pure policy."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Growing delays with a cap on their number.

    An error waits 1 s, 4 s, 16 s … up to half an hour, ten attempts in all (about two hours). ``NotYet`` usually
    means that the cause is a few milliseconds behind, so its delays start at 50 ms; they grow to five minutes and
    give up after about two hours too.
    """

    first: timedelta = timedelta(seconds=1)
    factor: float = 4.0
    longest: timedelta = timedelta(minutes=30)
    attempts: int = 10
    quick_first: timedelta = timedelta(milliseconds=50)
    quick_factor: float = 2.0
    quick_longest: timedelta = timedelta(minutes=5)
    quick_attempts: int = 38

    def delay(self, attempts: int, *, not_yet: bool, luck: float) -> timedelta | None:
        """How long to wait after the ``attempts``-th attempt failed; None: give up, it is a dead letter.

        ``luck`` in [0, 1) spreads the delay by ±20 %, so that what failed together is not retried together.
        """
        first, factor, longest, most = (
            (self.quick_first, self.quick_factor, self.quick_longest, self.quick_attempts)
            if not_yet
            else (self.first, self.factor, self.longest, self.attempts)
        )
        if attempts >= most:
            return None
        seconds = min(first.total_seconds() * factor ** min(attempts - 1, 60), longest.total_seconds())
        return timedelta(seconds=seconds * (0.8 + 0.4 * luck))
