"""What the public sees of programs, and the projection it is made of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from chassis.cache import Fresh, forget
from contracts.events import ProgramPublished
from contracts.http.enrollment import ProgramCourse, ProgramOut, ProgramsOut, ProgramSummary, ProgramWeek
from enrollment import paging
from enrollment.catalog import offers, repository
from enrollment.cohorts import repository as cohorts
from enrollment.cohorts.views import CohortView
from enrollment.instalments import plans
from enrollment.models import Program


def can_enroll(
    session: Session, program_slug: str, cohort: str | None, student_id: UUID | None, now: datetime
) -> Fresh:
    """The ready answer of can-enroll, and the instant until which it is right."""
    repository.require_published(session, program_slug)
    live = offers.find_live(session, student_id, program_slug) if student_id else None
    offer = offers.load_offer(session, program_slug, cohort, live, now)
    parts_change_at = plans.next_change_after(offer.cohort, now) if offer.cohort else None
    instants = [at for at in (offer.valid_until, parts_change_at) if at is not None]
    return Fresh(offers.present(offer, now).model_dump_json().encode(), min(instants, default=None))


def get_program(session: Session, slug: str, now: datetime) -> ProgramOut:
    """One program on sale."""
    row = repository.get_published(session, slug)
    summary = _summaries(session, [row], now)[0]
    return ProgramOut(
        **dict(summary),
        weeks=[ProgramWeek.model_validate(week) for week in row.outline["weeks"]],
        courses=[ProgramCourse.model_validate(course) for course in row.outline["courses"]],
    )


def list_programs(session: Session, cursor: str | None, limit: int, now: datetime) -> ProgramsOut:
    """Programs on sale, by slug."""
    rows = repository.list_published(session, paging.decode(cursor), limit + 1)
    page = rows[:limit]
    return ProgramsOut(
        programs=_summaries(session, page, now),
        next_cursor=paging.encode(page[-1].slug) if len(rows) > limit else None,
    )


def _summaries(session: Session, programs: Sequence[Any], now: datetime) -> list[ProgramSummary]:
    running = cohorts.list_running(session, [program.slug for program in programs], now)
    seats = cohorts.count_seats(session, [cohort.id for cohort in running], now)
    by_program: dict[str, list[CohortView]] = {}
    for cohort in running:
        by_program.setdefault(cohort.program_slug, []).append(cohort)
    summaries = []
    for program in programs:
        found = by_program.get(program.slug, [])
        offer = offers.decide(found, found, seats, None, now)
        summaries.append(
            ProgramSummary(
                slug=program.slug,
                title=program.title,
                summary=program.summary,
                week_count=program.week_count,
                cohort=offer.summary(),
                price=offer.price(),
            )
        )
    return summaries


def keep_program(session: Session, event: ProgramPublished) -> None:
    """Take in what learning published; an older version that arrives late changes nothing."""
    row = insert(Program).values(
        slug=event.program_slug,
        title=event.title,
        summary=event.summary,
        published=event.published,
        week_count=max((week.number for week in event.weeks), default=0),
        outline={
            "weeks": [week.model_dump() for week in event.weeks],
            "courses": [course.model_dump() for course in event.courses],
        },
        sequence=event.sequence,
    )
    newer = row.inserted.sequence > Program.sequence
    changes = {
        name: func.if_(newer, getattr(row.inserted, name), getattr(Program, name))
        for name in ("title", "summary", "published", "week_count", "outline", "sequence")
    }
    session.execute(row.on_duplicate_key_update(list(changes.items())))
    forget(session, f"program:{event.program_slug}")
