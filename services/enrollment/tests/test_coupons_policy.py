"""The rules of coupons as tables: what a code takes off, when it applies, how it is written."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from enrollment.coupons import policy
from enrollment.coupons.policy import Purchase, Terms, Uses

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
COHORT, OTHER = UUID(int=1), UUID(int=2)
UNUSED = Uses(all=0, own=0)


def terms(**changes: Any) -> Terms:
    return Terms(**{"kind": "percentage", "percent": 20, **changes})


def fixed(amount: int, currency: str = "NGN", **changes: Any) -> Terms:
    return Terms(kind="fixed", amount_minor=amount, currency=currency, **changes)


def purchase(full: int = 100_000, currency: str = "NGN", minimum: int = 5_000) -> Purchase:
    return Purchase("painting", COHORT, full, currency, minimum)


@pytest.mark.parametrize(
    ("given", "full", "minimum", "discount"),
    [
        (terms(percent=20), 100_000, 5_000, 20_000),
        (terms(percent=1), 100_001, 5_000, 1_001),  # 1,000.01 is rounded for the student
        (terms(percent=33), 100, 10, 33),
        (terms(percent=33), 101, 10, 34),  # 33.33
        (terms(percent=50), 999, 10, 500),  # 499.5
        (terms(percent=100), 100_000, 5_000, 100_000),
        (terms(percent=95), 100_000, 5_000, 95_000),  # the rest is exactly what Paystack charges at least
        (terms(percent=96), 100_000, 5_000, 100_000),  # the rest is too small to charge
        (terms(percent=1), 1_000_000_000_000, 5_000, 10_000_000_000),
        (fixed(30_000), 100_000, 5_000, 30_000),
        (fixed(100_000), 100_000, 5_000, 100_000),
        (fixed(250_000), 100_000, 5_000, 100_000),  # never below 0
        (fixed(95_001), 100_000, 5_000, 100_000),
        (fixed(95_000), 100_000, 5_000, 95_000),
    ],
)
def test_what_a_coupon_takes_off(given: Terms, full: int, minimum: int, discount: int) -> None:
    assert policy.find_discount(given, purchase(full, minimum=minimum)) == discount


@pytest.mark.parametrize(
    ("given", "uses", "refusal"),
    [
        (terms(), UNUSED, None),
        (terms(disabled=True), UNUSED, "coupon_unknown"),
        (terms(disabled=True, valid_until=NOW), UNUSED, "coupon_unknown"),
        (terms(valid_from=NOW), UNUSED, None),
        (terms(valid_from=NOW + INSTANT), UNUSED, "coupon_not_yet_valid"),
        (terms(valid_until=NOW + INSTANT), UNUSED, None),
        (terms(valid_until=NOW), UNUSED, "coupon_expired"),
        (terms(programs=frozenset({"painting", "music"})), UNUSED, None),
        (terms(programs=frozenset({"music"})), UNUSED, "coupon_not_for_program"),
        (terms(cohorts=frozenset({COHORT})), UNUSED, None),
        (terms(cohorts=frozenset({OTHER})), UNUSED, "coupon_not_for_cohort"),
        (fixed(1_000), UNUSED, None),
        (fixed(1_000, "GHS"), UNUSED, "coupon_wrong_currency"),
        (terms(max_uses=5), Uses(all=4, own=0), None),
        (terms(max_uses=5), Uses(all=5, own=0), "coupon_used_up"),
        (terms(max_uses=5), Uses(all=6, own=0), "coupon_used_up"),  # late money may use it once more
        (terms(), Uses(all=1, own=1), "coupon_already_used"),
        (terms(max_uses_per_student=2), Uses(all=1, own=1), None),
        (terms(max_uses_per_student=2), Uses(all=2, own=2), "coupon_already_used"),
    ],
)
def test_when_a_coupon_applies(given: Terms, uses: Uses, refusal: str | None) -> None:
    assert policy.find_refusal(given, purchase(), uses, NOW) == refusal


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("EARLY-BIRD", "EARLY-BIRD"),
        (" early-bird ", "EARLY-BIRD"),
        ("early bird", "EARLYBIRD"),
        ("2026", "2026"),
        ("abc", None),
        ("x" * 41, None),
        ("", None),
        ("-early", None),
        ("early--bird", None),
        ("early_bird", None),
        ("ſave-more", None),  # its capital would be an S
        ("EARLY\u0000", None),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, code: str | None) -> None:
    assert policy.normalise(typed) == code


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (terms(), None),
        (terms(percent=None), "percent"),
        (terms(amount_minor=5), "amountMinor"),
        (terms(currency="NGN"), "currency"),
        (fixed(5), None),
        (Terms(kind="fixed", currency="NGN"), "amountMinor"),
        (Terms(kind="fixed", amount_minor=5), "currency"),
        (fixed(5, percent=5), "percent"),
        (terms(valid_from=NOW, valid_until=NOW + INSTANT), None),
        (terms(valid_from=NOW, valid_until=NOW), "validUntil"),
    ],
)
def test_what_makes_no_sense_names_its_field(given: Terms, field: str | None) -> None:
    problem = policy.find_problem(given)
    assert (problem and problem[0]) == field
