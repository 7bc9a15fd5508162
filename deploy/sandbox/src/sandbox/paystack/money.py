"""Currencies as rows: the smallest amount Paystack takes, and what it charges for its work."""

from typing import NamedTuple

LARGEST_AMOUNT = 10_000_000_00
"""Subunits; the documentation says 10,000,000 for all currencies."""


class Currency(NamedTuple):
    """Amounts are subunits, always a hundredth of the unit (XOF too)."""

    minimum: int
    fee_per_myriad: int
    flat_fee: int = 0
    flat_fee_from: int = 0
    fee_cap: int | None = None


CURRENCIES: dict[str, Currency] = {
    "NGN": Currency(minimum=50_00, fee_per_myriad=150, flat_fee=100_00, flat_fee_from=2_500_00, fee_cap=2_000_00),
    "USD": Currency(minimum=2_00, fee_per_myriad=390),
    "GHS": Currency(minimum=10, fee_per_myriad=195),
    "ZAR": Currency(minimum=1_00, fee_per_myriad=290, flat_fee=1_00),
    "KES": Currency(minimum=3_00, fee_per_myriad=290),
    "XOF": Currency(minimum=1_00, fee_per_myriad=320),
}


def fees_of(currency: str, amount: int) -> int:
    """What Paystack keeps of a charge, in subunits."""
    row = CURRENCIES.get(currency, Currency(minimum=1, fee_per_myriad=150))
    fees = amount * row.fee_per_myriad // 10_000
    if amount >= row.flat_fee_from:
        fees += row.flat_fee
    return fees if row.fee_cap is None else min(fees, row.fee_cap)


def written(currency: str, amount: int) -> str:
    """An amount for people: ``NGN 25,000.00``."""
    return f"{currency} {amount // 100:,}.{amount % 100:02d}"
