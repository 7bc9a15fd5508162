"""The rules of coupons: whether a code applies, and what it takes off."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

Kind = Literal["percentage", "fixed"]
Refusal = Literal[
    "coupon_unknown",
    "coupon_not_yet_valid",
    "coupon_expired",
    "coupon_not_for_program",
    "coupon_not_for_cohort",
    "coupon_wrong_currency",
    "coupon_already_used",
    "coupon_used_up",
]

MESSAGES: Final[dict[Refusal, str]] = {
    "coupon_unknown": "There is no such coupon; check the code.",
    "coupon_not_yet_valid": "This coupon does not work yet.",
    "coupon_expired": "This coupon has expired.",
    "coupon_not_for_program": "This coupon is for another program.",
    "coupon_not_for_cohort": "This coupon is for another cohort.",
    "coupon_wrong_currency": "This coupon is for prices in another currency.",
    "coupon_already_used": "You have used this coupon already.",
    "coupon_used_up": "This coupon has been used as often as it can be.",
}

_CODE = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*")
_SHORTEST, _LONGEST = 4, 40


def normalise(code: str) -> str | None:
    """The code as it is stored: case and spaces do not matter; None for what no coupon can be called."""
    found = "".join(code.split())
    if not found.isascii() or not _SHORTEST <= len(found) <= _LONGEST:
        return None
    found = found.upper()
    return found if _CODE.fullmatch(found) else None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a coupon gives, and to whom. ``programs`` and ``cohorts``: None means all."""

    kind: Kind
    percent: int | None = None
    amount_minor: int | None = None
    currency: str | None = None
    max_uses: int | None = None
    max_uses_per_student: int = 1
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    programs: frozenset[str] | None = None
    cohorts: frozenset[UUID] | None = None
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is to be paid for; ``minimum_minor`` is the least that Paystack charges in ``currency``."""

    program_slug: str
    cohort_id: UUID
    full_minor: int
    currency: str
    minimum_minor: int


@dataclass(frozen=True, slots=True)
class Uses:
    """How often a coupon is in use: by everybody, and by this student."""

    all: int
    own: int


def find_refusal(terms: Terms, purchase: Purchase, uses: Uses, now: datetime) -> Refusal | None:
    """Why the coupon does not apply; None when it does. It works from ``valid_from`` until before ``valid_until``.

    A disabled coupon is unknown to students: nobody learns by trying which codes there were.
    """
    if terms.disabled:
        return "coupon_unknown"
    if terms.valid_from is not None and now < terms.valid_from:
        return "coupon_not_yet_valid"
    if terms.valid_until is not None and now >= terms.valid_until:
        return "coupon_expired"
    if terms.programs is not None and purchase.program_slug not in terms.programs:
        return "coupon_not_for_program"
    if terms.cohorts is not None and purchase.cohort_id not in terms.cohorts:
        return "coupon_not_for_cohort"
    if terms.kind == "fixed" and terms.currency != purchase.currency:
        return "coupon_wrong_currency"
    if uses.own >= terms.max_uses_per_student:
        return "coupon_already_used"
    if terms.max_uses is not None and uses.all >= terms.max_uses:
        return "coupon_used_up"
    return None


def find_discount(terms: Terms, purchase: Purchase) -> int:
    """What it takes off, in minor units, never more than the price; the student gets the benefit of every rounding.

    A percentage is rounded up to a whole minor unit. A rest too small for Paystack to charge is let off.
    """
    full = purchase.full_minor
    share = -(-full * (terms.percent or 0) // 100)
    wanted = share if terms.kind == "percentage" else terms.amount_minor or 0
    rest = full - min(full, wanted)
    return full if rest < purchase.minimum_minor else full - rest


def find_problem(terms: Terms) -> tuple[str, str] | None:
    """What makes no sense about a coupon: the field and what is wrong with it."""
    if terms.kind == "percentage":
        if terms.percent is None:
            return "percent", "says how much a percentage takes off"
        if terms.amount_minor is not None or terms.currency is not None:
            return "amountMinor" if terms.amount_minor is not None else "currency", "belongs to a fixed discount"
    else:
        if terms.percent is not None:
            return "percent", "belongs to a percentage"
        if terms.amount_minor is None:
            return "amountMinor", "says how much a fixed discount takes off"
        if terms.currency is None:
            return "currency", "a fixed discount has one"
    if terms.valid_from is not None and terms.valid_until is not None and terms.valid_until <= terms.valid_from:
        return "validUntil", "must be later than validFrom"
    return None
