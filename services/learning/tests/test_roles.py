"""Every endpoint for every kind of caller."""

from typing import Any

import pytest

SUBMISSIONS = "/v1/programs/data/weeks/1/assignments/essay/submissions"
NOBODYS = "0190a0a0-0000-7000-8000-00000000ffff"

#: method, path, body; then the status for: nobody, stranger, student, instructor elsewhere, staff, admin, service
TABLE = [
    ("GET", "/v1/programs/data/home", None, (401, 403, 200, 403, 200, 200, 401)),
    ("GET", "/v1/programs/data/weeks/1", None, (401, 403, 200, 403, 200, 200, 401)),
    ("GET", "/v1/programs/data/courses/intro/lessons/hello", None, (401, 403, 200, 403, 200, 200, 401)),
    ("POST", "/v1/courses/intro/lessons/hello/complete", None, (401, 403, 200, 403, 403, 403, 401)),
    ("GET", "/v1/courses/intro/progress", None, (401, 403, 200, 403, 200, 200, 401)),
    ("GET", "/v1/programs/data/access?course=intro&lesson=hello", None, (401, 200, 200, 200, 200, 200, 401)),
    (
        "GET",
        f"/v1/programs/data/access?course=intro&lesson=hello&userId={NOBODYS}",
        None,
        (401, 403, 403, 403, 200, 200, 401),
    ),
    ("POST", SUBMISSIONS, {"text": "Mine"}, (401, 403, 201, 403, 403, 403, 401)),
    ("GET", SUBMISSIONS, None, (401, 403, 200, 403, 200, 200, 401)),
    ("PUT", f"{SUBMISSIONS}/{NOBODYS}/grade", {"score": 1}, (401, 403, 403, 403, 404, 404, 401)),
    ("POST", "/v1/programs/data/calendar-token", None, (401, 403, 201, 403, 201, 201, 401)),
    ("GET", "/v1/programs/data/calendar.ics?token=none", None, (401, 401, 401, 401, 401, 401, 401)),
    ("PUT", "/v1/admin/programs/data", {}, (401, 403, 403, 403, 403, 422, 401)),
    ("GET", "/v1/admin/programs/data", None, (401, 403, 403, 403, 403, 200, 401)),
    (
        "GET",
        f"/internal/access?program=data&course=intro&lesson=hello&userId={NOBODYS}",
        None,
        (401, 401, 401, 401, 401, 401, 200),
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "statuses"), TABLE, ids=[f"{row[0]} {row[1]}" for row in TABLE])
def test_who_may_do_what(school: Any, method: str, path: str, body: Any, statuses: tuple[int, ...]) -> None:
    school.open()
    callers: list[dict[str, str]] = [
        {},
        school.tokens.bearer(),
        school.enroll().headers,
        school.tokens.instructor("other"),
        school.staff(),
        school.tokens.admin(),
        school.tokens.service("media", "learning"),
    ]
    answers = [school.client.request(method, path, headers=headers, json=body) for headers in callers]
    assert tuple(answer.status_code for answer in answers) == statuses
    for answer in answers:
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"]


def test_the_table_above_names_every_endpoint(app: Any) -> None:
    paths = app.openapi()["paths"]
    known = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    named = {(method, _template(path)) for method, path, *_ in TABLE} - {("GET", "/internal/access")}
    assert named == known


def _template(path: str) -> str:
    path = path.partition("?")[0].replace("/weeks/1", "/weeks/{week_number}").replace("/essay", "/{assignment_slug}")
    for word, name in {
        "/programs/data": "/programs/{program_slug}",
        "/courses/intro": "/courses/{course_slug}",
        "/lessons/hello": "/lessons/{lesson_slug}",
        f"/{NOBODYS}": "/{submission_id}",
    }.items():
        path = path.replace(word, name)
    return path


def test_another_students_submission_is_not_seen(school: Any) -> None:
    school.open()
    one, other = school.enroll(), school.enroll()
    school.submit(one, "essay", 1, text="Private")
    assert school.get(SUBMISSIONS, other).json()["submissions"] == []


def test_a_cached_answer_is_never_anothers(school: Any) -> None:
    school.open()
    one, other = school.enroll(), school.enroll()
    school.complete_all(one, "intro", "hello")
    for _ in range(2):
        assert school.home(one)["progress"]["completedLessons"] == 1
        assert school.home(other)["progress"]["completedLessons"] == 0
        assert school.home(school.staff())["preview"] is True
        assert school.get("/v1/programs/data/home", school.tokens.bearer()).status_code == 403
        assert school.get("/v1/programs/data/home", school.tokens.instructor("other")).status_code == 403


def test_whoever_stops_teaching_no_longer_previews(school: Any) -> None:
    school.open()
    account = school.enroll().account_id
    before = school.tokens.instructor("data", account_id=account)
    assert school.progress(before, "intro")["preview"] is True
    after = school.tokens.instructor(account_id=account)
    assert school.progress(after, "intro")["preview"] is False
