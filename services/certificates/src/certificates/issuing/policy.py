"""When a certificate is issued, revoked and issued again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

#: A certificate goes with the money; an enrollment that ends otherwise leaves it valid.
WITHDRAWING = frozenset({"refund", "chargeback"})


@dataclass(frozen=True, slots=True)
class EnrollmentFacts:
    """One enrollment of the student in the program; ``revoked_reason`` None: it is live."""

    cohort_id: UUID
    revoked_reason: str | None
    changed_at: datetime


class Standing(Enum):
    """How an achievement stands by the enrollments behind it."""

    LIVE = "live"
    #: No enrollment is known (its event is still under way), or it ended without giving the money back.
    ENDED = "ended"
    REFUNDED = "refund"
    CHARGED_BACK = "chargeback"

    @property
    def is_withdrawn(self) -> bool:
        return self.value in WITHDRAWING


class Verdict(Enum):
    """What is to be done about an achievement's certificate."""

    ISSUE = "issue"
    REVOKE = "revoke"
    KEEP = "keep"


def standing_of(enrollments: Iterable[EnrollmentFacts], cohort_id: UUID | None) -> Standing:
    """By the enrollments in ``cohort_id`` (None: in any cohort of the program); the newest speaks if none is live."""
    relevant = [each for each in enrollments if cohort_id is None or each.cohort_id == cohort_id]
    if any(each.revoked_reason is None for each in relevant):
        return Standing.LIVE
    newest = max(relevant, key=lambda each: each.changed_at, default=None)
    if newest is None or newest.revoked_reason not in WITHDRAWING:
        return Standing.ENDED
    return Standing(newest.revoked_reason)


@dataclass(frozen=True, slots=True)
class LatestCertificate:
    """The newest certificate of an achievement."""

    is_valid: bool
    revoked_by_staff: bool


def decide(latest: LatestCertificate | None, standing: Standing) -> Verdict:
    """The one rule: a completion is certified unless the money went back; what staff revoked, only staff reissue."""
    if latest is None:
        return Verdict.KEEP if standing.is_withdrawn else Verdict.ISSUE
    if latest.is_valid:
        return Verdict.REVOKE if standing.is_withdrawn else Verdict.KEEP
    if latest.revoked_by_staff:
        return Verdict.KEEP
    return Verdict.ISSUE if standing is Standing.LIVE else Verdict.KEEP


def scope_of(kind: str, program_slug: str, course_slug: str | None, cohort_id: UUID) -> str:
    """What makes an achievement the same one: once per course, once per program and cohort."""
    return f"course:{course_slug}" if kind == "course" else f"program:{program_slug}:{cohort_id}"
