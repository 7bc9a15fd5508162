"""Creating and changing cohorts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis.cache import forget
from chassis.database import is_duplicate
from chassis.errors import Conflict, Unprocessable
from chassis.ids import new_id
from chassis.messaging import emit
from contracts.http.enrollment import CohortChangeOut, CohortIn, CohortOut, CohortPatch, FieldChange, WeekChange
from contracts.rules import CohortCalendar
from enrollment.audit import Actor, record
from enrollment.catalog.repository import find_week_count
from enrollment.cohorts import policy, repository
from enrollment.cohorts.present import present
from enrollment.cohorts.views import FIELDS, CohortView, parse_id
from enrollment.instalments import plans
from enrollment.models import Cohort

_NULLABLE = {"seats", "instalments"}


class SlugTaken(Conflict):
    code = "slug_taken"
    title = "Another cohort has this slug"


class RelockRefused(Conflict):
    code = "relock_refused"
    title = "Weeks that students have would lock again"


@dataclass(frozen=True, slots=True)
class Change:
    """A checked change of a cohort, not yet made."""

    before: CohortView
    after: CohortView
    fields: dict[str, tuple[Any, Any]]
    weeks: list[policy.WeekMove]

    @property
    def relocked(self) -> list[int]:
        """The weeks that students have now and would lose."""
        return [week.number for week in self.weeks if week.relocked]


def create(session: Session, wanted: CohortIn, by: Actor, now: datetime) -> UUID:
    """A new cohort, told as CohortScheduled. Its program may still be unknown here."""
    columns = _columns(wanted.model_dump(by_alias=False))
    view = _checked({**columns, "id": new_id(), "version": 1})
    cohort = Cohort(**{name: getattr(view, name) for name in FIELDS}, created_at=now)
    session.add(cohort)
    _flush(session, view.slug)
    _tell(session, view)
    record(session, now, by, "cohort.created", ("cohort", view.id), slug=view.slug, program=view.program_slug)
    return view.id


def change(
    session: Session, name: str, patch: CohortPatch, by: Actor, now: datetime, *, dry_run: bool
) -> CohortChangeOut:
    """Change what ``patch`` names. ``RelockRefused`` unless forced; with ``dry_run`` only told, never done."""
    cohort = repository.lock(session, name)
    planned = _plan(session, CohortView.of(cohort), patch, now)
    allowed = patch.force or not planned.relocked
    if dry_run:
        return _report(session, planned, now, dry_run=True, allowed=allowed)
    if not allowed:
        weeks = ", ".join(map(str, planned.relocked))
        raise RelockRefused(
            f"Week {weeks} is open and would lock again; send force:true if that is meant.", weeks=planned.relocked
        )
    if planned.fields:
        for field in FIELDS:
            setattr(cohort, field, getattr(planned.after, field))
        _flush(session, planned.after.slug)
        _tell(session, planned.after)
        details = {field: list(values) for field, values in planned.fields.items()}
        record(session, now, by, "cohort.changed", ("cohort", cohort.id), changes=details, forced=patch.force)
    return _report(session, planned, now, dry_run=False, allowed=True)


def _plan(session: Session, before: CohortView, patch: CohortPatch, now: datetime) -> Change:
    named = {name for name in patch.model_fields_set if name != "force"}
    for name in named - _NULLABLE:
        if getattr(patch, name) is None:
            raise Unprocessable.field(_alias(name), "cannot be null")
    if patch.program_slug is not None and patch.program_slug != before.program_slug:
        raise Unprocessable.field("programSlug", "a cohort stays with its program; make a new one instead")
    old = {name: getattr(before, name) for name in FIELDS}
    new = {**old, **_columns(patch.model_dump(include=named, by_alias=False))}
    fields = policy.changed_fields(old, new)
    after = _checked({**new, "version": before.version + 1}) if fields else before
    calendars = (before.calendar, after.calendar)
    count = policy.weeks_to_compare(calendars, find_week_count(session, before.program_slug))
    return Change(before, after, fields, policy.moved_weeks(*calendars, count, now))


def _columns(document: dict[str, Any]) -> dict[str, Any]:
    """A cohort document as columns."""
    if "week_unlocks" in document:
        weeks = sorted(document["week_unlocks"].items())
        document["week_unlocks"] = {str(week): day.isoformat() for week, day in weeks}
    if document.get("instalments") is not None:
        document["instalments"] = plans.as_document(document["instalments"])
    return document


def _checked(columns: dict[str, Any]) -> CohortView:
    """The view of these columns; 422 that names the field when they make no sense."""
    view = CohortView(**columns)
    problem = policy.find_price_problem(view.amount_minor, view.currency)
    if problem is not None:
        raise Unprocessable.field(*problem)
    if parse_id(view.slug) is not None:
        raise Unprocessable.field("slug", "looks like an id; cohorts may be named by either")
    if view.unlock_time.tzinfo is not None:
        raise Unprocessable.field("unlockTime", "is local to the time zone and carries no offset of its own")
    if view.unlock_time.microsecond:
        raise Unprocessable.field("unlockTime", "counts in whole seconds")
    try:
        calendar: CohortCalendar = view.calendar
        assert calendar.starts_at
    except ValueError as error:
        raise Unprocessable.field(_field_of(str(error)), str(error)) from error
    if (wrong := plans.find_problem(view)) is not None:
        raise Unprocessable.field("instalments", wrong)
    return view


def _field_of(message: str) -> str:
    """The field that a sentence of the calendar is about."""
    fields = {"zone": "timezone", "unlock_time": "unlockTime", "end_date": "endDate", "week": "weekUnlocks"}
    return next((field for word, field in fields.items() if word in message), "startDate")


def _alias(name: str) -> str:
    field = CohortPatch.model_fields[name]
    return field.alias or name


def _flush(session: Session, slug: str) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        if is_duplicate(error, "uq_cohorts_slug"):
            raise SlugTaken(f"There is a cohort {slug!r} already; slugs are unique on the platform.") from error
        raise


def _tell(session: Session, view: CohortView) -> None:
    emit(session, view.scheduled)
    forget(session, f"program:{view.program_slug}", f"cohort:{view.id}")


def _report(session: Session, planned: Change, now: datetime, *, dry_run: bool, allowed: bool) -> CohortChangeOut:
    return CohortChangeOut(
        dry_run=dry_run,
        allowed=allowed,
        changes=[
            FieldChange(field=_alias(name), before=before, after=after)
            for name, (before, after) in planned.fields.items()
        ],
        weeks=[
            WeekChange(
                number=week.number,
                unlocks_at_before=week.before,
                unlocks_at_after=week.after,
                relocked=week.relocked,
            )
            for week in planned.weeks
        ],
        relocked_weeks=planned.relocked,
        affected_students=repository.count_live(session, planned.before.id),
        cohort=present(session, [planned.after], now)[0],
    )


def get(session: Session, name: str, now: datetime) -> CohortOut:
    """One cohort for administrators."""
    return present(session, [repository.get(session, name)], now)[0]
