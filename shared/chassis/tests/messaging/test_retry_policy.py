"""How long a failed event waits."""

from datetime import timedelta

import pytest

from chassis.messaging.retry import RetryPolicy
from chassis.messaging.stamps import NOTHING, Stamp, StreamId


def delays(policy: RetryPolicy) -> list[float]:
    found: list[float] = []
    while (delay := policy.delay(len(found) + 1, luck=0.5)) is not None:
        found.append(delay.total_seconds())
    return found


def test_errors_wait_longer_each_time_and_give_up_after_ten_attempts() -> None:
    assert delays(RetryPolicy()) == [1, 4, 16, 64, 256, 1024, 1800, 1800, 1800]


def test_a_policy_may_begin_grow_and_end_elsewhere() -> None:
    policy = RetryPolicy(first=timedelta(seconds=0.5), factor=2, longest=timedelta(seconds=3), attempts=6)
    assert delays(policy) == [0.5, 1, 2, 3, 3]
    assert delays(RetryPolicy(attempts=1)) == []


def test_a_cap_of_thousands_does_not_overflow() -> None:
    assert RetryPolicy(attempts=10_000).delay(9_999, luck=0.5) == timedelta(minutes=30)


@pytest.mark.parametrize(("luck", "seconds"), [(0.0, 0.8), (0.5, 1.0), (0.999, 1.2)])
def test_luck_spreads_a_delay_by_a_fifth(luck: float, seconds: float) -> None:
    delay = RetryPolicy().delay(1, luck=luck)
    assert delay is not None
    assert delay.total_seconds() == pytest.approx(seconds, abs=0.001)


def test_stamps_are_ordered_as_text_as_they_are_in_time() -> None:
    stamps = [
        Stamp(0, NOTHING),
        Stamp(0, StreamId(5, 0)),
        Stamp(0, StreamId(1_700_000_000_000, 9)),
        Stamp(0, StreamId(1_700_000_000_000, 10)),
        Stamp(1, NOTHING),
        Stamp(12, StreamId(3, 0)),
    ]
    texts = [str(stamp) for stamp in stamps]
    assert texts == sorted(texts)
    assert [Stamp.parse(text) for text in texts] == stamps


def test_the_id_before_an_id() -> None:
    assert StreamId.parse(b"7-3").before() == StreamId(7, 2)
    assert StreamId.parse("7-0").before() == StreamId(6, 2**64 - 1)
    assert NOTHING.before() == NOTHING
