"""A school told in events: they stand in their services' outboxes, and each service has taken in what concerns it."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text

from chassis.database import Database
from chassis.messaging import emit
from chassis.messaging.operations import dead_letters
from chassis.messaging.operations.archive import OwnArchive
from chassis.messaging.operations.audit import Operator
from chassis.messaging.operations.dead_letters import Selection
from chassis.messaging.operations.rebuild import Options, Verdict, rebuild, verify
from chassis.messaging.operations.rebuilding import Built
from chassis.messaging.operations.shadow import ddl_engine
from chassis.messaging.outbox import CLOCK
from chassis.messaging.projections import Projections
from chassis.tables import outbox
from chassis.testing import deliver
from chassis.testing.schemas import TestSchema
from contracts.events import (
    AccountErased,
    AccountRegistered,
    AccountUpdated,
    CohortScheduled,
    CourseCompleted,
    EnrollmentActivated,
    EnrollmentRevoked,
    EnrollmentSuspended,
    Envelope,
    Event,
    PostCreated,
    PostModerated,
    ProgramCompleted,
    ProgramPublished,
)
from contracts.events.learning import PublishedCourse, PublishedWeek

SERVICES = ("discussion", "learning", "certificates", "enrollment")
OWNERS = ("gateway", "enrollment", "learning", "discussion")
BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
OPERATOR = Operator("ada", "a row was changed by hand")


def projections_of(service: str) -> Projections:
    found: Projections = importlib.import_module(f"{service}.events").projections
    return found


class World:
    def __init__(self, schema_for: Callable[[str], TestSchema], database_for: Callable[[str], Database]) -> None:
        self._schema_for = schema_for
        self._database_for = database_for
        self.now = BEGAN
        for service in {*SERVICES, *OWNERS}:
            database_for(service)

    def database(self, service: str) -> Database:
        return self._database_for(service)

    def publish(self, event: Event) -> Envelope:
        """It happens: its service's outbox has it."""
        self.now += timedelta(seconds=1)
        with self.database(event.source).begin() as session:
            session.info[CLOCK] = lambda: self.now
            id_ = emit(session, event)
        with self.database(event.source).begin() as session:
            return Envelope.parse(session.scalars(select(outbox.c.envelope).where(outbox.c.id == id_)).one())

    def tell(self, *events: Event) -> None:
        """They happen, and every service that listens takes them in."""
        for event in events:
            envelope = self.publish(event)
            for service in SERVICES:
                self.deliver(service, envelope)

    def deliver(self, service: str, envelope: Envelope) -> None:
        deliver(self.database(service), projections_of(service).consumers, envelope)

    def archive(self) -> OwnArchive:
        return OwnArchive({owner: self.database(owner) for owner in OWNERS})

    def rebuild(self, service: str, *names: str, archive: Any = None, **options: bool) -> list[Built]:
        engine = ddl_engine(self._schema_for(service).admin_url)
        given = projections_of(service), names, archive or self.archive(), OPERATOR, datetime.now(UTC), _quiet
        return rebuild(engine, *given, Options(**options))

    def verify(self, service: str, *names: str) -> list[Verdict]:
        engine = ddl_engine(self._schema_for(service).admin_url)
        return verify(engine, projections_of(service), names, self.archive(), _quiet)

    def rows(self, service: str) -> dict[str, list[Any]]:
        """Every row of every projection."""
        with self.database(service).begin() as session:
            return {
                table: sorted(map(tuple, session.execute(text(f"SELECT * FROM `{table}`"))), key=repr)
                for table in tables_of(service)
            }

    def run(self, service: str, statement: str, **values: Any) -> None:
        with self.database(service).begin() as session:
            session.execute(text(statement), values)

    def there(self, service: str) -> set[str]:
        """The names of all tables."""
        with self._schema_for(service).connect() as connection:
            return {row[0] for row in connection.execute(text("SHOW TABLES"))}


def _quiet(_: str, done: int, total: int) -> None:
    assert done <= total


def tables_of(service: str) -> list[str]:
    return [table.name for projection in projections_of(service).chosen([]) for table in projection.tables]


@dataclass
class Student:
    """Each method is an event about them."""

    id: UUID = field(default_factory=uuid4)
    enrollment: UUID = field(default_factory=uuid4)
    cohort: UUID = field(default_factory=uuid4)
    sequence: int = 0

    def _next(self) -> int:
        self.sequence += 1
        return self.sequence

    def registered(self, name: str = "Ada Obi") -> Event:
        return AccountRegistered(sequence=self._next(), account_id=self.id, name=name, roles=["student"], teaches=[])

    def renamed(self, name: str) -> Event:
        return AccountUpdated(
            sequence=self._next(), account_id=self.id, name=name, roles=["instructor", "student"], teaches=["data"]
        )

    def erased(self) -> Event:
        return AccountErased(sequence=self._next(), account_id=self.id)

    def _enrollment(self) -> dict[str, Any]:
        return {
            "sequence": self._next(),
            "enrollment_id": self.enrollment,
            "student_id": self.id,
            "program_slug": "data",
            "cohort_id": self.cohort,
        }

    def activated(self) -> Event:
        return EnrollmentActivated(**self._enrollment(), origin="payment", activated_at=BEGAN)

    def suspended(self) -> Event:
        return EnrollmentSuspended(**self._enrollment(), reason="dispute", suspended_at=BEGAN)

    def revoked(self) -> Event:
        return EnrollmentRevoked(**self._enrollment(), reason="refund", revoked_at=BEGAN)

    def completed_course(self, slug: str = "sql") -> Event:
        facts = {**self._enrollment(), "completed_at": BEGAN, "program_title": "Data"}
        return CourseCompleted(**facts, course_slug=slug, course_title=slug.upper())

    def completed_program(self) -> Event:
        return ProgramCompleted(**self._enrollment(), completed_at=BEGAN, program_title="Data")

    def _post(self, post: UUID) -> dict[str, Any]:
        return {
            "sequence": self._next(),
            "post_id": post,
            "thread_id": uuid4(),
            "program_slug": "data",
            "cohort_id": self.cohort,
            "week_number": 1,
            "parent_id": None,
        }

    def posted(self, post: UUID) -> Event:
        return PostCreated(**self._post(post), author_id=self.id, created_at=BEGAN)

    def moderated(self, post: UUID, action: Any) -> Event:
        return PostModerated(**self._post(post), action=action, actor_id=self.id, occurred_at=BEGAN)


def program(version: int, *courses: str) -> Event:
    return ProgramPublished(
        sequence=version,
        program_slug="data",
        title=f"Data {version}",
        summary="All of it",
        version=version,
        published=True,
        weeks=[PublishedWeek(number=number, title=f"Week {number}") for number in range(1, version + 2)],
        courses=[PublishedCourse(slug=slug, title=slug.upper(), description="…") for slug in courses],
    )


def cohort(student: Student, sequence: int = 1, **changes: Any) -> Event:
    facts: dict[str, Any] = {
        "cohort_id": student.cohort,
        "slug": f"march-{student.cohort.hex[:6]}",
        "program_slug": "data",
        "start_date": date(2026, 3, 2),
        "end_date": date(2026, 4, 2),
        "timezone": "Africa/Lagos",
        "unlock_time": time(8, 30),
        "week_unlocks": {2: date(2026, 3, 10)},
        "seats": None,
        "late_join": True,
        "amount_minor": 0,
        "currency": "NGN",
        "published": True,
        "archived": False,
        "access_days": 365,
    }
    return CohortScheduled(sequence=sequence, **{**facts, **changes})


def a_term(world: World) -> Sequence[Student]:
    """Three students: one finishes, one gets the money back, one erases the account."""
    done, refunded, gone = Student(), Student(), Student()
    post, hidden = uuid4(), uuid4()
    world.tell(program(1, "sql"), program(2, "sql", "etl"))
    for student in (done, refunded, gone):
        world.tell(student.registered(), cohort(student), student.activated(), student.completed_course())
    world.tell(cohort(done, 2, seats=20, week_unlocks={}), done.suspended(), done.activated(), done.completed_program())
    world.tell(done.posted(post), gone.posted(hidden), done.moderated(hidden, "hidden"))
    world.tell(done.renamed("Ada Ẹ̀bùn"), refunded.completed_program(), refunded.revoked(), gone.erased())
    for student in (done, refunded, gone):  # as learning's own transactions count what they tell
        told = "SELECT MAX(sequence) FROM outbox WHERE subject = :subject"
        statement = f"UPDATE enrollments SET progress_version = ({told}) WHERE id = :id"
        world.run("learning", statement, subject=str(student.enrollment), id=student.enrollment.bytes)
    return done, refunded, gone


def discard_all(world: World, service: str) -> None:
    with world.database(service).begin() as session:
        assert len(dead_letters.discard(session, Selection(all_=True), OPERATOR, datetime.now(UTC))) == 1
