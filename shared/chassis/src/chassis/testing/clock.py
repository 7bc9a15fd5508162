"""A clock that tests set."""

from datetime import UTC, datetime, timedelta


class SettableClock:
    """Stands still until it is set or advanced. Usable as a ``chassis.clock.Clock``."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def set(self, now: datetime) -> None:
        """It is ``now``."""
        self.now = now

    def advance(self, **by: float) -> None:
        """Time passes: ``advance(minutes=5)``."""
        self.now += timedelta(**by)
