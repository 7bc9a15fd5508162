"""Rows of cohorts, and how many of their seats are taken."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from chassis.errors import NotFound
from enrollment.cohorts.views import CohortView, named, select_cohorts
from enrollment.enrollments.policy import LIVE, SEATED
from enrollment.models import Cohort, Enrollment


class CohortNotFound(NotFound):
    title = "There is no such cohort"


@dataclass(frozen=True, slots=True)
class Seats:
    """Taken seats per cohort, unexpired holds included, and the next instant at which a hold runs out."""

    taken: dict[UUID, int]
    next_release_at: datetime | None

    def of(self, cohort_id: UUID) -> int:
        """How many seats of this cohort are taken."""
        return self.taken.get(cohort_id, 0)


NO_SEATS = Seats({}, None)


def find(session: Session, name: str) -> CohortView | None:
    """The cohort with this slug or id."""
    row = session.execute(select_cohorts(named(name))).one_or_none()
    return None if row is None else CohortView.of(row)


def get(session: Session, name: str) -> CohortView:
    """The cohort with this slug or id; ``CohortNotFound`` otherwise."""
    found = find(session, name)
    if found is None:
        raise CohortNotFound(f"There is no cohort {name!r}.")
    return found


def lock(session: Session, name: str) -> Cohort:
    """The entity, locked; ``CohortNotFound`` if there is none."""
    found = session.scalars(
        select(Cohort).where(named(name)).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise CohortNotFound(f"There is no cohort {name!r}.")
    return found


def list_running(
    session: Session, programs: Collection[str], now: datetime, *, also: Collection[UUID] = (), locked: bool = False
) -> list[CohortView]:
    """The cohorts on offer that have not ended, of these programs, and those of ``also``; locked in order of id.

    ``end_date`` is local: two days cover every time zone; the rules look at the exact instant.
    """
    running = and_(
        Cohort.program_slug.in_(programs),
        Cohort.published.is_(True),
        Cohort.archived.is_(False),
        Cohort.end_date >= (now - timedelta(days=2)).date(),
    )
    query = select_cohorts(or_(running, Cohort.id.in_(also)) if also else running).order_by(Cohort.id)
    return [CohortView.of(row) for row in session.execute(query.with_for_update() if locked else query)]


def list_named(session: Session, program: str, name: str, *, also: Collection[UUID] = ()) -> list[CohortView]:
    """The cohort of this program with this slug or id, and those of ``also``."""
    wanted = and_(Cohort.program_slug == program, named(name))
    query = select_cohorts(or_(wanted, Cohort.id.in_(also)) if also else wanted)
    return [CohortView.of(row) for row in session.execute(query)]


def count_seats(session: Session, cohort_ids: Sequence[UUID], now: datetime) -> Seats:
    """Seats taken by enrollments and by checkouts whose hold lasts; one query over an index that covers it."""
    if not cohort_ids:
        return NO_SEATS
    held = and_(Enrollment.status == "pending", Enrollment.seat_until > now)
    rows = session.execute(
        select(
            Enrollment.cohort_id,
            func.count().label("taken"),
            func.min(case((held, Enrollment.seat_until))).label("next_release_at"),
        )
        .where(Enrollment.cohort_id.in_(cohort_ids), or_(Enrollment.status.in_(sorted(SEATED)), held))
        .group_by(Enrollment.cohort_id)
    ).all()
    releases = [row.next_release_at for row in rows if row.next_release_at is not None]
    return Seats({row.cohort_id: row.taken for row in rows}, min(releases, default=None))


def count_live(session: Session, cohort_id: UUID) -> int:
    """How many students a change of this cohort concerns."""
    return (
        session.scalar(
            select(func.count()).where(Enrollment.cohort_id == cohort_id, Enrollment.status.in_(sorted(LIVE)))
        )
        or 0
    )


def list_page(session: Session, program: str | None, after: UUID | None, limit: int) -> list[CohortView]:
    """Cohorts newest first, for administrators."""
    query = select_cohorts().order_by(Cohort.id.desc()).limit(limit)
    if program is not None:
        query = query.where(Cohort.program_slug == program)
    if after is not None:
        query = query.where(Cohort.id < after)
    return [CohortView.of(row) for row in session.execute(query)]
