"""Playback: learning decides, media signs."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from chassis.database import Database
from chassis.testing import count_queries
from media.main import create_app
from media.models import REJECTED, UPLOADING
from media.settings import Settings

PATH = "/v1/programs/data/courses/sql/lessons/joins/playback"


def play(api: httpx.Client, headers: dict[str, str]) -> httpx.Response:
    return api.get(PATH, headers=headers)


def test_an_allowed_student_gets_a_signed_url_for_five_minutes(
    api: httpx.Client, learning: Any, tokens: Any, ready_video: Callable[..., UUID]
) -> None:
    student, video = uuid4(), ready_video()
    learning.allow(video)
    answer = play(api, tokens.bearer(student))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["url"].startswith(f"https://cdn.example.com/videos/{video}/video.mp4?Expires=")
    assert "Key-Pair-Id=K2TEST" in body["url"]
    assert body["expiresAt"] == "2026-03-02T12:05:00Z"
    assert "2026-03-02T12:03:59" < body["renewAfter"] < body["expiresAt"]
    assert (body["kind"], body["contentType"], body["durationSeconds"]) == ("mp4", "video/mp4", 61.5)
    assert (body["cookies"], body["preview"]) == ([], False)
    assert answer.headers["cache-control"] == "no-store"


def test_learning_is_asked_about_this_caller_by_a_service(
    api: httpx.Client, learning: Any, tokens: Any, ready_video: Callable[..., UUID]
) -> None:
    student = uuid4()
    learning.allow(ready_video())
    play(api, tokens.bearer(student))
    place = {"program": "data", "course": "sql", "lesson": "joins"}
    assert learning.asked == [{**place, "userId": str(student), "staff": "false"}]
    assert learning.callers == ["media"]


def test_staff_of_the_program_are_asked_for_as_staff(
    api: httpx.Client, learning: Any, tokens: Any, ready_video: Callable[..., UUID]
) -> None:
    learning.allow(ready_video(), preview=True)
    asks = [tokens.instructor("data"), tokens.instructor("other"), tokens.admin()]
    assert [play(api, headers).json()["preview"] for headers in asks] == [True, True, True]
    assert [asked["staff"] for asked in learning.asked] == ["true", "false", "true"]


@pytest.mark.parametrize("reason", ["week_locked", "not_enrolled", "lesson_locked", "enrollment_suspended"])
def test_a_refusal_carries_the_decisions_reasons(
    api: httpx.Client, learning: Any, tokens: Any, ready_video: Callable[..., UUID], reason: str
) -> None:
    unlocks = "2026-04-01T00:00:00Z"
    learning.refuse(reason, "later", unlocksAt=unlocks, requires=["intro"], videoId=str(ready_video()))
    answer = play(api, tokens.bearer())
    assert answer.status_code == 403
    problem = answer.json()
    assert (problem["code"], problem["reasons"]) == (reason, [reason, "later"])
    assert (problem["unlocksAt"], problem["requires"]) == (unlocks, ["intro"])
    assert "Signature" not in answer.text


def test_a_lesson_without_a_ready_video_of_its_program_has_no_video(
    api: httpx.Client, learning: Any, tokens: Any, ready_video: Callable[..., UUID]
) -> None:
    for video in (
        None,
        uuid4(),
        ready_video(status=UPLOADING),
        ready_video(status=REJECTED),
        ready_video(program_slug="another-program"),
    ):
        learning.allow(video)
        answer = play(api, tokens.bearer())
        assert (answer.status_code, answer.json()["code"]) == (404, "no_video")


def test_an_unknown_lesson_is_not_found(api: httpx.Client, learning: Any, tokens: Any) -> None:
    learning.fail(404)
    assert (play(api, tokens.bearer()).status_code, play(api, tokens.bearer()).json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("status", [200, 302, 401, 403, 500, 503])
def test_whatever_is_not_a_clear_answer_is_no_yes(api: httpx.Client, learning: Any, tokens: Any, status: int) -> None:
    learning.fail(status)
    answer = play(api, tokens.bearer())
    assert (answer.status_code, answer.json()["code"]) == (503, "access_unknown")
    assert int(answer.headers["retry-after"]) > 0


def test_a_dead_learning_costs_a_retry(settings: Settings, serve: Callable[[Any], httpx.Client], tokens: Any) -> None:
    api = serve(create_app(settings.model_copy(update={"learning_url": "http://127.0.0.1:9"})))
    answer = play(api, tokens.bearer())
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


def test_nobody_plays_without_logging_in(api: httpx.Client, learning: Any, ready_video: Callable[..., UUID]) -> None:
    learning.allow(ready_video())
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}):
        assert play(api, headers).status_code == 401
    assert learning.asked == []


def test_hls_is_granted_by_cookies_for_its_folder(
    api: httpx.Client, learning: Any, tokens: Any, ready_video: Callable[..., UUID]
) -> None:
    video = uuid4()
    hls = {"kind": "hls", "content_type": "application/vnd.apple.mpegurl"}
    learning.allow(ready_video(id=video, object_key=f"videos/{video}/index.m3u8", **hls))
    answer = play(api, tokens.bearer())
    body = answer.json()
    assert body["url"] == f"https://cdn.example.com/videos/{video}/index.m3u8"
    assert (body["kind"], body["expiresAt"]) == ("hls", "2026-03-02T16:00:00Z")
    assert {cookie["name"] for cookie in body["cookies"]} == {
        "CloudFront-Policy",
        "CloudFront-Signature",
        "CloudFront-Key-Pair-Id",
        "CloudFront-Hash-Algorithm",
    }
    assert {(cookie["domain"], cookie["path"]) for cookie in body["cookies"]} == {
        ("cdn.example.com", f"/videos/{video}")
    }
    assert "set-cookie" not in answer.headers


def test_hls_cookies_are_set_where_api_and_cdn_share_a_domain(
    settings: Settings,
    serve: Callable[[Any], httpx.Client],
    learning: Any,
    tokens: Any,
    ready_video: Callable[..., UUID],
) -> None:
    api = serve(create_app(settings.model_copy(update={"cdn_cookie_domain": "example.com"})))
    learning.allow(ready_video(kind="hls"))
    cookies = play(api, tokens.bearer()).headers.get_list("set-cookie")
    assert len(cookies) == 4
    assert all("Domain=example.com" in each and "HttpOnly" in each and "Secure" in each for each in cookies)


def test_a_grant_costs_one_query(
    settings: Settings,
    serve: Callable[[Any], httpx.Client],
    learning: Any,
    tokens: Any,
    ready_video: Callable[..., UUID],
) -> None:
    app = create_app(settings)
    api = serve(app)
    learning.allow(ready_video())
    play(api, tokens.bearer())
    with count_queries(app.state.db) as queries:
        assert play(api, tokens.bearer()).status_code == 200
    assert len(queries) == 1


@pytest.mark.parametrize("slug", ["x" * 5000, "%00", "..%2f..", "💥", "a%0d%0ab", "'; DROP TABLE videos; --"])
def test_strange_slugs_are_refused_politely(api: httpx.Client, learning: Any, tokens: Any, slug: str) -> None:
    learning.fail(404)
    answer = api.get(f"/v1/programs/{slug}/courses/sql/lessons/joins/playback", headers=tokens.bearer())
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_schema_is_what_the_models_say(db: Database) -> None:
    from chassis.testing import assert_migrations_match
    from media.models import Base

    assert_migrations_match("media", Base.metadata)
