"""People, enrollments, achievements and certificates in the database."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, case, select, update
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from certificates.models import (
    Achievement,
    Certificate,
    Course,
    Enrollment,
    NameCorrection,
    Person,
    Program,
    StatusEntry,
)
from chassis.ids import new_id


def lock_person(session: Session, account_id: UUID) -> Person:
    """The person's row, locked until the transaction ends, made if it is missing.

    All changes to a student's certificates take this lock first, so that a completion and a refund that arrive at
    the same time are judged one after the other, and the second sees the first.
    """
    person = _locked(session, account_id)
    if person is None:
        made = insert(Person).values(account_id=account_id, name=None, erased=False, sequence=-1)
        session.execute(made.on_duplicate_key_update(account_id=made.inserted.account_id))
        person = _locked(session, account_id)
        assert person is not None
    return person


def _locked(session: Session, account_id: UUID) -> Person | None:
    mine = select(Person).where(Person.account_id == account_id)
    return session.scalars(mine.with_for_update().execution_options(populate_existing=True)).one_or_none()


def find_enrollment(session: Session, enrollment_id: UUID) -> Enrollment | None:
    """The enrollment, if it is known."""
    return session.get(Enrollment, enrollment_id)


def enrollments_of(session: Session, student_id: UUID, program_slug: str) -> Sequence[Enrollment]:
    """The student's enrollments in a program."""
    return session.scalars(
        select(Enrollment).where(Enrollment.student_id == student_id, Enrollment.program_slug == program_slug)
    ).all()


def enrollment_states(session: Session, ids: Collection[UUID]) -> Sequence[Any]:
    """What is known of these enrollments: id, status (active or revoked), sequence."""
    status = case((Enrollment.revoked_reason.is_(None), "active"), else_="revoked")
    columns = (Enrollment.enrollment_id.label("id"), status.label("status"), Enrollment.sequence)
    rows: Sequence[Any] = session.execute(select(*columns).where(Enrollment.enrollment_id.in_(ids))).all()
    return rows


def add_achievement(session: Session, **facts: object) -> None:
    """Note an achievement; one that is known stays as it is."""
    made = insert(Achievement).values(id=new_id(), **facts)
    session.execute(made.on_duplicate_key_update(id=Achievement.id))


def achievements_of(session: Session, student_id: UUID, program_slug: str | None = None) -> Sequence[Achievement]:
    """The student's achievements, of one program or of all."""
    query = select(Achievement).where(Achievement.student_id == student_id).order_by(Achievement.id)
    if program_slug is not None:
        query = query.where(Achievement.program_slug == program_slug)
    return session.scalars(query).all()


def scopes_of(session: Session, students: Collection[UUID]) -> set[tuple[UUID, str]]:
    """What these students have achieved: who, and the achievement's scope."""
    query = select(Achievement.student_id, Achievement.scope).where(Achievement.student_id.in_(students))
    return {(row.student_id, row.scope) for row in session.execute(query)}


def erased_of(session: Session, students: Collection[UUID]) -> set[UUID]:
    """Those whose account was erased."""
    return set(session.scalars(select(Person.account_id).where(Person.account_id.in_(students), Person.erased)))


def certificates_of(session: Session, student_id: UUID) -> Sequence[Certificate]:
    """All certificates of a student, oldest first; the caller holds the person's lock."""
    return session.scalars(
        select(Certificate)
        .where(Certificate.student_id == student_id)
        .order_by(Certificate.id)
        .execution_options(populate_existing=True)
    ).all()


def restore_achievement_ids(connection: Connection, table: str) -> None:
    """Into a rebuilt table, from the certificates: else those whose achievement was lost would be issued again."""
    connection.exec_driver_sql(
        f"UPDATE `{table}` a JOIN certificates c ON c.student_id = a.student_id AND c.kind = a.kind"  # noqa: S608
        " AND IF(a.kind = 'course', c.course_slug = a.course_slug,"
        " c.program_slug = a.program_slug AND c.cohort_id = a.cohort_id)"
        " SET a.id = c.achievement_id"
    )


def was_revoked_by_staff(session: Session, achievement: Achievement) -> bool:
    """Whether staff ended a certificate of this achievement (of a program with a cohort)."""
    mine = (
        Certificate.student_id == achievement.student_id,
        Certificate.kind == achievement.kind,
        Certificate.program_slug == achievement.program_slug,
        Certificate.cohort_id == achievement.cohort_id,
        Certificate.revocation == "staff",
    )
    return session.scalar(select(Certificate.id).where(*mine).limit(1)) is not None


def find_program(session: Session, slug: str) -> Program | None:
    """The program as last published, locked."""
    return session.scalars(select(Program).where(Program.slug == slug).with_for_update()).one_or_none()


def courses_of(session: Session, program_slug: str) -> Sequence[Course]:
    """The courses of a program as last published."""
    return session.scalars(select(Course).where(Course.program_slug == program_slug)).all()


def forget_corrections(session: Session, student_id: UUID) -> None:
    """Forget the names that a student asked for."""
    session.execute(
        update(NameCorrection).where(NameCorrection.student_id == student_id).values(name=None, open_for=None)
    )


def note_revoked(session: Session, certificate_id: UUID) -> None:
    """Set the certificate's bit in the status list."""
    session.execute(update(StatusEntry).where(StatusEntry.certificate_id == certificate_id).values(revoked=True))
