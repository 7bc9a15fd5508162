"""The enrollment decision of one program for one student: facts from the rows, the rule from contracts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.errors import Conflict
from contracts.http.base import to_wire
from contracts.http.enrollment import CanEnrollOut, CohortSummary, Price
from contracts.rules import EnrollmentDecision, decide_enrollment, message_for
from enrollment.cohorts import repository as cohorts
from enrollment.cohorts.repository import CohortNotFound, Seats
from enrollment.cohorts.views import CohortView, parse_id
from enrollment.enrollments.policy import SEATED
from enrollment.instalments import plans
from enrollment.models import Enrollment


@dataclass(frozen=True, slots=True)
class LiveEnrollment:
    """The student's one live enrollment of a program."""

    cohort_id: UUID
    status: str
    seat_until: datetime | None

    def holds_seat(self, now: datetime) -> bool:
        """Whether it is a checkout whose hold lasts: its seat is the student's own."""
        return self.status == "pending" and self.seat_until is not None and now < self.seat_until


@dataclass(frozen=True, slots=True)
class Offer:
    """A program's cohorts, their seats as this student sees them, and the verdict."""

    cohorts: Sequence[CohortView]
    taken: dict[UUID, int]
    decision: EnrollmentDecision
    valid_until: datetime | None

    @property
    def cohort(self) -> CohortView | None:
        """The cohort offered, or the one that explains the no."""
        return self.view(self.decision.cohort_id) if self.decision.cohort_id else None

    def view(self, cohort_id: UUID) -> CohortView | None:
        """One of the cohorts."""
        return next((cohort for cohort in self.cohorts if cohort.id == cohort_id), None)

    def summary(self) -> CohortSummary | None:
        """The cohort as students see it."""
        return self.cohort.summary(self.taken.get(self.cohort.id, 0)) if self.cohort else None

    def price(self) -> Price | None:
        """What it costs."""
        return self.cohort.price if self.cohort else None


class EnrollmentClosed(Conflict):
    """409 with can-enroll's reason as its code."""

    code = "enrollment_closed"
    title = "You cannot enrol now"

    @classmethod
    def by(cls, offer: Offer) -> "Conflict":
        """The refusal that a decision is."""
        decision = offer.decision
        return cls.because(
            decision.reason,
            message_for(decision.reason),
            opensAt=to_wire(decision.opens_at) if decision.opens_at else None,
        )


def find_live(session: Session, student_id: UUID, program_slug: str) -> LiveEnrollment | None:
    """The student's live enrollment of this program."""
    row = session.execute(
        select(Enrollment.cohort_id, Enrollment.status, Enrollment.seat_until).where(
            Enrollment.student_id == student_id, Enrollment.live_program == program_slug
        )
    ).one_or_none()
    return None if row is None else LiveEnrollment(row.cohort_id, row.status, row.seat_until)


def load_offer(
    session: Session, program_slug: str, cohort_name: str | None, live: LiveEnrollment | None, now: datetime
) -> Offer:
    """The decision for this program, or for one cohort of it; ``CohortNotFound`` when that is hidden or unknown."""
    enrolled_in = live.cohort_id if live and live.status in SEATED else None
    also = [enrolled_in] if enrolled_in else []
    if cohort_name is None:
        found = cohorts.list_running(session, [program_slug], now, also=also)
        candidates = [cohort for cohort in found if cohort.on_offer]
    else:
        found = cohorts.list_named(session, program_slug, cohort_name, also=also)
        candidates = [cohort for cohort in found if _is_named(cohort, cohort_name)]
        if not any(cohort.on_offer or cohort.archived for cohort in candidates):
            raise CohortNotFound(f"There is no cohort {cohort_name!r} of this program.")
    seats = cohorts.count_seats(session, [cohort.id for cohort in found], now)
    return decide(found, candidates, seats, live, now)


def decide(
    found: Sequence[CohortView],
    candidates: Sequence[CohortView],
    seats: Seats,
    live: LiveEnrollment | None,
    now: datetime,
) -> Offer:
    """Apply the window; a seat that the student's own checkout holds is free for the student."""
    taken = dict(seats.taken)
    if live is not None and live.holds_seat(now) and live.cohort_id in taken:
        taken[live.cohort_id] -= 1
    enrolled_in = live.cohort_id if live and live.status in SEATED else None
    decision = decide_enrollment(
        already_enrolled=enrolled_in is not None,
        enrolled_cohort_id=enrolled_in,
        cohorts=[cohort.facts(taken.get(cohort.id, 0)) for cohort in candidates],
        now=now,
    )
    limits = [seats.next_release_at] if any(cohort.seats is not None for cohort in found) else []
    instants = [instant for instant in (*limits, decision.changes_at) if instant is not None]
    return Offer(found, taken, decision, min(instants, default=None))


def present(offer: Offer, now: datetime) -> CanEnrollOut:
    """The answer of can-enroll; it changes too when a part of the price falls due."""
    decision, price = offer.decision, offer.price()
    if price is not None and offer.cohort is not None:
        price = price.model_copy(update={"instalments": plans.offer(offer.cohort, 0, now)})
    return CanEnrollOut(
        allowed=decision.allowed,
        reason=decision.reason,
        message=message_for(decision.reason),
        opens_at=decision.opens_at,
        closes_at=decision.closes_at,
        cohort=offer.summary(),
        price=price,
    )


def _is_named(cohort: CohortView, name: str) -> bool:
    return cohort.slug == name or cohort.id == parse_id(name)
