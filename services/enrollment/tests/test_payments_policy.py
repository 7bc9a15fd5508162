"""The rules of money as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from enrollment.payments import policy
from enrollment.payments.policy import ArrivalFacts, Money, Price, StandingFacts

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOLD, GRACE = NOW, timedelta(hours=24)
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("taken", "problem"),
    [
        (Money(1000, 1000, "NGN", "test"), None),
        (Money(1030, 1000, "NGN", "test"), None),  # fees passed to the customer
        (Money(1000, None, "NGN", "test"), None),  # no requested amount: the amount itself
        (Money(None, 1000, "NGN", "test"), None),
        (Money(1030, None, "NGN", "test"), "amount"),
        (Money(999, 999, "NGN", "test"), "amount"),
        (Money(2000, 2000, "NGN", "test"), "amount"),
        (Money(600, 1000, "NGN", "test"), "amount"),  # a partial debit
        (Money(None, None, "NGN", "test"), "amount"),
        (Money(1000, 1000, "GHS", "test"), "currency"),
        (Money(1000, 1000, None, "test"), "currency"),
        (Money(1000, 1000, "NGN", "live"), "domain"),
        (Money(1000, 1000, "NGN", None), "domain"),
    ],
)
def test_money_is_compared_with_what_was_asked_for(taken: Money, problem: str | None) -> None:
    found = policy.find_mismatch(Price(1000, "NGN", "test"), taken)
    assert (found is None) if problem is None else (found is not None and found.startswith(problem))


def arrival(**changes: object) -> ArrivalFacts:
    facts: dict[str, object] = {
        "enrollment_status": "pending",
        "has_other_enrollment": False,
        "erased": False,
        "paid_at": NOW,
        "hold_expires_at": HOLD,
        "grace": GRACE,
        "keeps_seat": False,
        "seats_left": 0,
        "window_allows": False,
        "pays_a_part": False,
    }
    return ArrivalFacts(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "honoured", "reason"),
    [
        ({}, True, "within_hold"),
        ({"enrollment_status": "cancelled"}, True, "within_hold"),
        ({"paid_at": HOLD + INSTANT}, False, "cohort_full"),
        ({"paid_at": HOLD + INSTANT, "seats_left": 1}, True, "within_grace"),
        ({"paid_at": HOLD + INSTANT, "seats_left": None}, True, "within_grace"),
        ({"paid_at": HOLD + INSTANT, "keeps_seat": True}, True, "within_grace"),
        ({"paid_at": HOLD + GRACE, "seats_left": 1}, True, "within_grace"),
        ({"paid_at": HOLD + GRACE + INSTANT, "seats_left": 1}, False, "paid_too_late"),
        ({"paid_at": HOLD + GRACE + INSTANT, "seats_left": 1, "window_allows": True}, True, "window_open"),
        ({"paid_at": HOLD + GRACE + INSTANT, "seats_left": 0, "window_allows": True}, False, "paid_too_late"),
        ({"enrollment_status": "active"}, False, "already_enrolled"),
        ({"enrollment_status": "completed"}, False, "already_enrolled"),
        ({"enrollment_status": "suspended"}, False, "already_enrolled"),
        ({"enrollment_status": "revoked"}, False, "enrollment_revoked"),
        ({"has_other_enrollment": True}, False, "already_enrolled"),
        ({"erased": True}, False, "account_erased"),
        ({"pays_a_part": True, "paid_at": HOLD + GRACE + INSTANT}, True, "pays_a_part"),
        ({"pays_a_part": True, "enrollment_status": "cancelled"}, True, "pays_a_part"),
        ({"pays_a_part": True, "enrollment_status": "revoked"}, False, "enrollment_revoked"),
        ({"pays_a_part": True, "has_other_enrollment": True}, False, "already_enrolled"),
        ({"pays_a_part": True, "erased": True}, False, "account_erased"),
    ],
)
def test_verified_money_is_honoured_or_goes_back(changes: dict[str, object], honoured: bool, reason: str) -> None:
    verdict = policy.decide_arrival(arrival(**changes))
    assert (verdict.honoured, verdict.reason) == (honoured, reason)


def standing(**changes: object) -> StandingFacts:
    facts: dict[str, object] = {
        "price_minor": 1000,
        "received_minor": 1030,
        "gives_access": True,
        "matched": True,
        "refunded_minor": 0,
        "under_way_minor": 0,
        "open_disputes": 0,
        "lost_disputes": 0,
    }
    return StandingFacts(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "status", "access"),
    [
        ({}, "succeeded", "granted"),
        ({"under_way_minor": 300}, "refunding", "granted"),
        ({"refunded_minor": 300}, "partially_refunded", "granted"),
        ({"refunded_minor": 300, "under_way_minor": 300}, "refunding", "granted"),
        ({"refunded_minor": 300, "under_way_minor": 730}, "refunding", "suspended"),
        ({"under_way_minor": 1030}, "refunding", "suspended"),
        ({"under_way_minor": 1000}, "refunding", "suspended"),
        ({"refunded_minor": 999}, "partially_refunded", "granted"),
        ({"refunded_minor": 1000}, "refunded", "revoked"),  # the fees may stay with Paystack
        ({"refunded_minor": 1030}, "refunded", "revoked"),
        ({"open_disputes": 1}, "disputed", "suspended"),
        ({"open_disputes": 1, "under_way_minor": 300}, "disputed", "suspended"),
        ({"open_disputes": 1, "refunded_minor": 1030}, "refunded", "revoked"),
        ({"lost_disputes": 1, "refunded_minor": 1030}, "refunded", "revoked"),
        ({"lost_disputes": 1, "refunded_minor": 1000, "open_disputes": 1}, "refunded", "revoked"),
        ({"lost_disputes": 1, "refunded_minor": 300}, "partially_refunded", "granted"),
        ({"lost_disputes": 1, "refunded_minor": 300, "open_disputes": 1}, "disputed", "suspended"),
        ({"lost_disputes": 1, "refunded_minor": 300, "under_way_minor": 700}, "refunding", "suspended"),
        ({"lost_disputes": 1, "refunded_minor": 300, "gives_access": False}, "mismatched", "granted"),
        ({"gives_access": False}, "mismatched", "granted"),
        ({"gives_access": False, "under_way_minor": 1030}, "refunding", "suspended"),
        ({"gives_access": False, "under_way_minor": 300}, "mismatched", "granted"),  # the rest stays visible
        ({"gives_access": False, "refunded_minor": 1030}, "refunded", "revoked"),
        ({"gives_access": False, "matched": False, "refunded_minor": 1000}, "mismatched", "granted"),
        ({"gives_access": False, "matched": False, "refunded_minor": 1030}, "refunded", "revoked"),
        # Nothing was received, so nothing went back: neither for a free place, nor where Paystack named no amount.
        ({"price_minor": 0, "received_minor": 0}, "succeeded", "granted"),
        ({"price_minor": 0, "received_minor": 0, "gives_access": False}, "abandoned", "granted"),
        ({"received_minor": 0}, "succeeded", "granted"),
        ({"received_minor": 0, "open_disputes": 1}, "disputed", "suspended"),
        ({"received_minor": 0, "gives_access": False}, "mismatched", "granted"),
        ({"received_minor": 0, "gives_access": False, "matched": False}, "mismatched", "granted"),
    ],
)
def test_where_received_money_stands(changes: dict[str, object], status: str, access: str) -> None:
    verdict = policy.decide_standing(standing(**changes))
    assert (verdict.status, verdict.access) == (status, access)


@pytest.mark.parametrize(
    ("status", "resolution", "outcome"),
    [
        ("awaiting-merchant-feedback", None, "open"),
        ("awaiting-bank-feedback", None, "open"),
        ("pending", None, "open"),
        ("resolved", "declined", "won"),
        ("resolved", "merchant-accepted", "lost"),
        ("resolved", "auto-accepted", "lost"),
        ("archived", "declined", "won"),
        ("resolved", None, "open"),
        ("resolved", "something-new", "open"),
    ],
)
def test_disputes(status: str, resolution: str | None, outcome: str) -> None:
    assert policy.dispute_outcome(status, resolution) == outcome


@pytest.mark.parametrize(
    ("current", "told", "news"),
    [
        ("queued", "pending", True),
        ("sending", "pending", True),
        ("pending", "processing", True),
        ("processing", "pending", False),
        ("processing", "processed", True),
        ("processed", "failed", False),
        ("processed", "processing", False),
        ("failed", "processed", True),  # Paystack corrected itself: the money is gone
        ("failed", "processing", False),
        ("processing", "needs_attention", True),
        ("needs_attention", "processing", True),
        ("needs_attention", "processed", True),
        ("needs_attention", "pending", False),
    ],
)
def test_refund_news_arrives_in_any_order(current: str, told: str, news: bool) -> None:
    assert policy.is_news(current, told) is news


def test_reconciliation_asks_with_growing_distance_and_then_gives_up() -> None:
    asked, checks, pauses = NOW, 0, []
    while (following := policy.next_check_at(checks, NOW, asked)) is not None:
        pauses.append(following - asked)
        asked, checks = following, checks + 1
    assert pauses[0] == timedelta(minutes=1)
    assert pauses == sorted(pauses)
    assert pauses[-1] == policy.LONGEST_PAUSE
    assert policy.GIVE_UP_AFTER <= asked - NOW <= policy.GIVE_UP_AFTER + policy.LONGEST_PAUSE


def test_a_refund_is_asked_about_soon_and_then_ever_more_rarely() -> None:
    pauses = [policy.refund_pause(attempt) for attempt in range(1, policy.REFUND_ATTEMPTS)]
    assert pauses[:3] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == policy.refund_pause(10**6) == timedelta(hours=6)
    assert timedelta(days=3) <= sum(pauses, timedelta()) < timedelta(days=3.5)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://school.example/back?x=1#y", True),
        ("https://SCHOOL.example/back", True),
        ("https://school.example:443/back", True),
        ("http://localhost:3000/back", True),
        ("http://school.example/back", False),
        ("https://school.example:444/back", False),
        ("https://school.example.evil.test/", False),
        ("https://evil.test/https://school.example", False),
        ("https://school.example@evil.test/", False),
        ("https://evil.test\\@school.example/", False),
        ("https://evil.test\t.school.example/", False),
        ("//school.example/back", False),
        ("/back", False),
        ("javascript:alert(1)", False),
        ("https://school.example:port/", False),
        ("https://[::1/", False),
        ("", False),
    ],
)
def test_callbacks_are_matched_by_origin(url: str, allowed: bool) -> None:
    assert policy.is_allowed_callback(url, ["https://school.example", "http://localhost:3000/"]) is allowed
