"""How completions are gone through that certificates are asked about."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, text
from sqlalchemy.orm import Session

from chassis.clock import utc_now
from chassis.database import Database
from chassis.ids import new_id
from learning.models import WHOLE_PROGRAM, Enrollment, ProgressMark
from learning.progress.uncertified import again, page

COURSES = (WHOLE_PROGRAM, "python", "sql")


@pytest.fixture
def db(database_for: Callable[[str], Database]) -> Database:
    return database_for("learning")


def complete(session: Session, graduates: int, learning: int = 0) -> list[str]:
    """Enrollments that completed everything, and some that are under way; the keys of the completions, in order."""
    ids = [new_id() for _ in range(graduates + learning)]
    common = {"sequence": 1, "program_slug": "data", "cohort_id": new_id(), "status": "active"}
    session.execute(insert(Enrollment), [{**common, "id": id_, "student_id": new_id()} for id_ in ids])
    marks = [
        {
            "enrollment_id": id_,
            "course_slug": course,
            "student_id": new_id(),
            "program_slug": "data",
            "percent": 100,
            "completed_at": utc_now() if number < graduates else None,
        }
        for number, id_ in enumerate(ids)
        for course in COURSES
    ]
    session.execute(insert(ProgressMark), marks)
    return sorted(f"{id_}/{course}" for id_ in ids[:graduates] for course in COURSES)


def walk(session: Session, limit: int) -> list[str]:
    """Page after page, as a comparison does: one that is not full is the last."""
    keys: list[str] = []
    after = None
    while True:
        facts = page(session, after, limit)
        keys += [fact.key for fact in facts]
        if len(facts) < limit:
            return keys
        after = keys[-1]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 500])
def test_every_completion_has_its_turn(db: Database, limit: int) -> None:
    with db.begin() as session:
        keys = complete(session, graduates=5, learning=3)
        assert walk(session, limit) == keys
        assert [fact.key for fact in again(session, [keys[4], f"{new_id()}/sql"])] == [keys[4]]


def test_lost_enrollments_end_no_walk(db: Database) -> None:
    with db.begin() as session:
        keys = complete(session, graduates=6)
        lost = {UUID(key.partition("/")[0]) for key in keys[3:12]}
        session.execute(delete(Enrollment).where(Enrollment.id.in_(lost)))
        assert walk(session, 2) == [*keys[:3], *keys[12:]]


def test_a_page_reads_no_more_than_a_page(db: Database) -> None:
    with db.begin() as session:
        keys = complete(session, graduates=600)
    with db.begin() as session:
        session.execute(text("ANALYZE TABLE enrollments, progress_marks")).all()
    with db.begin() as session:
        for after in (None, keys[900]):
            before = _rows_read(session)
            assert len(page(session, after, 20)) == 20
            assert _rows_read(session) - before < 100  # 20 marks, their 7 enrollments, and where each begins


def _rows_read(session: Session) -> int:
    """By this connection, however the server came to them; MariaDB and MySQL count alike."""
    counters: Any = session.execute(text("SHOW SESSION STATUS LIKE 'Handler_read%'"))
    return sum(int(value) for name, value in counters if "retry" not in name)
