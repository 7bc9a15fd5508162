"""Replies, edits, deletions."""

from sqlalchemy import select

from chassis.testing import published
from contracts.events import AccountErased, PostCreated, PostModerated
from discussion.models import Post, PostEdit

from .conftest import World


def test_a_reply_belongs_to_its_post_and_is_told(world: World) -> None:
    post = world.post()
    reply = world.reply(post, body="Welcome")
    assert (reply["parentId"], reply["body"], reply["replies"]) == (post["id"], "Welcome", [])
    event = published(world.db)[-1]
    assert isinstance(event, PostCreated)
    assert (str(event.parent_id), str(event.post_id)) == (post["id"], reply["id"])


def test_replies_are_paged_oldest_first(world: World) -> None:
    post = world.post()
    for n in range(5):
        world.reply(post, body=str(n))
    path, seen, cursor = f"/v1/discussion/posts/{post['id']}/replies", [], None
    for expected in (2, 2, 1):
        answer = world.call("student", "GET", path, limit=2, **({"cursor": cursor} if cursor else {})).json()
        assert len(answer["replies"]) == expected
        seen += [reply["body"] for reply in answer["replies"]]
        cursor = answer["nextCursor"]
    assert (seen, cursor) == (["0", "1", "2", "3", "4"], None)


def test_a_reply_cannot_be_replied_to(world: World) -> None:
    reply = world.reply(world.post())
    refused = world.act("student", "POST", reply, "/replies", {"body": "No"})
    assert (refused.status_code, refused.json()["code"]) == (409, "reply_to_reply")


def test_the_same_key_replies_once(world: World) -> None:
    path = f"/v1/discussion/posts/{world.post()['id']}/replies"
    answers = [world.call("student", "POST", path, {"body": "A"}, headers={"Idempotency-Key": "k"}) for _ in "12"]
    assert answers[0].json() == answers[1].json()
    assert world.thread()["posts"][0]["replyCount"] == 1


def test_an_edit_keeps_what_was_said_before(world: World) -> None:
    post = world.post(body="First")
    edited = world.act("student", "PATCH", post, json={"body": "Second"}).json()
    assert (edited["body"], edited["bodyHtml"]) == ("Second", "<p>Second</p>\n")
    assert edited["editedAt"] > edited["createdAt"] == post["createdAt"]
    world.act("instructor", "PATCH", post, json={"body": "Third"})
    with world.db.begin() as session:
        history = session.execute(select(PostEdit.number, PostEdit.body, PostEdit.editor_id)).all()
    assert [tuple(row) for row in history] == [
        (1, "First", world.ids["student"]),
        (2, "Second", world.ids["instructor"]),
    ]


def test_an_edit_that_changes_nothing_is_no_edit(world: World) -> None:
    post = world.post(body="Same")
    assert world.act("student", "PATCH", post, json={"body": "Same"}).json()["editedAt"] is None


def test_an_edit_answers_with_the_replies(world: World) -> None:
    post = world.post()
    reply = world.reply(post)
    assert world.act("student", "PATCH", post, json={"body": "New"}).json()["replies"] == [reply]


def test_a_deleted_post_without_replies_is_gone(world: World) -> None:
    post = world.post()
    assert world.act("student", "DELETE", post).status_code == 204
    answer = world.thread()
    assert (answer["posts"], answer["thread"]["postCount"]) == ([], 0)


def test_a_deleted_post_keeps_its_place_while_it_has_replies(world: World) -> None:
    post = world.post(body="secret")
    reply = world.reply(post)
    world.act("student", "DELETE", post)
    answer = world.thread()
    [left] = answer["posts"]
    assert (left["deleted"], left["body"], left["bodyHtml"], left["replyCount"]) == (True, "", "", 1)
    assert left["replies"] == [reply]
    assert answer["thread"]["postCount"] == 0
    world.act("classmate", "DELETE", reply)
    assert world.thread()["posts"] == []


def test_a_deleted_reply_is_gone(world: World) -> None:
    post = world.post()
    world.reply(post, body="stays")
    world.act("classmate", "DELETE", world.reply(post, body="goes"))
    [shown] = world.thread()["posts"]
    assert ([reply["body"] for reply in shown["replies"]], shown["replyCount"]) == (["stays"], 1)


def test_deleting_twice_is_deleting_once(world: World) -> None:
    post = world.post()
    for _ in range(2):
        assert world.act("student", "DELETE", post).status_code == 204
    told = [event for event in published(world.db) if isinstance(event, PostModerated)]
    assert [(event.action, event.sequence) for event in told] == [("deleted", 2)]


def test_a_deleted_post_is_neither_edited_nor_answered(world: World) -> None:
    post = world.post()
    world.reply(post)
    world.act("student", "DELETE", post)
    edit = world.act("student", "PATCH", post, json={"body": "Back"})
    answer = world.act("student", "POST", post, "/replies", {"body": "Late"})
    assert [(r.status_code, r.json()["code"]) for r in (edit, answer)] == [(409, "post_deleted")] * 2


def test_deleting_a_pinned_post_unpins_it(world: World) -> None:
    post = world.post()
    world.reply(post)
    world.act("instructor", "PUT", post, "/pin", {"pinned": True})
    world.act("student", "DELETE", post)
    assert world.thread()["posts"][0]["pinned"] is False


def test_an_erased_author_keeps_what_they_wrote_without_a_name(world: World) -> None:
    world.register("student", "Adaeze")
    world.reply(world.post())
    world.take_in(AccountErased(sequence=2, account_id=world.ids["student"]))
    [post] = world.thread("classmate")["posts"]
    assert post["author"] == {"id": str(world.ids["student"]), "name": None, "role": "student"}
    assert post["body"] == "Hello"


def test_html_of_an_older_renderer_is_rendered_anew(world: World) -> None:
    world.post(body="*Hello*")
    with world.db.begin() as session:
        post = session.scalars(select(Post)).one()
        post.html_version, post.body_html = 0, "<blink>Hello</blink>"
    assert world.thread()["posts"][0]["bodyHtml"] == "<p><em>Hello</em></p>\n"
