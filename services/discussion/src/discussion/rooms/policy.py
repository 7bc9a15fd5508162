"""Who may be in a room: a cohort's discussion of one week. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.rules import AccessDecision, CohortCalendar, LessonFacts, decide_access
from contracts.rules.access import LIVE


@dataclass(frozen=True, slots=True)
class CohortFacts:
    """A cohort as far as discussion knows it. `open_to_staff`: published and not archived."""

    id: UUID
    slug: str
    program_slug: str
    calendar: CohortCalendar
    open_to_staff: bool = True

    def is_called(self, name: str) -> bool:
        """Whether a client means this cohort by that slug or id."""
        return name == self.slug or name.lower().replace("-", "") == self.id.hex


@dataclass(frozen=True, slots=True)
class Membership:
    """One enrollment of a student in a program; the cohort is None until its calendar has arrived."""

    status: str
    cohort_id: UUID
    cohort: CohortFacts | None


@dataclass(frozen=True, slots=True)
class Room:
    """A cohort's week, opened by one caller; staff see what students do not."""

    program_slug: str
    cohort_id: UUID
    cohort_slug: str
    week_number: int
    is_staff: bool


def pick_membership(memberships: Sequence[Membership]) -> Membership | None:
    """The live enrollment, else a suspended one. A revoked one is none."""
    for wanted in (LIVE, {"suspended"}):
        for membership in memberships:
            if membership.status in wanted:
                return membership
    return None


def decide_entry(membership: Membership | None, week: int, now: datetime) -> AccessDecision:
    """May a student enter the room of that week: the shared access decision, without lessons."""
    calendar = membership.cohort.calendar if membership and membership.cohort else None
    return decide_access(
        LessonFacts(
            enrollment_status=membership.status if membership else None,
            access_ends_at=calendar.access_ends_at if calendar else None,
            week_unlocks_at=calendar.week_unlocks_at(week) if calendar else None,
        ),
        now,
    )


def pick_for_staff(cohorts: Sequence[CohortFacts], name: str | None, now: datetime) -> CohortFacts | None:
    """The cohort staff asked for, else the running one that started last, else the next, else the last that ended."""
    if name is not None:
        return next((cohort for cohort in cohorts if cohort.is_called(name)), None)
    candidates = sorted((cohort for cohort in cohorts if cohort.open_to_staff), key=lambda c: c.calendar.starts_at)
    running = [c for c in candidates if c.calendar.starts_at <= now and not c.calendar.is_over(now)]
    coming = [c for c in candidates if c.calendar.starts_at > now and not c.calendar.is_over(now)]
    if running:
        return running[-1]
    return coming[0] if coming else (candidates[-1] if candidates else None)
