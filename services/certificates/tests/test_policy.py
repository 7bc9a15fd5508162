"""When a certificate is issued, revoked and issued again: the table."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from certificates.issuing.policy import (
    EnrollmentFacts,
    LatestCertificate,
    Standing,
    Verdict,
    decide,
    scope_of,
    standing_of,
)

A, B = UUID(int=1), UUID(int=2)
EARLIER, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)

LIVE_A, LIVE_B = EnrollmentFacts(A, None, EARLIER), EnrollmentFacts(B, None, LATER)
REFUNDED_A, REFUNDED_B = EnrollmentFacts(A, "refund", EARLIER), EnrollmentFacts(B, "refund", LATER)
STAFF_A, STAFF_B = EnrollmentFacts(A, "staff", EARLIER), EnrollmentFacts(B, "staff", LATER)
CHARGED_BACK_A = EnrollmentFacts(A, "chargeback", EARLIER)


@pytest.mark.parametrize(
    ("enrollments", "cohort_id", "standing"),
    [
        pytest.param([], None, Standing.ENDED, id="nothing is known yet"),
        pytest.param([LIVE_A], None, Standing.LIVE, id="enrolled"),
        pytest.param([REFUNDED_A], None, Standing.REFUNDED, id="refunded"),
        pytest.param([CHARGED_BACK_A], None, Standing.CHARGED_BACK, id="charged back"),
        pytest.param([STAFF_A], None, Standing.ENDED, id="removed by staff"),
        pytest.param([REFUNDED_A, LIVE_B], None, Standing.LIVE, id="refunded, enrolled again"),
        pytest.param([REFUNDED_A, LIVE_B], A, Standing.REFUNDED, id="the cohort that was refunded"),
        pytest.param([REFUNDED_A, LIVE_B], B, Standing.LIVE, id="the cohort enrolled in again"),
        pytest.param([STAFF_A, REFUNDED_B], None, Standing.REFUNDED, id="the newest speaks: refund"),
        pytest.param([REFUNDED_A, STAFF_B], None, Standing.ENDED, id="the newest speaks: staff"),
        pytest.param([LIVE_B], A, Standing.ENDED, id="another cohort only"),
    ],
)
def test_the_standing_of_an_achievement(
    enrollments: list[EnrollmentFacts], cohort_id: UUID | None, standing: Standing
) -> None:
    assert standing_of(enrollments, cohort_id) is standing
    assert standing_of(enrollments[::-1], cohort_id) is standing


VALID = LatestCertificate(is_valid=True, revoked_by_staff=False)
REVOKED = LatestCertificate(is_valid=False, revoked_by_staff=False)
BY_STAFF = LatestCertificate(is_valid=False, revoked_by_staff=True)


@pytest.mark.parametrize(
    ("latest", "live", "ended", "refunded"),
    [
        (None, Verdict.ISSUE, Verdict.ISSUE, Verdict.KEEP),
        (VALID, Verdict.KEEP, Verdict.KEEP, Verdict.REVOKE),
        (REVOKED, Verdict.ISSUE, Verdict.KEEP, Verdict.KEEP),
        (BY_STAFF, Verdict.KEEP, Verdict.KEEP, Verdict.KEEP),
    ],
)
def test_what_is_done_about_a_certificate(
    latest: LatestCertificate | None, live: Verdict, ended: Verdict, refunded: Verdict
) -> None:
    assert decide(latest, Standing.LIVE) is live
    assert decide(latest, Standing.ENDED) is ended
    assert decide(latest, Standing.REFUNDED) is refunded
    assert decide(latest, Standing.CHARGED_BACK) is refunded


def test_a_course_counts_once_and_a_program_once_per_cohort() -> None:
    assert scope_of("course", "data", "sql", A) == scope_of("course", "data", "sql", B)
    assert scope_of("program", "data", None, A) != scope_of("program", "data", None, B)
