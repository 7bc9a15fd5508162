"""What stands on a receipt, as tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from enrollment.receipts.policy import (
    Paid,
    Returned,
    has_receipt,
    instant,
    lines_of,
    money,
    notes_of,
    standing_of,
)

AT = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


def paid(**changes: Any) -> Paid:
    facts = {
        "amount_minor": 15_000_000,
        "currency": "NGN",
        "received_minor": 15_000_000,
        "received_currency": "NGN",
        "matched": True,
        "paid_at": AT,
    }
    return Paid(**{**facts, **changes})


def sums(payment: Paid) -> list[tuple[str, str]]:
    return [(line.label, line.amount) for line in lines_of(payment, "UTC")]


def refund(amount: int, days: int) -> Returned:
    return Returned(amount, "refund", AT + timedelta(days=days))


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (0, "NGN", "NGN 0.00"),
        (1, "NGN", "NGN 0.01"),
        (15_000_000, "NGN", "NGN 150,000.00"),
        (123_456_789_05, "KES", "KES 123,456,789.05"),
        (-5, "USD", "−USD 0.05"),
        (1_500_000, "XOF", "XOF 15,000"),
        (1_500_050, "XOF", "XOF 15,000.50"),
    ],
)
def test_money_is_counted_in_hundredths_of_every_currency(minor: int, currency: str, shown: str) -> None:
    assert money(minor, currency) == shown


@pytest.mark.parametrize(
    ("received", "at", "expected"), [(None, None, False), (0, AT, False), (1, None, False), (1, AT, True)]
)
def test_a_receipt_needs_money_that_came(received: int | None, at: datetime | None, expected: bool) -> None:
    assert has_receipt(received, at) is expected


def test_an_instant_is_told_where_the_cohort_is_and_in_utc() -> None:
    assert instant(AT, "Africa/Lagos") == ["23 November 2026, 00:30 (Africa/Lagos)", "22 November 2026, 23:30 UTC"]
    assert instant(AT, "Africa/Accra") == ["22 November 2026, 23:30 (Africa/Accra)"]


def test_a_plain_payment() -> None:
    assert sums(paid()) == [("Place in the program", "NGN 150,000.00"), ("Amount paid", "NGN 150,000.00")]
    assert (standing_of(paid()), notes_of(paid())) == ("Paid", [])


def test_a_part_of_the_price_says_which() -> None:
    assert sums(paid(instalment=2))[0] == ("Place in the program, instalment 2", "NGN 150,000.00")


def test_from_the_price_to_what_was_kept() -> None:
    payment = paid(
        amount_minor=12_000_000,
        received_minor=12_190_000,
        discount_minor=3_000_000,
        coupon_code="EARLY",
        returned=(refund(2_000_000, 3),),
        under_way_minor=500_000,
    )
    assert sums(payment) == [
        ("Place in the program", "NGN 150,000.00"),
        ("Discount, coupon EARLY", "−NGN 30,000.00"),
        ("Payment fee", "NGN 1,900.00"),
        ("Amount paid", "NGN 121,900.00"),
        ("Refunded on 25 November 2026", "−NGN 20,000.00"),
        ("Paid after refunds", "NGN 101,900.00"),
    ]
    assert standing_of(payment) == "Partly refunded"
    assert notes_of(payment)[1] == "A refund of NGN 5,000.00 is on its way."
    assert payment.stated_at == AT + timedelta(days=3)


def test_what_the_bank_took_back_is_never_more_than_what_came() -> None:
    payment = paid(returned=(refund(10_000_000, 1), Returned(15_000_000, "chargeback", AT + timedelta(days=40))))
    assert sums(payment)[-2:] == [
        ("Returned by your bank (chargeback) on 1 January 2027", "−NGN 150,000.00"),
        ("Paid after refunds", "NGN 0.00"),
    ]
    assert standing_of(payment) == "Refunded"


def test_other_money_than_was_asked_for_is_told_as_it_came() -> None:
    payment = paid(received_minor=500, received_currency="USD", matched=False)
    assert sums(payment) == [("Amount paid", "USD 5.00")]
    assert standing_of(payment) == "Under review"
    assert "NGN 150,000.00" in notes_of(payment)[0]
