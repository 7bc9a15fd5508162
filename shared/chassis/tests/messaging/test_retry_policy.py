"""How long a failed event waits."""

from datetime import timedelta

import pytest

from chassis.messaging.retry import RetryPolicy
from chassis.messaging.stamps import NOTHING, Stamp, StreamId


def delays(*, not_yet: bool, luck: float = 0.5) -> list[float]:
    policy, found = RetryPolicy(), []
    while (delay := policy.delay(len(found) + 1, not_yet=not_yet, luck=luck)) is not None:
        found.append(delay.total_seconds())
    return found


def test_errors_wait_longer_each_time_and_give_up_after_ten_attempts() -> None:
    assert delays(not_yet=False) == [1, 4, 16, 64, 256, 1024, 1800, 1800, 1800]


def test_not_yet_begins_with_milliseconds_and_gives_up_after_hours_too() -> None:
    found = delays(not_yet=True)
    assert found[:5] == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8])
    assert max(found) == 300
    assert timedelta(hours=1.5) < timedelta(seconds=sum(found)) < timedelta(hours=3)


@pytest.mark.parametrize(("luck", "seconds"), [(0.0, 0.8), (0.5, 1.0), (0.999, 1.2)])
def test_luck_spreads_a_delay_by_a_fifth(luck: float, seconds: float) -> None:
    delay = RetryPolicy().delay(1, not_yet=False, luck=luck)
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
