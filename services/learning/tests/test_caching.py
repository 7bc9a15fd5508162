"""Cached reads: ETags, what forgets them, how many queries they cost, and Redis being away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from chassis.ids import new_id
from chassis.testing import count_queries
from chassis.testing.clock import SettableClock
from chassis.testing.identity import TestTokens
from contracts.events import PostCreated
from learning.main import create_app
from learning.settings import LearningSettings

READS = ["/v1/programs/data/home", "/v1/programs/data/weeks/1", "/v1/courses/intro/progress"]


@pytest.mark.parametrize("path", READS)
def test_a_read_is_answered_once_from_mysql_and_then_from_redis(school: Any, path: str) -> None:
    school.open()
    student = school.enroll()
    first = school.get(path, student)
    with count_queries(school.db) as queries:
        second = school.get(path, student)
        not_modified = school.client.get(path, headers={**student.headers, "If-None-Match": first.headers["etag"]})
    assert queries == []
    assert second.content == first.content
    assert (not_modified.status_code, not_modified.content) == (304, b"")
    assert not_modified.headers["etag"] == first.headers["etag"] == second.headers["etag"]


@pytest.mark.parametrize(("path", "most"), [(READS[0], 6), (READS[1], 7), (READS[2], 6)])
def test_a_read_costs_the_same_few_queries_however_much_there_is(school: Any, path: str, most: int) -> None:
    school.open()
    student = school.enroll()
    school.get(path, student)
    counts = []
    for slug in ("hello", "tour"):
        school.complete_all(student, "intro", slug)
        with count_queries(school.db) as queries:
            assert school.get(path, student).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= most


def test_completing_costs_twelve_queries_at_most(school: Any) -> None:
    school.open()
    student = school.enroll()
    school.clock.set(school.start + timedelta(days=15))
    school.submit(student, "essay", 1)
    steps = [("intro", "hello"), ("intro", "tour"), ("tables", "rows"), ("tables", "joins"), ("tables", "cleaning")]
    counts = []
    for course, slug in steps:
        with count_queries(school.db) as queries:
            school.complete_all(student, course, slug)
        counts.append(len(queries))
    assert counts[0] == 10
    assert max(counts) <= 12
    with count_queries(school.db) as queries:
        school.complete_all(student, "tables", "cleaning")
    assert len(queries) <= 6


def etags(school: Any, student: Any) -> list[str]:
    return [school.get(path, student).headers["etag"] for path in READS]


def changed(school: Any, student: Any, act: Callable[[], Any]) -> list[bool]:
    before = etags(school, student)
    act()
    return [old != new for old, new in zip(before, etags(school, student), strict=True)]


def test_what_a_student_does_is_seen_at_once(school: Any) -> None:
    school.open()
    student = school.enroll()
    assert changed(school, student, lambda: school.complete(student, "intro", "hello")) == [True, True, True]
    assert changed(school, student, lambda: school.submit(student, "essay", 1)) == [True, True, False]


def test_what_another_student_does_changes_nothing(school: Any) -> None:
    school.open()
    student, other = school.enroll(), school.enroll()
    before = etags(school, student)
    school.complete_all(other, "intro", "hello")
    with count_queries(school.db) as queries:
        assert etags(school, student) == before
    assert queries == []


def test_an_import_is_seen_at_once(school: Any, program: dict[str, Any]) -> None:
    school.open()
    student = school.enroll()
    program["courses"][0]["lessons"].append(school.lesson("more", 1))
    assert changed(school, student, lambda: school.import_program(program)) == [True, True, True]


def test_a_new_calendar_is_seen_at_once(school: Any) -> None:
    school.open()
    student = school.enroll()
    later = school.scheduled(sequence=2, start_date="2026-03-09", end_date="2026-03-29")
    assert changed(school, student, lambda: school.deliver(later)) == [True, True, True]


def test_a_post_is_seen_at_once(school: Any) -> None:
    school.open()
    student = school.enroll()
    post = PostCreated(
        sequence=1,
        post_id=new_id(),
        thread_id=new_id(),
        program_slug="data",
        cohort_id=school.cohort_id,
        week_number=1,
        parent_id=None,
        author_id=new_id(),
        created_at=school.clock(),
    )
    assert changed(school, student, lambda: school.deliver(post)) == [False, True, False]


def test_a_lost_enrollment_is_refused_at_once(school: Any) -> None:
    school.open()
    student = school.enroll()
    etags(school, student)
    school.deliver(student.revoked(2))
    assert [school.get(path, student).status_code for path in READS] == [403] * 3


def test_a_cached_answer_ends_when_the_calendar_changes_it(school: Any) -> None:
    school.open()
    student = school.enroll()
    assert school.week(student, 2)["status"] == "locked"
    assert school.home(student)["currentWeek"] == 1
    school.clock.set(school.start + timedelta(days=7))
    assert school.week(student, 2)["status"] == "open"
    assert school.home(student)["currentWeek"] == 2


def test_without_redis_everything_is_answered_and_right(
    school: Any,
    settings_for: Callable[..., LearningSettings],
    serve: Callable[[Any], httpx.Client],
    clock: SettableClock,
    tokens: TestTokens,
) -> None:
    school.open()
    student = school.enroll()
    nowhere = "redis://127.0.0.1:1/0"
    app = create_app(settings_for(LearningSettings, redis_url=nowhere, cache_redis_url=nowhere))
    app.state.clock = clock
    client = serve(app)
    for slug in ("hello", "tour"):
        answers = [client.get(path, headers=student.headers) for path in READS]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert all(answer.headers["etag"] for answer in answers)
        done = client.post(f"/v1/courses/intro/lessons/{slug}/complete", headers=student.headers)
        assert done.status_code == 200
    assert client.get(READS[2], headers=student.headers).json()["percent"] == 100
