"""getDiscussionThread and createPost."""

from datetime import date, timedelta

import pytest

from chassis.testing import count_queries, published
from contracts.events import PostCreated

from .conftest import APRIL, MARCH, NOW, World, activated, cohort


def test_an_empty_thread(world: World) -> None:
    answer = world.thread()
    assert answer["thread"] == {
        "id": answer["thread"]["id"],
        "programSlug": "data",
        "cohort": {"id": str(MARCH), "slug": "march"},
        "weekNumber": 2,
        "postCount": 0,
    }
    assert (answer["posts"], answer["nextCursor"], answer["preview"]) == ([], None, False)
    assert world.thread("classmate")["thread"]["id"] == answer["thread"]["id"]


def test_a_post_appears_with_its_author_and_is_told(world: World) -> None:
    world.register("student", "Adaeze")
    post = world.post(body="**Hello**")
    assert post == {
        "id": post["id"],
        "parentId": None,
        "author": {"id": str(world.ids["student"]), "name": "Adaeze", "role": "student"},
        "body": "**Hello**",
        "bodyHtml": "<p><strong>Hello</strong></p>\n",
        "pinned": False,
        "createdAt": "2026-03-10T12:00:01Z",
        "editedAt": None,
        "deleted": False,
        "hidden": False,
        "replyCount": 0,
        "replies": [],
    }
    answer = world.thread("classmate")
    assert answer["posts"] == [post]
    assert answer["thread"]["postCount"] == 1
    [event] = published(world.db)
    assert isinstance(event, PostCreated)
    assert (str(event.post_id), event.sequence, event.week_number) == (post["id"], 1, 2)
    assert (event.cohort_id, event.author_id, event.parent_id) == (MARCH, world.ids["student"], None)
    assert event.created_at == NOW + timedelta(seconds=1)


def test_the_name_of_the_token_serves_until_the_accounts_event_comes(world: World) -> None:
    world.post()
    assert world.thread()["posts"][0]["author"]["name"] == "Student"
    world.register("student", "Adaeze")
    assert world.thread()["posts"][0]["author"]["name"] == "Adaeze"


def test_staff_are_shown_by_their_role(world: World) -> None:
    world.post("instructor")
    world.post("admin")
    assert [post["author"]["role"] for post in world.thread()["posts"]] == ["admin", "instructor"]


def test_pinned_posts_come_first_then_the_newest(world: World) -> None:
    posts = [world.post(body=str(n)) for n in range(5)]
    for post in (posts[1], posts[3]):
        world.act("instructor", "PUT", post, "/pin", {"pinned": True})
    assert [post["body"] for post in world.thread()["posts"]] == ["3", "1", "4", "2", "0"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7])
def test_pages_hold_every_post_once_and_in_order(world: World, limit: int) -> None:
    posts = [world.post(body=str(n)) for n in range(6)]
    for post in (posts[0], posts[2]):
        world.act("instructor", "PUT", post, "/pin", {"pinned": True})
    seen, cursor = [], None
    while True:
        page = world.thread(limit=limit, **({"cursor": cursor} if cursor else {}))
        assert len(page["posts"]) <= limit
        seen += [post["body"] for post in page["posts"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == ["2", "0", "5", "4", "3", "1"]


def test_posts_of_the_same_instant_are_paged_too(world: World) -> None:
    for n in range(4):
        world.call("student", "POST", "/v1/programs/data/weeks/2/discussion/posts", {"body": str(n)})
    first = world.thread(limit=2)
    second = world.thread(limit=2, cursor=first["nextCursor"])
    assert {post["body"] for post in first["posts"] + second["posts"]} == {"0", "1", "2", "3"}
    assert second["nextCursor"] is None


def test_a_page_carries_the_first_three_replies_of_each_post(world: World) -> None:
    quiet, lively = world.post(body="quiet"), world.post(body="lively")
    for n in range(5):
        world.reply(lively, body=str(n))
    world.reply(quiet, body="only")
    answer = world.thread()
    posts = {post["id"]: post for post in answer["posts"]}
    assert [reply["body"] for reply in posts[lively["id"]]["replies"]] == ["0", "1", "2"]
    assert posts[lively["id"]]["replyCount"] == 5
    assert [reply["body"] for reply in posts[quiet["id"]]["replies"]] == ["only"]
    assert answer["thread"]["postCount"] == 2


def test_weeks_and_cohorts_have_threads_of_their_own(world: World) -> None:
    world.post(week=1)
    assert world.thread(week=2)["posts"] == []
    world.clock.set(NOW.replace(month=4, day=8))
    assert world.thread("april_student", week=1)["posts"] == []


def test_a_week_opens_to_the_second(world: World) -> None:
    unlock = NOW.replace(day=15, hour=23)
    world.clock.set(unlock - timedelta(seconds=1))
    locked = world.call("student", "GET", "/v1/programs/data/weeks/3/discussion")
    assert (locked.status_code, locked.json()["code"]) == (403, "week_locked")
    assert locked.json()["unlocksAt"] == "2026-03-15T23:00:00Z"
    world.clock.set(unlock)
    assert world.thread(week=3)["posts"] == []


def test_staff_read_the_running_cohort_or_the_one_they_name(world: World) -> None:
    world.post()
    running = world.thread("instructor")
    assert (running["thread"]["cohort"]["slug"], running["preview"], len(running["posts"])) == ("march", True, 1)
    for name in ("april", str(APRIL)):
        assert world.thread("admin", week=3, cohort=name)["thread"]["cohort"]["slug"] == "april"
    unknown = world.call("admin", "GET", "/v1/programs/data/weeks/1/discussion", cohort="june")
    assert unknown.status_code == 404


def test_staff_post_in_the_cohort_they_name_even_before_it_begins(world: World) -> None:
    world.post("instructor", "Welcome", week=1, cohort="april")
    world.clock.set(NOW.replace(month=4, day=8))
    assert [post["body"] for post in world.thread("april_student", week=1)["posts"]] == ["Welcome"]


def test_a_student_may_name_only_their_own_cohort(world: World) -> None:
    assert world.thread(cohort="march")["thread"]["cohort"]["slug"] == "march"
    other = world.call("student", "GET", "/v1/programs/data/weeks/1/discussion", cohort="april")
    assert other.status_code == 404


def test_a_program_without_cohorts_has_no_discussion(world: World) -> None:
    assert world.call("admin", "GET", "/v1/programs/art/weeks/1/discussion").status_code == 404


def test_a_student_who_changed_cohorts_is_in_the_new_one(world: World) -> None:
    world.take_in(activated(world.ids["revoked"], APRIL))
    world.clock.set(NOW.replace(month=4, day=8))
    assert world.thread("revoked", week=1)["thread"]["cohort"]["slug"] == "april"


def test_access_ends_with_the_cohorts_access_period(world: World) -> None:
    world.take_in(cohort(MARCH, "march", date(2026, 3, 2), date(2026, 3, 22), access_days=0, sequence=2))
    world.clock.set(NOW.replace(month=4))
    assert world.call("student", "GET", "/v1/programs/data/weeks/1/discussion").json()["code"] == "access_ended"


def test_the_same_key_posts_once(world: World) -> None:
    path = "/v1/programs/data/weeks/2/discussion/posts"
    key = {"Idempotency-Key": "one"}
    first = world.call("student", "POST", path, {"body": "Once"}, headers=key)
    again = world.call("student", "POST", path, {"body": "Once"}, headers=key)
    other = world.call("student", "POST", path, {"body": "Other"}, headers=key)
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert world.thread()["thread"]["postCount"] == 1


def test_a_page_costs_the_same_queries_however_much_is_on_it(world: World) -> None:
    def queries(who: str, **query: str) -> int:
        with count_queries(world.db) as statements:
            world.thread(who, **query)
        return len(statements)

    post = world.post()
    world.reply(post)
    few = queries("student")
    for n in range(19):
        post = world.post("classmate" if n % 2 else "instructor", body=str(n))
        for _ in range(4 if n < 3 else 1):
            world.reply(post)
    assert queries("student") == few <= 7
    assert len(world.thread()["posts"]) == 20
    assert queries("instructor") <= few
