"""Programs and their versions. Versions never change, so each process keeps the ones it uses, ready built."""

import threading
from collections import OrderedDict
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from chassis.database import Database
from contracts.http.learning import ProgramDocument
from learning.curriculum.errors import CourseNotFound, ProgramNotFound
from learning.curriculum.structure import LessonKey, Program, build_program
from learning.models import Course, LessonCompletion, ProgramVersion, Submission
from learning.models import Program as ProgramRow

_SHELF = "learning.programs"


class ProgramShelf:
    """The versions that were used last, for all threads of a process."""

    def __init__(self, capacity: int = 64) -> None:
        self._capacity = capacity
        self._programs: OrderedDict[tuple[str, int], Program] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, slug: str, version: int) -> Program | None:
        """The version, if it is here."""
        with self._lock:
            program = self._programs.get((slug, version))
            if program is not None:
                self._programs.move_to_end((slug, version))
            return program

    def put(self, program: Program) -> None:
        """Keep a version, and let go of the one that nobody used for longest."""
        with self._lock:
            self._programs[(program.slug, program.version)] = program
            while len(self._programs) > self._capacity:
                self._programs.popitem(last=False)


def install_shelf(database: Database) -> None:
    """Give the sessions of ``database`` a shelf."""
    database.session_info[_SHELF] = ProgramShelf()


def get(session: Session, slug: str, *, shared_lock: bool = False) -> Program:
    """The current version; ``shared_lock`` keeps an import out until this transaction ends."""
    query = select(ProgramRow.slug, ProgramRow.version).where(ProgramRow.slug == slug)
    row = session.execute(query.with_for_update(read=True) if shared_lock else query).first()
    if row is None or row.slug != slug:  # the collation forgives trailing spaces, an address does not
        raise ProgramNotFound
    return version_of(session, row.slug, row.version)


def find(session: Session, slug: str, *, shared_lock: bool = False) -> Program | None:
    """``get``, or None when there is no such program."""
    try:
        return get(session, slug, shared_lock=shared_lock)
    except ProgramNotFound:
        return None


def get_of_course(session: Session, course_slug: str, *, shared_lock: bool = False) -> Program:
    """The current version of the program to which a course belongs."""
    query = (
        select(Course.slug.label("course_slug"), ProgramRow.slug, ProgramRow.version)
        .join(ProgramRow, ProgramRow.slug == Course.program_slug)
        .where(Course.slug == course_slug)
    )
    row = session.execute(query.with_for_update(read=True) if shared_lock else query).first()
    if row is None or row.course_slug != course_slug:
        raise CourseNotFound
    return version_of(session, row.slug, row.version)


def version_of(session: Session, slug: str, version: int) -> Program:
    """One version, built at most once in a process."""
    shelf: ProgramShelf | None = session.info.get(_SHELF)
    program = shelf.find(slug, version) if shelf else None
    if program is None:
        program = build_program(slug, version, get_document(session, slug, version))
        if shelf:
            shelf.put(program)
    return program


def get_document(session: Session, slug: str, version: int) -> ProgramDocument:
    """The document of a version."""
    query = select(ProgramVersion.document).where(
        ProgramVersion.program_slug == slug, ProgramVersion.version == version
    )
    return ProgramDocument.model_validate(session.scalars(query).one())


def find_version(session: Session, slug: str) -> int:
    """The current version's number, without a lock; 0 when there is no such program."""
    row = session.execute(select(ProgramRow.slug, ProgramRow.version).where(ProgramRow.slug == slug)).first()
    return row.version if row is not None and row.slug == slug else 0


def lock_version(session: Session, slug: str, now: datetime) -> int:
    """The current version's number, 0 for a new program; nobody else imports or completes until the commit."""
    new = mysql.insert(ProgramRow).values(slug=slug, version=0, published=False, updated_at=now)
    session.execute(new.on_duplicate_key_update(slug=ProgramRow.slug))
    return session.scalars(select(ProgramRow.version).where(ProgramRow.slug == slug).with_for_update()).one()


def save_version(session: Session, slug: str, version: int, document: ProgramDocument, by: UUID, now: datetime) -> None:
    """Make ``document`` the current version of a locked program."""
    session.execute(
        insert(ProgramVersion).values(
            program_slug=slug,
            version=version,
            document=document.model_dump(mode="json", by_alias=True),
            imported_by=by,
            imported_at=now,
        )
    )
    values = {"version": version, "published": document.published, "updated_at": now}
    session.execute(update(ProgramRow).where(ProgramRow.slug == slug).values(**values))


def course_slugs(session: Session, program_slug: str) -> list[str]:
    """The courses of a program."""
    return list(session.scalars(select(Course.slug).where(Course.program_slug == program_slug)))


def owners_of(session: Session, slugs: list[str]) -> dict[str, str]:
    """Which programs have courses of these slugs."""
    query = select(Course.slug, Course.program_slug).where(Course.slug.in_(slugs))
    return {row.slug: row.program_slug for row in session.execute(query)}


def replace_courses(session: Session, program_slug: str, slugs: list[str]) -> None:
    """The program has exactly these courses; raises ``IntegrityError`` when another program took one meanwhile."""
    known = set(course_slugs(session, program_slug))
    gone, new = known - set(slugs), [slug for slug in slugs if slug not in known]
    if gone:
        session.execute(delete(Course).where(Course.slug.in_(gone)))
    if new:
        session.execute(insert(Course), [{"slug": slug, "program_slug": program_slug} for slug in new])


def completions_of(session: Session, lessons: list[LessonKey]) -> dict[LessonKey, int]:
    """How many students have completed each of these lessons, where anybody has."""
    if not lessons:
        return {}
    key = (LessonCompletion.course_slug, LessonCompletion.lesson_slug)
    query = select(*key, func.count()).where(tuple_(*key).in_(lessons)).group_by(*key)
    return {(course, lesson): count for course, lesson, count in session.execute(query)}


def submissions_to(session: Session, program_slug: str, assignments: list[str]) -> dict[str, int]:
    """How many students have handed in each of these assignments, where anybody has."""
    if not assignments:
        return {}
    query = (
        select(Submission.assignment_slug, func.count(Submission.student_id.distinct()))
        .where(Submission.program_slug == program_slug, Submission.assignment_slug.in_(assignments))
        .group_by(Submission.assignment_slug)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def unassessed(session: Session) -> list[tuple[str, int]]:
    """Programs with a version by which progress has not been assessed yet, and that version."""
    query = select(ProgramRow.slug, ProgramRow.version).where(ProgramRow.assessed_version < ProgramRow.version)
    return [(row.slug, row.version) for row in session.execute(query)]


def set_assessed(session: Session, slug: str, version: int) -> None:
    """Every student's progress has been assessed by this version."""
    session.execute(
        update(ProgramRow)
        .where(ProgramRow.slug == slug, ProgramRow.assessed_version < version)
        .values(assessed_version=version)
    )
