"""Projections of enrollment's cohorts and enrollments, and of the gateway's accounts."""

from collections.abc import Collection, Sequence
from datetime import date, time
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from contracts.events import CourseCompleted, LessonCompleted, ProgramCompleted
from contracts.rules import CohortCalendar
from learning.enrollments.policy import Cohort, Enrollment, choose_enrollment
from learning.models import Account
from learning.models import Cohort as CohortRow
from learning.models import Enrollment as EnrollmentRow

_COHORT = (
    CohortRow.id,
    CohortRow.slug,
    CohortRow.program_slug,
    CohortRow.start_date,
    CohortRow.end_date,
    CohortRow.timezone,
    CohortRow.unlock_time,
    CohortRow.week_unlocks,
    CohortRow.access_days,
    CohortRow.published,
    CohortRow.archived,
)
_ENROLLMENT = (
    EnrollmentRow.id,
    EnrollmentRow.student_id,
    EnrollmentRow.program_slug,
    EnrollmentRow.cohort_id,
    EnrollmentRow.status,
    EnrollmentRow.progress_version,
    EnrollmentRow.traceparent,
)


def find_live(session: Session, student_id: UUID, program_slug: str, *, lock: bool = False) -> Enrollment | None:
    """The student's live enrollment in the program; ``lock`` makes others of this student wait."""
    query = select(*_ENROLLMENT).where(
        EnrollmentRow.student_id == student_id, EnrollmentRow.program_slug == program_slug
    )
    rows = session.execute(query.with_for_update() if lock else query)
    return choose_enrollment(_enrollment(row) for row in rows)


def lock(session: Session, enrollment_id: UUID) -> Enrollment:
    """One enrollment, locked."""
    query = select(*_ENROLLMENT).where(EnrollmentRow.id == enrollment_id).with_for_update()
    return _enrollment(session.execute(query).one())


def list_after(session: Session, program_slug: str, after: UUID | None, limit: int) -> list[UUID]:
    """The active enrollments of a program with any progress, in the order of their ids, a page at a time."""
    query = select(EnrollmentRow.id).where(
        EnrollmentRow.program_slug == program_slug,
        EnrollmentRow.status == "active",
        EnrollmentRow.progress_version > 0,
    )
    if after is not None:
        query = query.where(EnrollmentRow.id > after)
    return list(session.scalars(query.order_by(EnrollmentRow.id).limit(limit)))


def states_of(session: Session, ids: Collection[UUID]) -> Sequence[Any]:
    """What is known of these enrollments: id, status, sequence."""
    columns = (EnrollmentRow.id, EnrollmentRow.status, EnrollmentRow.sequence)
    rows: Sequence[Any] = session.execute(select(*columns).where(EnrollmentRow.id.in_(ids))).all()
    return rows


def set_progress_version(session: Session, enrollment_id: UUID, version: int) -> None:
    """How many events learning has told about this enrollment."""
    values = {"progress_version": version}
    session.execute(update(EnrollmentRow).where(EnrollmentRow.id == enrollment_id).values(**values))


def restore_progress_versions(connection: Connection, table: str) -> None:
    """Into a rebuilt table, from what learning has told: so no version is given twice, whatever was lost."""
    told = "SELECT subject, MAX(sequence) AS version FROM outbox WHERE type IN (%s, %s, %s) GROUP BY subject"
    connection.exec_driver_sql(
        f"UPDATE `{table}` e JOIN ({told}) o ON e.id = UNHEX(REPLACE(o.subject, '-', ''))"  # noqa: S608
        " SET e.progress_version = GREATEST(e.progress_version, o.version)",
        (LessonCompleted.type, CourseCompleted.type, ProgramCompleted.type),
    )


def find_cohort(session: Session, cohort_id: UUID) -> Cohort | None:
    """A cohort by its id."""
    row = session.execute(select(*_COHORT).where(CohortRow.id == cohort_id)).first()
    return None if row is None else _cohort(row)


def cohorts_of(session: Session, program_slug: str) -> list[Cohort]:
    """All cohorts of a program."""
    return [_cohort(row) for row in session.execute(select(*_COHORT).where(CohortRow.program_slug == program_slug))]


def is_staff(session: Session, account_id: UUID, program_slug: str) -> bool:
    """Whether an account that is not calling itself is staff of the program, by what the gateway told last."""
    row = session.execute(select(Account.roles, Account.teaches).where(Account.id == account_id)).first()
    if row is None:
        return False
    return "admin" in row.roles or ("instructor" in row.roles and program_slug in row.teaches)


# --- keeping the newest -----------------------------------------------------------------------------------------------


def put_cohort(session: Session, cohort_id: UUID, sequence: int, values: dict[str, Any]) -> bool:
    """Keep what the event says, unless something newer is known; answers whether it was news."""
    return _put(session, CohortRow, cohort_id, sequence, values)


def put_enrollment(session: Session, enrollment_id: UUID, sequence: int, values: dict[str, Any]) -> bool:
    """The same for an enrollment; its row stays locked until the commit."""
    return _put(session, EnrollmentRow, enrollment_id, sequence, values)


def put_account(session: Session, account_id: UUID, sequence: int, values: dict[str, Any]) -> bool:
    """The same for an account."""
    return _put(session, Account, account_id, sequence, values)


def _put(session: Session, table: Any, row_id: UUID, sequence: int, values: dict[str, Any]) -> bool:
    """Insert or update under a row lock. Inserting first avoids the gap locks of looking for a missing row."""
    new = mysql.insert(table).values(id=row_id, sequence=-1, **values)
    session.execute(new.on_duplicate_key_update(id=table.id))
    known = session.scalars(select(table.sequence).where(table.id == row_id).with_for_update()).one()
    if known >= sequence:
        return False
    session.execute(update(table).where(table.id == row_id).values(sequence=sequence, **values))
    return True


def _enrollment(row: Any) -> Enrollment:
    return Enrollment(
        id=row.id,
        student_id=row.student_id,
        program_slug=row.program_slug,
        cohort_id=row.cohort_id,
        status=row.status,
        progress_version=row.progress_version,
        traceparent=row.traceparent,
    )


def _cohort(row: Any) -> Cohort:
    calendar = CohortCalendar(
        start_date=row.start_date,
        end_date=row.end_date,
        timezone=row.timezone,
        unlock_time=time.fromisoformat(row.unlock_time),
        week_unlocks={int(week): date.fromisoformat(day) for week, day in row.week_unlocks.items()},
        access_days=row.access_days,
    )
    return Cohort(row.id, row.slug, row.program_slug, calendar, row.published, row.archived)
