"""A small world: one program with two cohorts of three weeks, and people of every kind."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import deliver
from chassis.testing.clock import SettableClock
from chassis.testing.identity import TestTokens
from contracts.events import (
    AccountRegistered,
    CohortScheduled,
    EnrollmentActivated,
    EnrollmentRevoked,
    EnrollmentSuspended,
    Event,
    ProgramPublished,
    PublishedWeek,
)
from discussion.events import consumers
from discussion.main import create_app
from discussion.settings import DiscussionSettings

#: Tuesday of week 2 of the cohort "march"; its week 3 is locked.
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MARCH, APRIL = new_id(), new_id()
PEOPLE = (
    "student",
    "classmate",
    "april_student",
    "suspended",
    "revoked",
    "outsider",
    "instructor",
    "foreign_instructor",
    "admin",
)
Headers = dict[str, str]


def program(slug: str = "data", **changes: Any) -> ProgramPublished:
    weeks = [PublishedWeek(number=n, title=f"Week {n}") for n in (1, 2, 3)]
    facts = {"title": slug, "summary": "", "version": 1, "published": True, "weeks": weeks, "courses": []}
    return ProgramPublished(**{"sequence": 1, "program_slug": slug, **facts, **changes})


def cohort(cohort_id: UUID, slug: str, start: date, end: date, **changes: Any) -> CohortScheduled:
    calendar = {"start_date": start, "end_date": end, "timezone": "Africa/Lagos", "unlock_time": time(0)}
    sale = {"seats": None, "late_join": True, "amount_minor": 0, "currency": "NGN", "published": True}
    facts = {"cohort_id": cohort_id, "slug": slug, "program_slug": "data", "week_unlocks": {}, "access_days": 365}
    return CohortScheduled(**{"sequence": 1, **facts, **calendar, **sale, "archived": False, **changes})


def activated(student_id: UUID, cohort_id: UUID = MARCH, **changes: Any) -> EnrollmentActivated:
    facts = {"student_id": student_id, "program_slug": "data", "cohort_id": cohort_id, "origin": "free"}
    return EnrollmentActivated(**{"sequence": 1, "enrollment_id": new_id(), **facts, "activated_at": NOW, **changes})


class World:
    """People, their tokens, and a client that speaks to the running service."""

    def __init__(self, app: FastAPI, client: httpx.Client, tokens: TestTokens, clock: SettableClock) -> None:
        self.db: Database = app.state.db
        self.client, self.tokens, self.clock = client, tokens, clock
        self.ids = {name: new_id() for name in PEOPLE}
        self.take_in(program(), program("art"))
        self.take_in(cohort(MARCH, "march", date(2026, 3, 2), date(2026, 3, 22)))
        self.take_in(cohort(APRIL, "april", date(2026, 4, 6), date(2026, 4, 26)))
        self._enroll()

    def _enroll(self) -> None:
        for name in ("student", "classmate"):
            self.take_in(activated(self.ids[name]))
        self.take_in(activated(self.ids["april_student"], APRIL))
        ending = (("suspended", EnrollmentSuspended, "suspended_at"), ("revoked", EnrollmentRevoked, "revoked_at"))
        for name, event, moment in ending:
            entry = activated(self.ids[name])
            facts = entry.model_dump(exclude={"sequence", "origin", "activated_at"})
            self.take_in(entry, event(**facts, sequence=2, reason="refund", **{moment: NOW}))

    def take_in(self, *events: Event) -> None:
        """Deliver events as the worker would."""
        deliver(self.db, consumers, *events, clock=self.clock)

    def register(self, name: str, display_name: str, sequence: int = 1) -> None:
        """The gateway tells about an account."""
        roles = {"instructor": ["instructor"], "admin": ["admin"]}.get(name, ["student"])
        teaches = ["data"] if name == "instructor" else []
        self.take_in(
            AccountRegistered(
                sequence=sequence, account_id=self.ids[name], name=display_name, roles=roles, teaches=teaches
            )
        )

    def headers(self, name: str | None) -> Headers:
        """Who calls; None is anonymous."""
        if name is None:
            return {}
        claims: dict[str, Any] = {
            "instructor": {"roles": ("instructor",), "teaches": ("data",)},
            "foreign_instructor": {"roles": ("instructor",), "teaches": ("art",)},
            "admin": {"roles": ("admin",)},
        }.get(name, {})
        return self.tokens.bearer(self.ids[name], name=name.title(), **claims)

    def call(self, who: str | None, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        """One request; `more` are query parameters, `headers` further headers."""
        headers = {**self.headers(who), **more.pop("headers", {})}
        return self.client.request(method, path, json=json, params=more, headers=headers)

    def thread(self, who: str = "student", week: int = 2, **query: Any) -> dict[str, Any]:
        """A page of the thread."""
        return self._good(self.call(who, "GET", f"/v1/programs/data/weeks/{week}/discussion", **query))

    def post(self, who: str = "student", body: str = "Hello", week: int = 2, **query: Any) -> dict[str, Any]:
        """A new post, a second later than what was before."""
        self.clock.advance(seconds=1)
        return self._good(
            self.call(who, "POST", f"/v1/programs/data/weeks/{week}/discussion/posts", {"body": body}, **query)
        )

    def reply(self, post: dict[str, Any], who: str = "classmate", body: str = "Hi") -> dict[str, Any]:
        """A reply, a second later."""
        self.clock.advance(seconds=1)
        return self._good(self.call(who, "POST", f"/v1/discussion/posts/{post['id']}/replies", {"body": body}))

    def act(self, who: str, method: str, post: dict[str, Any], action: str = "", json: Any = None) -> httpx.Response:
        """Do something to a post."""
        self.clock.advance(seconds=1)
        return self.call(who, method, f"/v1/discussion/posts/{post['id']}{action}", json)

    @staticmethod
    def _good(response: httpx.Response) -> dict[str, Any]:
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer


@pytest.fixture
def world(
    settings_for: Callable[..., DiscussionSettings],
    serve: Callable[[Any], httpx.Client],
    tokens: TestTokens,
    clock: SettableClock,
) -> World:
    """The small world at NOW."""
    clock.set(NOW)
    app = create_app(settings_for(DiscussionSettings))
    app.state.clock = clock
    return World(app, serve(app), tokens, clock)


@pytest.fixture
def app_of(settings_for: Callable[..., DiscussionSettings]) -> Any:
    """An application that nobody serves."""
    return create_app(settings_for(DiscussionSettings))
