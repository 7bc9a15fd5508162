"""How long a playback grant lives."""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: A grant is asked for anew when this share of it has passed.
RENEW_AT = 0.8


@dataclass(frozen=True, slots=True)
class Grant:
    """From now until ``expires_at``; a player renews at ``renew_after``."""

    expires_at: datetime
    renew_after: datetime


def grant(now: datetime, seconds: int) -> Grant:
    """A grant of at most ``seconds``, ending on a whole second, as CloudFront counts."""
    expires_at = now.replace(microsecond=0) + timedelta(seconds=seconds)
    return Grant(expires_at, now + (expires_at - now) * RENEW_AT)
