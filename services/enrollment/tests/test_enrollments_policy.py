"""The states of an enrollment."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from enrollment.enrollments import policy

STATUSES = ("pending", "active", "suspended", "revoked", "completed", "cancelled")
STEPS = {
    ("pending", "active"),
    ("pending", "cancelled"),
    ("cancelled", "pending"),
    ("cancelled", "active"),
    ("active", "suspended"),
    ("active", "revoked"),
    ("active", "completed"),
    ("completed", "suspended"),
    ("completed", "revoked"),
    ("suspended", "active"),
    ("suspended", "completed"),
    ("suspended", "revoked"),
}


@pytest.mark.parametrize(("current", "following"), list(product(STATUSES, STATUSES)))
def test_only_these_steps_exist(current: str, following: str) -> None:
    if (current, following) in STEPS:
        policy.require_step(current, following)
    else:
        with pytest.raises(policy.ImpossibleTransition):
            policy.require_step(current, following)


@pytest.mark.parametrize("status", STATUSES)
def test_access_is_open_while_active_or_completed_and_until_the_period_ends(status: str) -> None:
    end = datetime(2026, 6, 1, tzinfo=UTC)
    open_status = status in {"active", "completed"}
    assert policy.has_access(status, end, end - timedelta(microseconds=1)) is open_status
    assert policy.has_access(status, end, end) is False
