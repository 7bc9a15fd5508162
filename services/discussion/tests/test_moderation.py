"""Pins, hiding, reports."""

import pytest

from chassis.testing import published
from contracts.events import PostModerated

from .conftest import World


def told(world: World) -> list[tuple[str, int]]:
    return [(event.action, event.sequence) for event in published(world.db) if isinstance(event, PostModerated)]


@pytest.mark.parametrize("who", ["instructor", "admin"])
def test_staff_pin_and_unpin(world: World, who: str) -> None:
    post = world.post()
    assert world.act(who, "PUT", post, "/pin", {"pinned": True}).json()["pinned"] is True
    assert world.act(who, "PUT", post, "/pin", {"pinned": True}).json()["pinned"] is True
    assert world.act(who, "PUT", post, "/pin", {"pinned": False}).json()["pinned"] is False
    assert told(world) == [("pinned", 2), ("unpinned", 3)]


def test_students_do_not_pin_not_even_their_own(world: World) -> None:
    refused = world.act("student", "PUT", world.post(), "/pin", {"pinned": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    assert told(world) == []


def test_replies_are_not_pinned(world: World) -> None:
    refused = world.act("instructor", "PUT", world.reply(world.post()), "/pin", {"pinned": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "reply_not_pinnable")


def test_a_hidden_post_exists_for_staff_only(world: World) -> None:
    post = world.post()
    reply = world.reply(post)
    assert world.act("instructor", "PUT", post, "/hidden", {"hidden": True}).json()["hidden"] is True
    answer = world.thread()
    assert (answer["posts"], answer["thread"]["postCount"]) == ([], 0)
    for hidden in (post, reply):
        assert world.act("classmate", "POST", hidden, "/report", {"reason": "?"}).status_code == 404
    [seen] = world.thread("instructor")["posts"]
    assert (seen["hidden"], seen["replyCount"]) == (True, 1)
    world.act("instructor", "PUT", post, "/hidden", {"hidden": False})
    assert len(world.thread()["posts"]) == 1
    assert told(world) == [("hidden", 2), ("unhidden", 3)]


def test_a_hidden_reply_is_not_counted_for_students(world: World) -> None:
    post = world.post()
    reply = world.reply(post)
    world.act("admin", "PUT", reply, "/hidden", {"hidden": True})
    assert world.thread()["posts"][0]["replyCount"] == 0
    assert world.thread("admin")["posts"][0]["replyCount"] == 1


def test_a_deleted_post_whose_replies_are_all_hidden_is_gone_for_students(world: World) -> None:
    post = world.post()
    world.act("admin", "PUT", world.reply(post), "/hidden", {"hidden": True})
    world.act("student", "DELETE", post)
    assert world.thread()["posts"] == []
    assert [shown["deleted"] for shown in world.thread("admin")["posts"]] == [True]


def test_students_do_not_hide(world: World) -> None:
    refused = world.act("student", "PUT", world.post(), "/hidden", {"hidden": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")


@pytest.mark.parametrize("action", ["pin", "hidden"])
def test_what_was_deleted_is_not_moderated(world: World, action: str) -> None:
    post = world.post()
    world.act("student", "DELETE", post)
    refused = world.act("instructor", "PUT", post, f"/{action}", {"pinned": True, "hidden": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "post_deleted")


def test_staff_read_reports_newest_first(world: World) -> None:
    first, second = world.post(body="spam"), world.post(body="worse")
    assert world.act("classmate", "POST", first, "/report", {"reason": "Advertising"}).status_code == 204
    world.act("classmate", "POST", second, "/report", {"reason": "Rude"})
    world.act("classmate", "POST", first, "/report", {"reason": "Advertising, again"})
    page = world.call("instructor", "GET", "/v1/programs/data/discussion/reports", limit=1).json()
    rest = world.call("instructor", "GET", "/v1/programs/data/discussion/reports", cursor=page["nextCursor"]).json()
    reports = page["reports"] + rest["reports"]
    assert [(report["reason"], report["post"]["body"]) for report in reports] == [
        ("Rude", "worse"),
        ("Advertising, again", "spam"),
    ]
    assert reports[0]["reporter"]["id"] == str(world.ids["classmate"])
    assert (reports[0]["weekNumber"], rest["nextCursor"]) == (2, None)


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 401),
        ("student", 403),
        ("outsider", 403),
        ("foreign_instructor", 403),
        ("instructor", 200),
        ("admin", 200),
    ],
)
def test_reports_are_for_staff_of_the_program(world: World, who: str | None, status: int) -> None:
    assert world.call(who, "GET", "/v1/programs/data/discussion/reports").status_code == status


def test_reports_of_an_unknown_program(world: World) -> None:
    assert world.call("admin", "GET", "/v1/programs/nothing/discussion/reports").status_code == 404


def test_what_was_deleted_is_not_reported(world: World) -> None:
    post = world.post()
    world.reply(post)
    world.act("student", "DELETE", post)
    assert world.act("classmate", "POST", post, "/report", {"reason": "?"}).json()["code"] == "post_deleted"
