"""Real threads on a real database."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
from sqlalchemy import func, select

from chassis.testing import published
from contracts.events import PostModerated
from discussion.models import PostEdit, Thread

from .conftest import World


def at_once(world: World, *calls: tuple[str, str, str, object]) -> list[httpx.Response]:
    """Send these requests in the same moment."""
    gate = Barrier(len(calls))

    def send(call: tuple[str, str, str, object]) -> httpx.Response:
        gate.wait(timeout=10)
        return world.call(*call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(send, calls))


def test_two_who_post_first_share_one_thread(world: World) -> None:
    path = "/v1/programs/data/weeks/2/discussion/posts"
    answers = at_once(world, *[(who, "POST", path, {"body": who}) for who in ("student", "classmate") * 3])
    assert [answer.status_code for answer in answers] == [201] * 6
    with world.db.begin() as session:
        assert session.scalar(select(func.count()).select_from(Thread)) == 1
    assert world.thread()["thread"]["postCount"] == 6


def test_two_who_pin_tell_it_once(world: World) -> None:
    path = f"/v1/discussion/posts/{world.post()['id']}/pin"
    answers = at_once(world, *[(who, "PUT", path, {"pinned": True}) for who in ("instructor", "admin") * 2])
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len([event for event in published(world.db) if isinstance(event, PostModerated)]) == 1


def test_edits_at_once_are_all_kept(world: World) -> None:
    path = f"/v1/discussion/posts/{world.post()['id']}"
    answers = at_once(world, *[("student", "PATCH", path, {"body": f"edit {n}"}) for n in range(4)])
    assert [answer.status_code for answer in answers] == [200] * 4
    with world.db.begin() as session:
        assert list(session.scalars(select(PostEdit.number).order_by(PostEdit.number))) == [1, 2, 3, 4]
