"""Standing and the one decision: tables, with the edges by name."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chassis.ids import new_id
from contracts.http.learning import ProgramDocument
from contracts.rules import CohortCalendar
from learning.access.policy import Standing, decide_lesson, decide_program, decide_week, status_of
from learning.curriculum.structure import build_program
from learning.enrollments.policy import Cohort, Enrollment, choose_cohort, choose_enrollment
from learning.progress.policy import HandedIn, Record
from learning.weeks.policy import assignment_status

START = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
WEEK_2 = START + timedelta(days=7)
ACCESS_ENDS = datetime(2027, 3, 22, 23, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def cohort(slug: str = "march", start: date = date(2026, 3, 2), **changed: Any) -> Cohort:
    calendar = CohortCalendar(start, start + timedelta(days=20), "Africa/Lagos")
    return Cohort(new_id(), slug, "data", calendar, **changed)


def enrollment(status: str = "active") -> Enrollment:
    return Enrollment(new_id(), new_id(), "data", new_id(), status, 0)


def standing(program: dict[str, Any], status: str | None = "active", done: tuple[str, ...] = ()) -> Standing:
    built = build_program("data", 1, ProgramDocument.model_validate(program))
    completed = {("tables", slug): START for slug in done}
    return Standing(
        built, False, enrollment(status) if status else None, cohort() if status else None, Record(completed)
    )


@pytest.mark.parametrize(
    ("slug", "status", "done", "now", "reasons"),
    [
        ("rows", "active", (), START, ()),
        ("rows", "active", (), START - INSTANT, ("week_locked",)),
        ("rows", None, (), START, ("not_enrolled",)),
        ("rows", "suspended", (), START, ("enrollment_suspended",)),
        ("joins", "active", ("rows",), WEEK_2, ()),
        ("joins", "active", ("rows",), WEEK_2 - INSTANT, ("week_locked",)),
        ("joins", "active", (), WEEK_2, ("lesson_locked",)),
        ("joins", "active", (), START, ("week_locked", "lesson_locked")),
        ("rows", "active", (), ACCESS_ENDS - INSTANT, ()),
        ("rows", "active", (), ACCESS_ENDS, ("access_ended",)),
        ("rows", "active", ("rows",), ACCESS_ENDS, ("access_ended",)),
        ("joins", "active", ("joins",), WEEK_2, ()),
    ],
)
def test_a_lesson_opens_when_nothing_is_in_the_way(
    program: dict[str, Any], slug: str, status: str | None, done: tuple[str, ...], now: datetime, reasons: Any
) -> None:
    viewer = standing(program, status, done)
    lesson = viewer.program.lesson("tables", slug)
    assert lesson is not None
    decision = decide_lesson(viewer, lesson, now)
    assert decision.reasons == reasons
    assert decision.allowed is (not reasons)
    shown = "completed" if slug in done else "available" if not reasons else "locked"
    assert status_of(viewer, lesson, decision) == shown


def test_staff_open_everything(program: dict[str, Any]) -> None:
    built = build_program("data", 1, ProgramDocument.model_validate(program))
    viewer = Standing(built, preview=True, cohort=cohort())
    early = START - timedelta(days=300)
    assert all(decide_lesson(viewer, lesson, early).allowed for lesson in built.lessons())
    assert viewer.week_is_open(3, early)


def test_a_week_asks_for_no_prerequisites_and_a_program_for_no_week(program: dict[str, Any]) -> None:
    viewer = standing(program)
    assert decide_week(viewer, 2, WEEK_2).allowed
    assert decide_week(viewer, 3, WEEK_2).reasons == ("week_locked",)
    assert decide_program(viewer, START - timedelta(days=9)).allowed


@pytest.mark.parametrize(
    ("handed_in", "due_in", "status"),
    [
        (None, timedelta(0), "open"),
        (None, -INSTANT, "overdue"),
        (HandedIn(late=False, graded=False, score=None), -timedelta(days=1), "submitted"),
        (HandedIn(late=True, graded=False, score=None), -timedelta(days=1), "late"),
        (HandedIn(late=True, graded=True, score=80.0), -timedelta(days=1), "graded"),
    ],
)
def test_states_of_an_assignment(handed_in: HandedIn | None, due_in: timedelta, status: str) -> None:
    assert assignment_status(handed_in, START + due_in, START) == status


def test_without_a_cohort_nothing_is_overdue() -> None:
    assert assignment_status(None, None, START) == "open"


PAST, NOW_ON, LATER = cohort("past", date(2026, 1, 5)), cohort("now"), cohort("later", date(2026, 6, 1))
NEWER = cohort("newer", date(2026, 3, 9))
HIDDEN, SHELVED = cohort("hidden", published=False), cohort("shelved", archived=True)
TODAY = datetime(2026, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cohorts", "asked", "chosen"),
    [
        ([], None, None),
        ([PAST, NOW_ON, LATER], None, NOW_ON),
        ([NEWER, NOW_ON], None, NEWER),
        ([PAST, LATER], None, LATER),
        ([LATER, cohort("latest", date(2026, 9, 1))], None, LATER),
        ([PAST], None, PAST),
        ([HIDDEN, SHELVED], None, None),
        ([HIDDEN, PAST], "hidden", HIDDEN),
        ([PAST, NOW_ON], str(PAST.id), PAST),
        ([PAST], "none-such", None),
    ],
    ids=["none", "running", "newest running", "next", "soonest", "past", "unseen", "by slug", "by id", "unknown"],
)
def test_staff_look_at_the_cohort_they_name_else_the_running_else_the_next(
    cohorts: list[Cohort], asked: str | None, chosen: Cohort | None
) -> None:
    assert choose_cohort(cohorts, asked, TODAY) == chosen


def test_the_live_enrollment_speaks_for_the_student() -> None:
    revoked, suspended, active = enrollment("revoked"), enrollment("suspended"), enrollment("active")
    newer = enrollment("active")
    assert choose_enrollment([]) is None
    assert choose_enrollment([revoked]) is None
    assert choose_enrollment([revoked, suspended]) == suspended
    assert choose_enrollment([newer, suspended, active]) == newer
