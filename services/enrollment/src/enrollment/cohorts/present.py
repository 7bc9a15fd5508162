"""Cohorts as administrators see them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.http.enrollment import CohortOut, CohortsOut
from contracts.http.instalments import InstalmentPlan
from enrollment import paging
from enrollment.cohorts import repository
from enrollment.cohorts.views import CohortView
from enrollment.models import Program


def present(session: Session, views: Sequence[CohortView], now: datetime) -> list[CohortOut]:
    """With seats and what a person should know; always two queries."""
    seats = repository.count_seats(session, [view.id for view in views], now)
    programs = {view.program_slug for view in views}
    found = session.execute(
        select(Program.slug, Program.published, Program.week_count).where(Program.slug.in_(programs))
    )
    known = {row.slug: row for row in found}
    answers = []
    for view in views:
        program = known.get(view.program_slug)
        answers.append(
            CohortOut(
                id=view.id,
                program_slug=view.program_slug,
                slug=view.slug,
                start_date=view.start_date,
                end_date=view.end_date,
                timezone=view.timezone,
                unlock_time=view.unlock_time,
                week_unlocks=view.overrides,
                seats=view.seats,
                seats_left=view.seats_left(seats.of(view.id)),
                late_join=view.late_join,
                amount_minor=view.amount_minor,
                currency=view.currency,
                published=view.published,
                archived=view.archived,
                access_days=view.access_days,
                instalments=InstalmentPlan.model_validate(view.instalments) if view.instalments else None,
                version=view.version,
                starts_at=view.calendar.starts_at,
                ends_at=view.calendar.ends_at,
                access_ends_at=view.calendar.access_ends_at,
                program_published=bool(program and program.published),
                warnings=warnings(view, program.week_count if program else None),
            )
        )
    return answers


def warnings(view: CohortView, week_count: int | None) -> list[str]:
    """What is allowed but probably not meant."""
    if week_count is None:
        return [f"program {view.program_slug} is not known yet; students see the cohort once it is published"]
    late = view.calendar.weeks_out_of_order(week_count)
    return [f"week {week} does not unlock after week {week - 1}; move it in weekUnlocks too" for week in late]


def list_page(session: Session, program: str | None, cursor: str | None, limit: int, now: datetime) -> CohortsOut:
    """Cohorts newest first."""
    views = repository.list_page(session, program, paging.decode_id(cursor), limit + 1)
    page = views[:limit]
    return CohortsOut(
        cohorts=present(session, page, now),
        next_cursor=paging.encode(str(page[-1].id)) if len(views) > limit else None,
    )
