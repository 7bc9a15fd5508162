"""What may be done to a post, by whom."""

from dataclasses import replace
from uuid import UUID

import pytest

from discussion.posts import policy

ME, THEM = UUID(int=1), UUID(int=2)
POST = policy.PostFacts(
    author_id=THEM,
    is_reply=False,
    is_deleted=False,
    is_hidden=False,
    parent_hidden=False,
    reader_id=ME,
    reader_is_staff=False,
)
MINE = replace(POST, author_id=ME)
AS_STAFF = replace(POST, reader_is_staff=True)


@pytest.mark.parametrize(
    ("post", "reply", "edit", "delete", "pin", "hide"),
    [
        (POST, None, "not_author", "not_author", "staff_only", "staff_only"),
        (MINE, None, None, None, "staff_only", "staff_only"),
        (AS_STAFF, None, None, None, None, None),
        (replace(MINE, is_reply=True), "reply_to_reply", None, None, "staff_only", "staff_only"),
        (replace(AS_STAFF, is_reply=True), "reply_to_reply", None, None, "reply_not_pinnable", None),
        (replace(MINE, is_deleted=True), "post_deleted", "post_deleted", None, "staff_only", "staff_only"),
        (replace(AS_STAFF, is_deleted=True), "post_deleted", "post_deleted", None, "post_deleted", "post_deleted"),
    ],
)
def test_refusals(
    post: policy.PostFacts, reply: str | None, edit: str | None, delete: str | None, pin: str | None, hide: str | None
) -> None:
    assert policy.refuse_reply(post) == reply
    assert policy.refuse_edit(post) == edit
    assert policy.refuse_delete(post) == delete
    assert policy.refuse_pin(post) == pin
    assert policy.refuse_hide(post) == hide


@pytest.mark.parametrize("changes", [{"is_hidden": True}, {"parent_hidden": True}])
def test_hidden_posts_and_what_is_below_them_exist_for_staff_only(changes: dict[str, bool]) -> None:
    assert not policy.is_visible(replace(MINE, **changes))
    assert policy.is_visible(replace(AS_STAFF, **changes))


@pytest.mark.parametrize(
    ("roles", "teaches", "role"),
    [
        ([], [], "student"),
        (["student"], ["data"], "student"),
        (["instructor"], ["art"], "student"),
        (["instructor"], ["art", "data"], "instructor"),
        (["student", "admin", "instructor"], ["data"], "admin"),
    ],
)
def test_the_role_shown_is_the_one_in_this_program(roles: list[str], teaches: list[str], role: str) -> None:
    assert policy.role_in("data", roles, teaches) == role


def test_every_refusal_has_a_sentence() -> None:
    assert all(message.endswith(".") for message in policy.MESSAGES.values())
