"""The rules of money: is it ours, does it give access, where does a payment stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

Access = Literal["granted", "suspended", "revoked"]

#: Refunds that have not ended.
UNDER_WAY = frozenset({"queued", "sending", "pending", "processing", "needs_attention"})
#: Statuses of a payment for which no money has come.
UNPAID = frozenset({"pending", "failed", "abandoned"})
#: Statuses of a payment which staff may refund.
REFUNDABLE = frozenset({"succeeded", "partially_refunded", "mismatched", "refunding"})

FIRST_CHECK = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=12)
#: After that only a webhook, a verify call or an administrator settles an unpaid reference.
GIVE_UP_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Price:
    """What a payment asked for."""

    amount_minor: int
    currency: str
    domain: str


@dataclass(frozen=True, slots=True)
class Money:
    """What Paystack says it took."""

    amount_minor: int | None
    requested_minor: int | None
    currency: str | None
    domain: str | None


def find_mismatch(asked: Price, taken: Money) -> str | None:
    """Why this money is not what was asked for, in words; None when it is.

    Compares the requested amount (with fees passed to the customer the amount itself is larger; older answers have
    no requested amount), the currency and the domain (facts: the amount trap). Less taken than requested is a partial
    debit: not what was asked for either.
    """
    compared = taken.amount_minor if taken.requested_minor is None else taken.requested_minor
    if compared != asked.amount_minor:
        return f"amount: asked for {asked.amount_minor}, Paystack says {compared}"
    if taken.amount_minor is not None and taken.amount_minor < asked.amount_minor:
        return f"amount: asked for {asked.amount_minor}, Paystack took {taken.amount_minor}"
    if taken.currency != asked.currency:
        return f"currency: asked for {asked.currency}, Paystack says {taken.currency}"
    if taken.domain != asked.domain:
        return f"domain: this is {asked.domain}, Paystack says {taken.domain}"
    return None


@dataclass(frozen=True, slots=True)
class ArrivalFacts:
    """What decides whether verified money gives access."""

    enrollment_status: str
    has_other_enrollment: bool
    erased: bool
    paid_at: datetime
    hold_expires_at: datetime
    grace: timedelta
    keeps_seat: bool
    seats_left: int | None
    window_allows: bool
    #: It pays a part of the enrollment already, so it gave access, or was paid while there was access.
    pays_a_part: bool


@dataclass(frozen=True, slots=True)
class Arrival:
    """Honoured, or to be refunded and why."""

    honoured: bool
    reason: str


def decide_arrival(facts: ArrivalFacts) -> Arrival:
    """Money paid within its hold is always honoured: the seat was kept for it. Within the grace it is honoured as
    long as there is a seat; later only if the student could enrol right now. All else goes back. What pays a part
    already was honoured when it came, whatever the hour is now.
    """
    if facts.erased:
        return Arrival(False, "account_erased")
    if facts.enrollment_status in {"active", "completed", "suspended"} or facts.has_other_enrollment:
        return Arrival(False, "already_enrolled")
    if facts.enrollment_status == "revoked":
        return Arrival(False, "enrollment_revoked")
    if facts.pays_a_part:
        return Arrival(True, "pays_a_part")
    if facts.paid_at <= facts.hold_expires_at:
        return Arrival(True, "within_hold")
    has_seat = facts.keeps_seat or facts.seats_left is None or facts.seats_left > 0
    if facts.paid_at <= facts.hold_expires_at + facts.grace:
        return Arrival(True, "within_grace") if has_seat else Arrival(False, "cohort_full")
    if facts.window_allows and has_seat:
        return Arrival(True, "window_open")
    return Arrival(False, "paid_too_late")


@dataclass(frozen=True, slots=True)
class StandingFacts:
    """All that has become of money that was received, in whatever order it was learnt.

    ``refunded_minor`` is what went back, by refunds and by lost disputes.
    """

    price_minor: int
    received_minor: int
    gives_access: bool
    matched: bool
    refunded_minor: int
    under_way_minor: int
    open_disputes: int
    lost_disputes: int

    @property
    def full_minor(self) -> int:
        """From here on it counts as refunded in full. Fees passed to the customer may stay with Paystack."""
        return min(self.price_minor, self.received_minor) if self.matched else self.received_minor

    def is_all(self, minor: int) -> bool:
        """Whether so much is all that came. Of nothing, nothing can go back."""
        return 0 < self.full_minor <= minor


@dataclass(frozen=True, slots=True)
class Standing:
    """A payment's status, and what it means for the access it gave."""

    status: str
    access: Access
    reason: str | None = None


def decide_standing(facts: StandingFacts) -> Standing:
    """All of it back, by refunds or lost disputes, revokes; an open dispute or a full refund under way suspends.
    A part that is gone, refunded or charged back, changes no access (deploy/adr/0022-partial-disputes.md).
    Where nothing was to be paid and nothing came, nobody need look at what gives no access.
    """
    if facts.is_all(facts.refunded_minor):
        return Standing("refunded", "revoked", "chargeback" if facts.lost_disputes else "refund")
    if facts.open_disputes:
        return Standing("disputed", "suspended", "dispute")
    if facts.is_all(facts.refunded_minor + facts.under_way_minor):
        return Standing("refunding", "suspended", "refund")
    if not facts.gives_access:
        return Standing("mismatched" if facts.price_minor or facts.received_minor else "abandoned", "granted")
    if facts.under_way_minor:
        return Standing("refunding", "granted")
    return Standing("partially_refunded" if facts.refunded_minor else "succeeded", "granted")


def dispute_outcome(status: str, resolution: str | None) -> str:
    """``open``, ``won`` or ``lost`` (by us): a dispute that was resolved is won only when the claim was declined."""
    if status not in {"resolved", "archived"}:
        return "open"
    found = (resolution or "").lower()
    if "declined" in found or found == "won":
        return "won"
    return "lost" if "accepted" in found or found == "lost" else "open"


_RANK = {"queued": 0, "sending": 1, "pending": 2, "processing": 3, "needs_attention": 4, "failed": 5, "processed": 6}


def is_news(current: str, told: str) -> bool:
    """Whether a refund's status moves on: events arrive doubled and out of order, and ``processed`` is final."""
    return _RANK[told] > _RANK[current] or (current == "needs_attention" and told == "processing")


def next_check_at(checks: int, created_at: datetime, now: datetime) -> datetime | None:
    """When to ask Paystack again about a reference that is not final: each pause twice the last; None to give up."""
    if now - created_at > GIVE_UP_AFTER:
        return None
    pause: timedelta = min(FIRST_CHECK * (1 << min(checks, 20)), LONGEST_PAUSE)
    return now + pause


#: A refund that Paystack refuses for want of balance is asked for again this often, over about three days.
REFUND_ATTEMPTS = 22


def refund_pause(attempts: int) -> timedelta:
    """How long after the ``attempts``-th attempt (from 1) to ask again: from 30 seconds, doubling, to 6 hours."""
    pause: timedelta = min(timedelta(seconds=30) * (1 << min(attempts - 1, 16)), timedelta(hours=6))
    return pause


def is_allowed_callback(url: str, origins: Sequence[str]) -> bool:
    """Whether the browser may be sent there after paying: its origin must be exactly one of ``origins``."""
    found = origin_of(url)
    return found is not None and found in {origin_of(origin) for origin in origins}


def origin_of(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for what is no plain web address (credentials, controls, backslashes)."""
    if any(character in url for character in "\\\t\r\n ") or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}[parts.scheme]
