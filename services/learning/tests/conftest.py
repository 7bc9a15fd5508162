"""What learning's tests share: the API on a real server and database, and a school to act in."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import deliver, published
from chassis.testing.clock import SettableClock
from chassis.testing.identity import TestTokens
from contracts.events import CohortScheduled, EnrollmentActivated, EnrollmentRevoked, EnrollmentSuspended, Event
from contracts.events.base import Event as AnyEvent
from learning.events import consumers
from learning.main import create_app
from learning.settings import LearningSettings

#: Week 1 of the usual cohort unlocks here: midnight in Lagos, an hour before midnight UTC.
START = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
PROGRAM = "data"


def lesson(slug: str, week: int, **more: Any) -> dict[str, Any]:
    """A lesson of the document."""
    return {"slug": slug, "title": slug.title(), "kind": "reading", "week": week, "durationMinutes": 5, **more}


def assignment(slug: str, week: int, **more: Any) -> dict[str, Any]:
    """An assignment of the document."""
    return {"slug": slug, "title": slug.title(), "week": week, "dueDays": 6, "instructions": "Write.", **more}


def document() -> dict[str, Any]:
    """A small program: a course within week 1, and one over weeks 1 to 3 with an assignment that is required."""
    return {
        "title": "Data",
        "summary": "All about data.",
        "published": True,
        "weeks": [{"number": number, "title": f"Week {number}", "summary": "…"} for number in (1, 2, 3)],
        "courses": [
            {
                "slug": "intro",
                "title": "Introduction",
                "lessons": [
                    lesson("hello", 1, content="# Hello <script>alert(1)</script>"),
                    lesson("tour", 1, kind="video", video={"id": "0190a0a0-0000-7000-8000-000000000001"}),
                    lesson("extra", 1, required=False, prerequisites=[]),
                ],
            },
            {
                "slug": "tables",
                "title": "Tables",
                "lessons": [lesson("rows", 1), lesson("joins", 2), lesson("cleaning", 3)],
                "assignments": [assignment("essay", 1), assignment("bonus", 2, required=False)],
            },
        ],
        "liveSessions": [
            {
                "slug": "kickoff",
                "week": 1,
                "title": "Kick-off",
                "day": 2,
                "startTime": "18:00",
                "durationMinutes": 60,
                "joinUrl": "https://meet.example/kickoff",
            },
            {
                "slug": "clinic",
                "week": 2,
                "title": "Clinic",
                "day": 1,
                "startTime": "18:00",
                "durationMinutes": 45,
                "joinUrl": "https://meet.example/clinic",
            },
        ],
    }


def scheduled(cohort_id: UUID, **changed: Any) -> CohortScheduled:
    """The usual cohort: three weeks from 2 March 2026 in Lagos."""
    values: dict[str, Any] = {
        "sequence": 1,
        "cohort_id": cohort_id,
        "slug": "march",
        "program_slug": PROGRAM,
        "start_date": date(2026, 3, 2),
        "end_date": date(2026, 3, 22),
        "timezone": "Africa/Lagos",
        "unlock_time": time(0),
        "week_unlocks": {},
        "seats": None,
        "late_join": True,
        "amount_minor": 0,
        "currency": "NGN",
        "published": True,
        "archived": False,
        "access_days": 365,
    }
    return CohortScheduled(**{**values, **changed})


@dataclass
class Student:
    """Somebody with an enrollment."""

    account_id: UUID
    enrollment_id: UUID
    cohort_id: UUID
    headers: dict[str, str]
    program: str = PROGRAM

    def event(self, kind: type[AnyEvent], sequence: int, **more: Any) -> Event:
        """An event about the enrollment."""
        values = {
            "enrollment_id": self.enrollment_id,
            "student_id": self.account_id,
            "program_slug": self.program,
            "cohort_id": self.cohort_id,
            **more,
        }
        return kind(sequence=sequence, **values)

    def activated(self, sequence: int = 1, **more: Any) -> Event:
        """Access begins."""
        return self.event(EnrollmentActivated, sequence, **{"origin": "payment", "activated_at": START, **more})

    def suspended(self, sequence: int = 2) -> Event:
        """Access rests."""
        return self.event(EnrollmentSuspended, sequence, reason="dispute", suspended_at=START)

    def revoked(self, sequence: int = 3) -> Event:
        """Access ends."""
        return self.event(EnrollmentRevoked, sequence, reason="refund", revoked_at=START)


@dataclass
class School:
    """The API with a clock, and short words for what happens in a school."""

    app: FastAPI
    serve: Callable[[Any], httpx.Client]
    clock: SettableClock
    tokens: TestTokens
    cohort_id: UUID = field(default_factory=new_id)
    start: datetime = START

    lesson = staticmethod(lesson)
    assignment = staticmethod(assignment)
    document = staticmethod(document)

    def scheduled(self, cohort_id: UUID | None = None, **changed: Any) -> CohortScheduled:
        """The usual cohort, or one like it."""
        return scheduled(cohort_id or self.cohort_id, **changed)

    def staff(self) -> dict[str, str]:
        """An instructor of the program."""
        return self.tokens.instructor(PROGRAM)

    @cached_property
    def client(self) -> httpx.Client:
        """The API over real HTTP; started when somebody asks."""
        return self.serve(self.app)

    @property
    def db(self) -> Database:
        """The service's own database."""
        database: Database = self.app.state.db
        return database

    def deliver(self, *events: Event) -> None:
        """Events arrive."""
        deliver(self.db, consumers, *events)

    def events(self, kind: type[AnyEvent] | None = None) -> list[Any]:
        """What learning has told."""
        return [event for event in published(self.db) if kind is None or isinstance(event, kind)]

    def import_program(
        self, content: dict[str, Any] | None = None, slug: str = PROGRAM, dry_run: bool = False
    ) -> httpx.Response:
        """An administrator sends the document."""
        return self.client.put(
            f"/v1/admin/programs/{slug}",
            json=content or document(),
            params={"dryRun": "true"} if dry_run else {},
            headers=self.tokens.admin(),
        )

    def open(self, **changed: Any) -> None:
        """The program exists, and its cohort is scheduled."""
        assert self.import_program().status_code == 200
        self.deliver(scheduled(self.cohort_id, **changed))

    def enroll(self, account_id: UUID | None = None, **more: Any) -> Student:
        """A student joins the cohort."""
        student = self.student(account_id or new_id())
        self.deliver(student.activated(**more))
        return student

    def student(self, account_id: UUID) -> Student:
        """Somebody whose enrollment learning has not heard of yet."""
        return Student(account_id, new_id(), self.cohort_id, self.tokens.bearer(account_id))

    def get(self, path: str, who: Student | dict[str, str], **params: str) -> httpx.Response:
        """Somebody reads."""
        return self.client.get(path, headers=_headers(who), params=params or None)

    def home(self, who: Student | dict[str, str], **params: str) -> dict[str, Any]:
        """The program home."""
        return _ok(self.get(f"/v1/programs/{PROGRAM}/home", who, **params))

    def week(self, who: Student | dict[str, str], number: int, **params: str) -> dict[str, Any]:
        """The week hub."""
        return _ok(self.get(f"/v1/programs/{PROGRAM}/weeks/{number}", who, **params))

    def progress(self, who: Student | dict[str, str], course: str, **params: str) -> dict[str, Any]:
        """The course's progress."""
        return _ok(self.get(f"/v1/courses/{course}/progress", who, **params))

    def lessons(self, who: Student | dict[str, str], week: int) -> dict[str, dict[str, Any]]:
        """The week's lessons by slug."""
        return {item["slug"]: item for item in self.week(who, week)["lessons"]}

    def complete_all(self, student: Student, course: str, *slugs: str) -> dict[str, Any]:
        """Completes these lessons in turn; the last answer."""
        answers = [_ok(self.complete(student, course, slug)) for slug in slugs]
        return answers[-1]

    def complete(self, who: Student | dict[str, str], course: str, slug: str) -> httpx.Response:
        """Somebody completes a lesson."""
        return self.client.post(f"/v1/courses/{course}/lessons/{slug}/complete", headers=_headers(who))

    def submit(self, who: Student | dict[str, str], slug: str, week: int, **body: Any) -> httpx.Response:
        """Somebody hands in an assignment."""
        path = f"/v1/programs/{PROGRAM}/weeks/{week}/assignments/{slug}/submissions"
        return self.client.post(path, headers=_headers(who), json=body or {"text": "Here it is."})


def _headers(who: Student | dict[str, str]) -> dict[str, str]:
    return who.headers if isinstance(who, Student) else who


def _ok(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.fixture
def app(settings_for: Callable[..., LearningSettings], clock: SettableClock) -> FastAPI:
    """The API, at noon of the first day."""
    clock.set(START.replace(day=2, hour=11))
    app = create_app(settings_for(LearningSettings))
    app.state.clock = clock
    return app


@pytest.fixture
def school(app: FastAPI, serve: Callable[[Any], httpx.Client], clock: SettableClock, tokens: TestTokens) -> School:
    """An empty school."""
    return School(app, serve, clock, tokens)


@pytest.fixture
def program() -> dict[str, Any]:
    """A document to change."""
    return copy.deepcopy(document())
