"""Whatever comes in, the answer says what is wrong: never a 500."""

from typing import Any

import pytest

SUBMISSIONS = "/v1/programs/data/weeks/1/assignments/essay/submissions"
ODD = ["%00", "%F0%9F%8E%93", "..%2f..", "data%20", "DATA", "a" * 300, "%ED%A0%80", "'; DROP TABLE programs", "data%0a"]


@pytest.mark.parametrize("odd", ODD)
def test_odd_names_are_not_found(school: Any, odd: str) -> None:
    school.open()
    student = school.enroll()
    for path in (
        f"/v1/programs/{odd}/home",
        f"/v1/programs/{odd}/weeks/1",
        f"/v1/programs/{odd}/courses/intro/lessons/hello",
        f"/v1/programs/data/courses/{odd}/lessons/hello",
        f"/v1/programs/data/courses/intro/lessons/{odd}",
        f"/v1/courses/{odd}/progress",
        f"/v1/programs/data/weeks/1/assignments/{odd}/submissions",
    ):
        assert school.get(path, student).status_code == 404, path
    assert school.complete(student, odd, "hello").status_code == 404
    assert school.complete(student, "intro", odd).status_code == 404
    calendar = school.client.get(f"/v1/programs/{odd}/calendar.ics", params={"token": odd})
    assert calendar.status_code in {401, 404}
    assert school.get(f"/v1/programs/data/home?cohort={odd}", school.staff()).status_code == 404
    imported = school.client.put(f"/v1/admin/programs/{odd}", json={}, headers=school.tokens.admin())
    assert imported.status_code in {404, 422}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "validation_failed"),
        ({"text": ""}, 422, "validation_failed"),
        ({"text": " \n\t"}, 422, "validation_failed"),
        ({"text": 5}, 422, "validation_failed"),
        ({"text": "x" * 50_001}, 422, "validation_failed"),
        ({"url": "javascript:alert(1)"}, 422, "validation_failed"),
        ({"url": "https://"}, 422, "validation_failed"),
        ({"url": "https://x.example/" + "a" * 2000}, 422, "validation_failed"),
        ([], 422, "validation_failed"),
        (None, 422, "validation_failed"),
        ({"text": "fine", "unknown": 1}, 201, None),
        ({"text": "🎓" * 50_000}, 201, None),
        ({"text": "a\x00b"}, 201, None),
    ],
)
def test_submissions(school: Any, body: Any, status: int, code: str | None) -> None:
    school.open()
    answer = school.client.post(SUBMISSIONS, json=body, headers=school.enroll().headers)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


@pytest.mark.parametrize("raw", [b"{", b'{"text": "\\ud800"}', b"\xff", b"", b"[" * 100_000])
def test_broken_bodies(school: Any, raw: bytes) -> None:
    school.open()
    headers = {**school.enroll().headers, "Content-Type": "application/json"}
    answer = school.client.post(SUBMISSIONS, content=raw, headers=headers)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] in {"malformed_json", "validation_failed"}


@pytest.mark.parametrize(
    "body",
    [
        {"score": -1},
        {"score": 100.5},
        {"score": "NaN"},
        {"score": None},
        {},
        {"score": 5, "feedbck": "typo"},
        {"score": 5, "feedback": "x" * 20_001},
    ],
)
def test_grades(school: Any, body: dict[str, Any]) -> None:
    school.open()
    submission = school.submit(school.enroll(), "essay", 1).json()
    answer = school.client.put(f"{SUBMISSIONS}/{submission['id']}/grade", json=body, headers=school.staff())
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/programs/data/weeks/one",
        "/v1/programs/data/access",
        "/v1/programs/data/access?course=intro&lesson=hello&userId=me",
        "/v1/programs/data/access?course=intro&lesson=hello&at=noon",
        "/v1/programs/data/access?course=intro&lesson=hello&at=2026-03-02T10:00:00",
        f"{SUBMISSIONS}?limit=0",
        f"{SUBMISSIONS}?limit=101",
        f"{SUBMISSIONS}?cursor=x",
        "/v1/programs/data/calendar.ics",
    ],
)
def test_queries(school: Any, path: str) -> None:
    school.open()
    answer = school.get(path, school.staff())
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert answer.json()["errors"][0]["field"]


def test_far_away_instants_are_refused(school: Any) -> None:
    school.open()
    for at in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"):
        answer = school.get("/v1/programs/data/access", school.staff(), course="intro", lesson="hello", at=at)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), at
    at = "1970-01-01T00:00:00+14:00"
    answer = school.get("/v1/programs/data/access", school.staff(), course="intro", lesson="hello", at=at)
    assert answer.json()["facts"]["at"] == "1969-12-31T10:00:00Z"


def test_a_document_that_is_too_large_is_refused(school: Any) -> None:
    answer = school.client.put("/v1/admin/programs/data", content=b" " * 1_100_000, headers=school.tokens.admin())
    assert answer.status_code == 413
