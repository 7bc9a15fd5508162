"""What makes no sense gets a problem document that says what is wrong, and changes nothing."""

from typing import Any

from chassis.testing import published

from .conftest import World

THREAD = "/v1/programs/data/weeks/2/discussion"

REFUSED: list[Any] = [
    {},
    {"body": None},
    {"body": 5},
    {"body": ["Hello"]},
    {"body": ""},
    {"body": " \n\t "},
    {"body": "\u00a0\u2003\u3000"},
    {"body": "\u200b\ufeff"},
    {"body": "a" * 10_001},
    {"body": "👩" * 10_001},
    [],
    "Hello",
    None,
]


def test_bodies_that_are_refused(world: World) -> None:
    post = f"/v1/discussion/posts/{world.post()['id']}"
    calls = [("POST", f"{THREAD}/posts"), ("POST", f"{post}/replies"), ("PATCH", post)]
    for body in REFUSED:
        for method, path in calls:
            response = world.call("student", method, path, body)
            assert response.status_code == 422, f"{method} {body!r:.60}: {response.text}"
            assert response.headers["content-type"] == "application/problem+json"
            assert response.json()["errors"][0]["message"]
    assert len(published(world.db)) == 1


def test_bodies_are_counted_in_code_points_and_kept_as_they_are(world: World) -> None:
    for body in ("a" * 10_000, "👩" * 10_000, "  x  ", "e\u0301", "a\0b", "\u202eabc", "{{7*7}}", "😀"):
        assert world.post(body=body)["body"] == body
        assert world.thread()["posts"][0]["body"] == body


def test_text_that_is_no_text(world: World) -> None:
    headers = {**world.headers("student"), "Content-Type": "application/json"}
    for raw in (b'{"body": "\\ud800"}', b'{"body": "\xff"}', b"{", b"\xff\xfe", b""):
        response = world.client.post(f"{THREAD}/posts", content=raw, headers=headers)
        assert response.status_code in {400, 422}, f"{raw!r}: {response.text}"
        assert response.json()["code"] in {"malformed_json", "validation_failed"}


def test_unknown_fields_are_ignored(world: World) -> None:
    answer = world.call("student", "POST", f"{THREAD}/posts", {"body": "Hi", "pinned": True, "author": "root"})
    assert (answer.status_code, answer.json()["pinned"]) == (201, False)


def test_switches_are_true_or_false(world: World) -> None:
    post = world.post()
    for action in ("pin", "hidden"):
        word = {"pin": "pinned", "hidden": "hidden"}[action]
        for body in ({}, {word: "yes"}, {word: 1}, {word: None}, {word: "true"}, []):
            assert world.act("instructor", "PUT", post, f"/{action}", body).status_code == 422, body


def test_reports_need_a_reason(world: World) -> None:
    post = world.post()
    for reason in ("", "  ", "x" * 1_001, None, 3):
        assert world.act("classmate", "POST", post, "/report", {"reason": reason}).status_code == 422, reason


def test_pages_that_do_not_exist(world: World) -> None:
    post = world.post()
    cursors = ["", "x", "!!!!", "bnVsbA", "WzEsMl0", "WzAsOTk5OTk5OTk5OTk5OTk5OTk5OTk5OSwieCJd", "é", "a" * 301]
    queries: list[dict[str, Any]] = [{"limit": 0}, {"limit": 51}, {"limit": "many"}, *({"cursor": c} for c in cursors)]
    for query in queries:
        for path in (THREAD, f"/v1/discussion/posts/{post['id']}/replies"):
            response = world.call("student", "GET", path, **query)
            assert response.status_code == 422, f"{query}: {response.text}"
            assert response.json()["errors"][0]["field"] in query


def test_ids_that_are_none(world: World) -> None:
    problem = world.call("student", "GET", "/v1/discussion/posts/5/replies").json()
    assert (problem["status"], problem["errors"][0]["field"]) == (422, "postId")
    assert world.call("student", "GET", "/v1/programs/data/weeks/two/discussion").status_code == 422
