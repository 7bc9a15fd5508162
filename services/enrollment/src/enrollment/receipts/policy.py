"""What stands on a receipt: which payments have one, its sums, and how money and instants are written. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

LineKind = Literal["plain", "total"]

#: Currencies that are used without their hundredth part, although Paystack counts in it (facts: always ×100).
_WHOLE = frozenset({"XOF", "XAF", "RWF"})


@dataclass(frozen=True, slots=True)
class Returned:
    """Money that went back: a refund, or what the payer's bank took back after a lost dispute."""

    amount_minor: int
    kind: Literal["refund", "chargeback"]
    at: datetime


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that money came for. ``amount_minor`` is what was asked for, after ``discount_minor``."""

    amount_minor: int
    currency: str
    received_minor: int
    received_currency: str
    matched: bool
    paid_at: datetime
    instalment: int | None = None
    discount_minor: int = 0
    coupon_code: str | None = None
    returned: tuple[Returned, ...] = ()
    under_way_minor: int = 0

    @property
    def returned_minor(self) -> int:
        """All that went back; never more than came."""
        return min(self.received_minor, sum(one.amount_minor for one in self.returned))

    @property
    def fee_minor(self) -> int:
        """What the payment provider took from the payer on top of the price."""
        return max(0, self.received_minor - self.amount_minor) if self.matched else 0

    @property
    def stated_at(self) -> datetime:
        """The last thing that the receipt tells of."""
        return max([self.paid_at, *(one.at for one in self.returned)])


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the sums."""

    label: str
    amount: str
    kind: LineKind = "plain"


def has_receipt(received_minor: int | None, paid_at: datetime | None) -> bool:
    """Money came. A free place has no receipt: nothing was paid."""
    return bool(received_minor) and paid_at is not None


def lines_of(paid: Paid, timezone: str) -> list[Line]:
    """From the price to what was paid, and from there to what was kept."""
    currency = paid.received_currency
    found = _price_lines(paid) if paid.matched else []
    found.append(Line("Amount paid", money(paid.received_minor, currency), "total"))
    for one in paid.returned:
        what = "Refunded" if one.kind == "refund" else "Returned by your bank (chargeback)"
        found.append(Line(f"{what} on {day(one.at, timezone)}", money(-one.amount_minor, currency)))
    if paid.returned:
        left = paid.received_minor - paid.returned_minor
        found.append(Line("Paid after refunds", money(left, currency), "total"))
    return found


def _price_lines(paid: Paid) -> list[Line]:
    what = "Place in the program" if paid.instalment is None else f"Place in the program, instalment {paid.instalment}"
    found = [Line(what, money(paid.amount_minor + paid.discount_minor, paid.currency))]
    if paid.discount_minor:
        label = f"Discount, coupon {paid.coupon_code}" if paid.coupon_code else "Discount"
        found.append(Line(label, money(-paid.discount_minor, paid.currency)))
    if paid.fee_minor:
        found.append(Line("Payment fee", money(paid.fee_minor, paid.currency)))
    return found


def standing_of(paid: Paid) -> str:
    """One word or two for the head of the page."""
    if paid.returned_minor >= paid.received_minor:
        return "Refunded"
    if not paid.matched:
        return "Under review"
    return "Partly refunded" if paid.returned else "Paid"


def notes_of(paid: Paid) -> list[str]:
    """What a reader would otherwise ask about."""
    notes = []
    if paid.fee_minor:
        notes.append("The payment fee was charged by the payment provider, on top of the price.")
    if not paid.matched:
        asked = money(paid.amount_minor, paid.currency)
        notes.append(f"This is not what was asked for ({asked}); the payment is being reviewed.")
    if paid.under_way_minor:
        notes.append(f"A refund of {money(paid.under_way_minor, paid.received_currency)} is on its way.")
    return notes


def money(minor: int, currency: str) -> str:
    """``NGN 25,000.00``; Paystack counts every currency in hundredths, and none of them is ever left out."""
    units, hundredths = divmod(abs(minor), 100)
    decimals = "" if currency in _WHOLE and not hundredths else f".{hundredths:02}"
    return f"{'−' if minor < 0 else ''}{currency} {units:,}{decimals}"


def day(at: datetime, timezone: str) -> str:
    """``22 November 2026``, where the cohort is."""
    local = at.astimezone(ZoneInfo(timezone))
    return f"{local.day} {local:%B %Y}"


def instant(at: datetime, timezone: str) -> Sequence[str]:
    """The instant where the cohort is, and in UTC unless that says the same."""
    local, world = at.astimezone(ZoneInfo(timezone)), at.astimezone(UTC)
    shown = [f"{day(at, timezone)}, {local:%H:%M} ({timezone})"]
    return shown if local.utcoffset() == world.utcoffset() else [*shown, f"{day(at, 'UTC')}, {world:%H:%M} UTC"]
