"""Mothers for the certificates' tests: a student whose story is told in events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from certificates.documents.rendering import Renderer
from certificates.documents.service import Documents
from certificates.events import consumers
from certificates.main import create_app
from certificates.models import Certificate
from certificates.settings import Settings
from chassis.database import Database
from chassis.objects import ObjectStore
from chassis.testing import deliver
from contracts.events import Event
from contracts.events.enrollment import EnrollmentActivated, EnrollmentRevoked, EnrollmentSuspended
from contracts.events.gateway import AccountErased, AccountRegistered, AccountUpdated
from contracts.events.learning import CourseCompleted, ProgramCompleted

BUCKET = "certificates-test"
COMPLETED = datetime(2026, 3, 2, 12, tzinfo=UTC)

_sequence = count(1)


@dataclass
class Student:
    """One student of the program ``data``: each method is an event about them."""

    deliver: Callable[..., Any]
    account_id: UUID = field(default_factory=uuid4)
    enrollment_id: UUID = field(default_factory=uuid4)
    cohort_id: UUID = field(default_factory=uuid4)

    def registered(self, name: str = "Ada Obi") -> AccountRegistered:
        return AccountRegistered(
            sequence=next(_sequence), account_id=self.account_id, name=name, roles=["student"], teaches=[]
        )

    def renamed(self, name: str) -> AccountUpdated:
        return AccountUpdated(
            sequence=next(_sequence), account_id=self.account_id, name=name, roles=["student"], teaches=[]
        )

    def erased(self) -> AccountErased:
        return AccountErased(sequence=next(_sequence), account_id=self.account_id)

    def _enrollment(self) -> dict[str, Any]:
        return {
            "sequence": next(_sequence),
            "enrollment_id": self.enrollment_id,
            "student_id": self.account_id,
            "program_slug": "data",
            "cohort_id": self.cohort_id,
        }

    def activated(self, origin: str = "payment") -> EnrollmentActivated:
        return EnrollmentActivated(**self._enrollment(), origin=origin, activated_at=datetime.now(UTC))

    def suspended(self) -> EnrollmentSuspended:
        return EnrollmentSuspended(**self._enrollment(), reason="dispute", suspended_at=datetime.now(UTC))

    def revoked(self, reason: str = "refund") -> EnrollmentRevoked:
        return EnrollmentRevoked(**self._enrollment(), reason=reason, revoked_at=datetime.now(UTC))

    def completed_course(self, slug: str = "sql", title: str = "Relational Databases and SQL") -> CourseCompleted:
        fields = {**self._enrollment(), "completed_at": COMPLETED, "program_title": "Data Engineering"}
        return CourseCompleted(**fields, course_slug=slug, course_title=title)

    def completed_program(self) -> ProgramCompleted:
        return ProgramCompleted(**self._enrollment(), completed_at=COMPLETED, program_title="Data Engineering")

    def tell(self, *events: Event) -> None:
        self.deliver(*events)

    def enrolled_again(self, cohort_id: UUID | None = None) -> "Student":
        """The same person under a new enrollment."""
        return Student(self.deliver, self.account_id, uuid4(), cohort_id or uuid4())


@pytest.fixture
def db(database_for: Callable[[str], Database]) -> Database:
    return database_for("certificates")


@pytest.fixture
def student(db: Database) -> Student:
    return Student(lambda *events: deliver(db, consumers, *events))


@pytest.fixture
def new_student(db: Database) -> Callable[[], Student]:
    return lambda: Student(lambda *events: deliver(db, consumers, *events))


@pytest.fixture
def all_certificates(db: Database) -> Callable[[], list[Certificate]]:
    """Every certificate, oldest first."""

    def read() -> list[Certificate]:
        with db.begin() as session:
            return list(session.scalars(select(Certificate).order_by(Certificate.id)))

    return read


@pytest.fixture
def settings(settings_for: Callable[..., Settings], s3: Any) -> Settings:
    return settings_for(Settings, **s3.settings, certificates_bucket=BUCKET, public_url="https://learn.example.com")


@pytest.fixture(scope="session")
def store(s3: Any) -> ObjectStore:
    names = ("endpoint_url", "public_endpoint_url", "region", "access_key_id", "secret_access_key")
    found = ObjectStore(*(s3.settings[f"s3_{name}"] for name in names))
    found.ensure_bucket(BUCKET)
    return found


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    with Renderer() as found:
        yield found


@pytest.fixture
def make_documents(db: Database, store: ObjectStore, settings: Settings, renderer: Renderer) -> Callable[..., None]:
    """What the worker's job does."""

    def run(now: datetime | None = None) -> None:
        Documents(store, settings, renderer).run(db, now or datetime.now(UTC))

    return run


@pytest.fixture
def app(settings: Settings, store: ObjectStore) -> Any:
    return create_app(settings)


@pytest.fixture
def api(app: Any, serve: Callable[[Any], httpx.Client]) -> httpx.Client:
    return serve(app)
