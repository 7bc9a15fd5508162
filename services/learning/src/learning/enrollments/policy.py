"""Which enrollment speaks for a student, and which cohort staff look at. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.rules import CohortCalendar

CohortStatus = Literal["upcoming", "running", "ended"]


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort with its calendar."""

    id: UUID
    slug: str
    program_slug: str
    calendar: CohortCalendar
    published: bool = True
    archived: bool = False

    def status(self, now: datetime) -> CohortStatus:
        """Where the cohort stands."""
        if now < self.calendar.starts_at:
            return "upcoming"
        return "ended" if self.calendar.is_over(now) else "running"


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A student's enrollment: ``active``, ``suspended`` or ``revoked``. ``traceparent``: the trace it goes back to."""

    id: UUID
    student_id: UUID
    program_slug: str
    cohort_id: UUID
    status: str
    progress_version: int
    traceparent: str | None = None


def choose_enrollment(enrollments: Iterable[Enrollment]) -> Enrollment | None:
    """The live one; of several (enrollment allows one) an active before a suspended, then the newest. None: no one.

    Ids are UUIDv7, so the newest has the greatest id.
    """
    rank = {"active": 1, "suspended": 0}
    live = [enrollment for enrollment in enrollments if enrollment.status in rank]
    return max(live, key=lambda enrollment: (rank[enrollment.status], enrollment.id), default=None)


def choose_cohort(cohorts: Sequence[Cohort], asked: str | None, now: datetime) -> Cohort | None:
    """What staff look at: the cohort they name by slug or id, else the running one that began last, else the next to
    begin, else the one that ended last. None when there is none (or none of that name)."""
    if asked is not None:
        return next((cohort for cohort in cohorts if asked in {cohort.slug, str(cohort.id)}), None)
    open_ones = [cohort for cohort in cohorts if cohort.published and not cohort.archived]
    by_status: dict[CohortStatus, list[Cohort]] = {"upcoming": [], "running": [], "ended": []}
    for cohort in sorted(open_ones, key=lambda each: (each.calendar.starts_at, each.id)):
        by_status[cohort.status(now)].append(cohort)
    if by_status["running"]:
        return by_status["running"][-1]
    if by_status["upcoming"]:
        return by_status["upcoming"][0]
    return by_status["ended"][-1] if by_status["ended"] else None
