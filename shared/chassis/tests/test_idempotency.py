"""The same caller's same key answers the first answer again; effects happen once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from example_service import notes
from fastapi import FastAPI
from sqlalchemy import func, text, update

from chassis import idempotency, tables
from chassis.database import Database

NOTE = {"text": "hello"}


@pytest.fixture
def db(app: FastAPI) -> Database:
    found: Database = app.state.db
    return found


def stored(db: Database) -> int:
    with db.begin() as session:
        return notes(session)


def post(client: httpx.Client, key: str, note: Any = NOTE, **headers: str) -> httpx.Response:
    return client.post("/notes", json=note, headers={"Idempotency-Key": key, **headers})


def test_the_first_answer_comes_again_status_included(client: httpx.Client, db: Database) -> None:
    first, again = post(client, "k1"), post(client, "k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert stored(db) == 1


def test_another_body_under_the_same_key_is_refused(client: httpx.Client, db: Database) -> None:
    post(client, "k1")
    refused = post(client, "k1", {"text": "other"})
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert stored(db) == 1


def test_keys_belong_to_their_caller(client: httpx.Client, db: Database, tokens: Any) -> None:
    ids = {post(client, "k1", **tokens.bearer(uuid4())).json()["id"] for _ in range(2)}
    assert len(ids) == 2
    assert stored(db) == 2


def test_a_refused_request_may_be_tried_again_under_its_key(client: httpx.Client, db: Database) -> None:
    assert post(client, "k1", {"text": "refuse"}).json()["code"] == "too_busy"
    assert post(client, "k1", {"text": "refuse"}).json()["code"] == "too_busy"
    assert post(client, "k1").status_code == 201
    assert stored(db) == 1


def test_invalid_input_does_not_burn_the_key(client: httpx.Client) -> None:
    assert post(client, "k1", {"text": ""}).status_code == 422
    assert post(client, "k1").status_code == 201


def test_ten_at_once_have_one_effect(client: httpx.Client, db: Database) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: post(client, "k1"), range(10)))
    assert stored(db) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"request_in_progress"}


def as_if_the_first_had_not_answered(db: Database) -> None:
    with db.begin() as session:
        session.execute(update(tables.idempotency_keys).values(status=None))


def as_if_a_quarter_of_a_minute_had_passed(db: Database) -> None:
    locked_until = tables.idempotency_keys.c.locked_until
    earlier = func.timestampadd(text("SECOND"), -idempotency.PRESUMED_DEAD_SECONDS, locked_until)
    with db.begin() as session:
        session.execute(update(tables.idempotency_keys).values(locked_until=earlier))


def test_while_the_first_runs_the_second_is_told_so(client: httpx.Client, db: Database) -> None:
    post(client, "k1")
    as_if_the_first_had_not_answered(db)
    told = post(client, "k1")
    assert (told.status_code, told.json()["code"]) == (409, "request_in_progress")
    assert told.headers["retry-after"] == "1"


def test_a_request_that_died_gives_its_key_back(client: httpx.Client, db: Database) -> None:
    post(client, "k1")
    as_if_the_first_had_not_answered(db)
    as_if_a_quarter_of_a_minute_had_passed(db)
    assert post(client, "k1").status_code == 201
    assert stored(db) == 2


@pytest.mark.parametrize("seconds", [-90, 90])
def test_a_key_is_free_at_the_same_moment_for_replicas_whose_clocks_differ(
    client: httpx.Client, app: FastAPI, db: Database, clock: Any, seconds: int
) -> None:
    app.state.clock = clock
    post(client, "k1")
    as_if_the_first_had_not_answered(db)
    clock.advance(seconds=seconds)
    assert post(client, "k1").json()["code"] == "request_in_progress"
    as_if_a_quarter_of_a_minute_had_passed(db)
    assert post(client, "k1").status_code == 201


def test_a_request_that_was_only_taken_for_dead_has_no_effect_besides_the_one_that_took_its_place(
    client: httpx.Client, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    import example_service

    real, entered, go_on = example_service.add_note, threading.Event(), threading.Event()

    def slow_once(*arguments: Any) -> str:
        if not entered.is_set():
            entered.set()
            assert go_on.wait(30)
        return real(*arguments)

    monkeypatch.setattr(example_service, "add_note", slow_once)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(post, client, "k1")
        assert entered.wait(30)
        as_if_a_quarter_of_a_minute_had_passed(db)
        second = post(client, "k1")
        go_on.set()
        first = slow.result()
    assert (second.status_code, first.status_code) == (201, 409)
    assert first.json()["code"] == "request_in_progress"
    assert stored(db) == 1
    assert post(client, "k1").json() == second.json()


def test_after_a_day_the_key_is_new_again_and_can_be_pruned(
    client: httpx.Client, app: FastAPI, db: Database, clock: Any
) -> None:
    app.state.clock = clock
    post(client, "k1")
    clock.advance(hours=24, seconds=1)
    with db.begin() as session:
        assert idempotency.prune(session, clock.now) == 1
    assert post(client, "k1", {"text": "other"}).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_that_is_none_is_refused(client: httpx.Client, key: str) -> None:
    refused = post(client, key)
    assert refused.status_code in {400, 422}


def test_a_deadlock_inside_keeps_the_claim(
    app: FastAPI, serve: Callable[[Any], httpx.Client], db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint is run again after a lost race; the second run must not meet its own claim as a stranger's."""
    import example_service
    from pymysql.err import OperationalError as DriverError
    from sqlalchemy.exc import OperationalError

    real, lost, lock = example_service.add_note, [], threading.Lock()

    def lose_once(*arguments: Any) -> str:
        with lock:
            if not lost:
                lost.append(True)
                raise OperationalError("UPDATE", {}, DriverError(1213, "Deadlock found"))
        return real(*arguments)

    monkeypatch.setattr(example_service, "add_note", lose_once)
    answer = post(serve(app), "k1")
    assert answer.status_code == 201
    assert stored(db) == 1
