"""What these tests teach: two small programs beside the seeds', and a cohort with a seat for everyone."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.platform.callers import ASK_EVERY
from tests.platform.installation import Platform

from chassis.testing import eventually

Json = dict[str, Any]

#: The program of deploy/seeds: three courses, the first of them within week 1.
SEEDED = "practical-data-analysis"


@dataclass(frozen=True)
class School:
    """Slugs. The paid program has an open and a locked week; the free one is a single course of one week."""

    paid: str
    free: str
    basics: str
    advanced: str
    free_course: str
    cohort: str
    free_cohort: str
    seeded_cohort: str


@contextmanager
def open_school(platform: Platform) -> Iterator[School]:
    """Publish the programs, schedule the cohorts; at the end nobody is offered them any more."""
    run = secrets.token_hex(3)
    school = School(
        paid=f"paid-{run}", free=f"free-{run}", basics=f"basics-{run}", advanced=f"advanced-{run}",
        free_course=f"sprint-{run}", cohort=f"paid-now-{run}", free_cohort=f"free-now-{run}",
        seeded_cohort=f"roomy-{run}",
    )  # fmt: skip
    _close_what_an_aborted_run_left_open(platform)
    documents = {school.paid: paid_program(school), school.free: free_program(school)}
    for slug, document in documents.items():
        platform.admin.call("PUT", f"/v1/admin/programs/{slug}", 200, json=document)
    today = datetime.now(UTC).date()
    cohorts = [
        cohort(school.paid, school.cohort, today - timedelta(days=1), amount=500_000),
        cohort(school.free, school.free_cohort, today - timedelta(days=1), amount=0),
        # begins before the seeds' own, so it is the one on offer, and it is never full
        cohort(SEEDED, school.seeded_cohort, today - timedelta(days=3), amount=15_000_000),
    ]
    for body in cohorts:
        platform.admin.call("POST", "/v1/admin/cohorts", 201, json=body)
    _wait_until_offered(platform, cohorts)
    yield school
    for body in cohorts:
        platform.admin.call("PATCH", f"/v1/admin/cohorts/{body['slug']}", 200, json={"published": False})
    for slug, document in documents.items():
        platform.admin.call("PUT", f"/v1/admin/programs/{slug}", 200, json={**document, "published": False})


def _close_what_an_aborted_run_left_open(platform: Platform) -> None:
    """Matters on a platform that outlives a run: its students would be offered the wrong cohort."""
    for left in platform.admin.get("/v1/admin/cohorts", program=SEEDED, limit=100)["cohorts"]:
        if left["slug"].startswith("roomy-") and left["published"]:
            platform.admin.call("PATCH", f"/v1/admin/cohorts/{left['slug']}", 200, json={"published": False})


def _wait_until_offered(platform: Platform, cohorts: list[Json]) -> None:
    """Enrollment hears of a curriculum by event."""
    stranger = platform.stranger()
    for body in cohorts:
        path = f"/v1/programs/{body['programSlug']}/can-enroll"

        def offered(path: str = path, slug: str = body["slug"]) -> bool:
            answer = stranger.send("GET", path)
            return answer.is_success and (answer.json()["cohort"] or {}).get("slug") == slug

        eventually(offered, 30, what=f"{body['slug']} on offer", every=ASK_EVERY)


def cohort(program: str, slug: str, start: date, *, amount: int) -> Json:
    """Six weeks from ``start``, UTC, late join, as many seats as are wanted."""
    return {
        "programSlug": program,
        "slug": slug,
        "startDate": start.isoformat(),
        "endDate": (start + timedelta(days=41)).isoformat(),
        "timezone": "UTC",
        "lateJoin": True,
        "amountMinor": amount,
        "currency": "NGN",
        "published": True,
    }


def lesson(slug: str, week: int, **more: Any) -> Json:
    """A reading of ten minutes."""
    return {"slug": slug, "title": slug.replace("-", " ").title(), "kind": "reading", "week": week,
            "durationMinutes": 10, "content": f"About **{slug}**.", **more}  # fmt: skip


def paid_program(school: School) -> Json:
    """Two courses: one of the open week, one of the locked week."""
    return {
        "title": "Paid Program",
        "summary": "Two weeks, two courses.",
        "published": True,
        "weeks": [{"number": 1, "title": "Beginning", "summary": "Begin."}, {"number": 2, "title": "Going on"}],
        "courses": [
            {
                "slug": school.basics,
                "title": "Basics",
                "description": "What comes first.",
                "lessons": [lesson("one", 1), lesson("two", 1), lesson("three", 1, kind="exercise")],
                "assignments": [
                    {"slug": "essay", "title": "Essay", "week": 1, "instructions": "Write.", "dueDays": 6,
                     "required": False},
                ],
            },
            {
                "slug": school.advanced,
                "title": "Advanced",
                "lessons": [lesson("four", 2)],
                "assignments": [{"slug": "project", "title": "A project", "week": 2, "dueDays": 5}],
            },
        ],
        "liveSessions": [
            {"slug": "kickoff", "week": 1, "title": "Kickoff", "day": 5, "startTime": "18:00", "durationMinutes": 60,
             "joinUrl": "https://meet.example/kickoff"},
            {"slug": "clinic", "week": 2, "title": "Clinic", "day": 2, "startTime": "18:00", "durationMinutes": 60,
             "joinUrl": "https://meet.example/clinic"},
        ],
    }  # fmt: skip


def free_program(school: School) -> Json:
    """One course in one week: completing it completes the program."""
    return {
        "title": "Free Sprint",
        "summary": "One week, one course.",
        "published": True,
        "weeks": [{"number": 1, "title": "The week"}],
        "courses": [{"slug": school.free_course, "title": "Sprint", "lessons": [lesson("only", 1)]}],
    }
