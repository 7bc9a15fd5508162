"""The enrollment window: may this person join a cohort of the program now, and if not, why and when?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from contracts.rules.calendar import CohortCalendar

EnrollmentReason = Literal[
    "open",
    "late_join",
    "already_enrolled",
    "no_open_cohort",
    "closed_before_start",
    "late_join_not_offered",
    "week_two_unlocked",
    "late_join_ended",
    "cohort_full",
]

CLOSES_BEFORE_START = timedelta(hours=48)
LATE_JOIN_DAYS = 7


@dataclass(frozen=True)
class CohortFacts:
    """What the rules need of a cohort. `seats_left` counts unexpired checkouts as taken; None: no limit."""

    id: UUID
    calendar: CohortCalendar
    late_join: bool
    seats_left: int | None = None
    published: bool = True

    @property
    def is_full(self) -> bool:
        """Whether no seat is left."""
        return self.seats_left is not None and self.seats_left <= 0

    @property
    def closes_before_start_at(self) -> datetime:
        """48 hours before the start: here the regular window closes."""
        return self.calendar.starts_at - CLOSES_BEFORE_START

    @property
    def week_two_unlocks_at(self) -> datetime:
        """Week 2's unlock: from here on nobody joins."""
        return self.calendar.week_unlocks_at(2)

    @property
    def late_join_ends_at(self) -> datetime:
        """7 local days after the start: here late join ends, even if week 2 comes later."""
        return self.calendar.local_days_after_start(LATE_JOIN_DAYS)

    @property
    def late_join_closes_at(self) -> datetime:
        """The first instant at which one of the rules ends late join."""
        return min(self.week_two_unlocks_at, self.late_join_ends_at, self.calendar.ends_at)

    def reopens_at(self, now: datetime) -> datetime | None:
        """The next instant at which the rules turn this cohort's no into a yes, if one is known."""
        starts_at = self.calendar.starts_at
        waits = self.closes_before_start_at <= now < starts_at
        opens = self.late_join and not self.is_full and starts_at < self.late_join_closes_at
        return starts_at if waits and opens else None

    def boundaries(self) -> Iterator[datetime]:
        """Every instant at which the answer for this cohort may change."""
        yield self.closes_before_start_at
        yield self.calendar.starts_at
        yield self.week_two_unlocks_at
        yield self.late_join_ends_at
        yield self.calendar.ends_at


@dataclass(frozen=True, slots=True)
class EnrollmentDecision:
    """The verdict and its reason.

    `closes_at` (when allowed) is the instant at which the rules turn the offered cohort's yes into a no; `opens_at`
    (when not) the next instant at which they turn the no into a yes, None when no such instant is known. `cohort_id`
    is the cohort offered, or the one that explains the no. `changes_at` bounds how long the verdict may be kept.
    """

    allowed: bool
    reason: EnrollmentReason
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    cohort_id: UUID | None = None
    changes_at: datetime | None = None


def decide_enrollment(
    *,
    already_enrolled: bool,
    cohorts: Sequence[CohortFacts],
    now: datetime,
    enrolled_cohort_id: UUID | None = None,
) -> EnrollmentDecision:
    """Apply the window to the cohorts of one program: the first by start that says yes is offered.

    Otherwise the next one to start explains itself, or, when all have started, the one that started last.
    """
    if already_enrolled:
        return EnrollmentDecision(allowed=False, reason="already_enrolled", cohort_id=enrolled_cohort_id)
    running = sorted(
        (cohort for cohort in cohorts if cohort.published and not cohort.calendar.is_over(now)),
        key=lambda cohort: (cohort.calendar.starts_at, cohort.id),
    )
    if not running:
        return EnrollmentDecision(allowed=False, reason="no_open_cohort")
    changes_at = min(instant for cohort in running for instant in cohort.boundaries() if instant > now)
    for cohort in running:
        reason, closes_at = _window(cohort, now)
        if closes_at is not None:
            return EnrollmentDecision(True, reason, None, closes_at, cohort.id, changes_at)
    speaker = next((cohort for cohort in running if cohort.calendar.starts_at > now), running[-1])
    opens_at = min((at for cohort in running if (at := cohort.reopens_at(now)) is not None), default=None)
    return EnrollmentDecision(False, _window(speaker, now)[0], opens_at, None, speaker.id, changes_at)


def _window(cohort: CohortFacts, now: datetime) -> tuple[EnrollmentReason, datetime | None]:
    """Rules 3 to 8 for one cohort that has not ended: the reason and, for a yes, when it closes."""
    calendar = cohort.calendar
    reason: EnrollmentReason
    if now < cohort.closes_before_start_at:
        reason, closes_at = "open", min(cohort.closes_before_start_at, calendar.ends_at)
    elif now < calendar.starts_at:
        return "closed_before_start", None
    elif not cohort.late_join:
        return "late_join_not_offered", None
    elif now >= cohort.week_two_unlocks_at:
        return "week_two_unlocked", None
    elif now >= cohort.late_join_ends_at:
        return "late_join_ended", None
    else:
        reason, closes_at = "late_join", cohort.late_join_closes_at
    return ("cohort_full", None) if cohort.is_full else (reason, closes_at)
