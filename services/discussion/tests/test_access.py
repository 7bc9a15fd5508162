"""Every endpoint, asked by everyone."""

from typing import Any

import pytest

from contracts.rules import message_for

from .conftest import PEOPLE, World, program

THREAD = "/v1/programs/data/weeks/2/discussion"
BODY = {"body": "Hello"}
ENDPOINTS: dict[str, tuple[str, str, Any]] = {
    "read thread": ("GET", THREAD, None),
    "create post": ("POST", f"{THREAD}/posts", BODY),
    "read replies": ("GET", "/v1/discussion/posts/{post}/replies", None),
    "reply": ("POST", "/v1/discussion/posts/{post}/replies", BODY),
    "edit": ("PATCH", "/v1/discussion/posts/{post}", BODY),
    "delete": ("DELETE", "/v1/discussion/posts/{post}", None),
    "pin": ("PUT", "/v1/discussion/posts/{post}/pin", {"pinned": True}),
    "hide": ("PUT", "/v1/discussion/posts/{post}/hidden", {"hidden": True}),
    "report": ("POST", "/v1/discussion/posts/{post}/report", {"reason": "?"}),
}
GOOD = {"create post": 201, "reply": 201, "delete": 204, "report": 204}
OWN, STAFF = {"edit", "delete"}, {"pin", "hide"}
OF_WEEK = {"read thread", "create post"}


def expected(who: str | None, endpoint: str) -> tuple[int, str | None]:
    """What the design promises: the post of the matrix was written by the student in week 2 of march."""
    good = (GOOD.get(endpoint, 200), None)
    if who is None:
        return 401, "unauthenticated"
    if who in {"instructor", "admin"}:
        return good
    if who == "suspended":
        return 403, "enrollment_suspended"
    if who in {"outsider", "revoked", "foreign_instructor"}:
        return (403, "not_enrolled") if endpoint in OF_WEEK else (404, "not_found")
    if who == "april_student":
        return (403, "week_locked") if endpoint in OF_WEEK else (404, "not_found")
    if endpoint in STAFF:
        return 403, "staff_only"
    if endpoint in OWN and who != "student":
        return 403, "not_author"
    return good


@pytest.mark.parametrize("who", [None, *PEOPLE])
def test_every_endpoint_for(world: World, who: str | None) -> None:
    for endpoint, (method, path, body) in ENDPOINTS.items():
        post = world.post()
        response = world.call(who, method, path.format(post=post["id"]), body)
        code = response.json()["code"] if response.status_code >= 400 else None
        assert (response.status_code, code) == expected(who, endpoint), endpoint


def test_no_answer_is_kept_on_its_way(world: World) -> None:
    path = THREAD.replace("weeks/2", "weeks/3")
    answers = [world.call("student", "GET", THREAD), world.call("student", "GET", path)]
    assert [(a.status_code, a.headers["cache-control"]) for a in answers] == [(200, "no-store"), (403, "no-store")]


def test_a_refusal_explains_itself(world: World) -> None:
    problem = world.call("outsider", "GET", THREAD).json()
    assert (problem["detail"], problem["reasons"]) == (message_for("not_enrolled"), ["not_enrolled"])
    assert problem["unlocksAt"] is None


@pytest.mark.parametrize("who", ["student", "outsider", "instructor", "admin"])
def test_unknown_programs_and_weeks(world: World, who: str) -> None:
    for place in ("nothing/weeks/1", "data/weeks/4", "data/weeks/0", "data/weeks/-1", f"data/weeks/{10**30}"):
        for method, path, body in (("GET", "", None), ("POST", "/posts", BODY)):
            response = world.call(who, method, f"/v1/programs/{place}/discussion{path}", body)
            assert (response.status_code, response.json()["code"]) == (404, "not_found"), place


def test_a_withdrawn_program_stays_open_to_its_students_and_unknown_to_others(world: World) -> None:
    world.take_in(program(published=False, sequence=2))
    assert world.call("student", "GET", THREAD).status_code == 200
    assert world.call("outsider", "GET", THREAD).status_code == 404


@pytest.mark.parametrize("who", ["student", "admin"])
def test_unknown_posts(world: World, who: str) -> None:
    nobody = "01960000-0000-7000-8000-000000000000"
    for endpoint, (method, path, body) in ENDPOINTS.items():
        if endpoint not in OF_WEEK:
            assert world.call(who, method, path.format(post=nobody), body).status_code == 404


def test_a_member_is_let_at_no_post_of_a_week_that_was_locked_again(world: World) -> None:
    early = world.post("instructor", week=3)
    refused = world.act("student", "POST", early, "/replies", BODY)
    assert (refused.status_code, refused.json()["code"]) == (403, "week_locked")
