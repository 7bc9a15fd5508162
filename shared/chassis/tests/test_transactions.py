"""A client never hears "ok" about what was not stored; a lost lock race is run again."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio.to_thread
import httpx
import pytest
from example_service import add_note, notes
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from chassis import tables
from chassis.database import Database, Tx, is_duplicate, is_lost_race
from chassis.idempotency import idempotent
from chassis.routing import ServiceRoute


@pytest.fixture
def db(app: FastAPI) -> Database:
    found: Database = app.state.db
    return found


def test_a_commit_that_fails_is_not_answered_with_ok(client: httpx.Client, db: Database) -> None:
    answer = client.post("/broken-commit")
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    with db.begin() as session:
        assert notes(session) == 0


def test_a_deadlock_victim_runs_again_and_both_clients_hear_ok(
    client: httpx.Client, app: FastAPI, db: Database, clock: Any
) -> None:
    with db.begin() as session:
        add_note(session, "a", clock.now)
        add_note(session, "b", clock.now)
    barrier = threading.Barrier(2)
    app.state.meet = lambda: barrier.wait(10) if len(app.state.attempts) <= 2 else None
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(client.post, ["/swap/a/b", "/swap/b/a"]))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(app.state.attempts) == 3, "one of the two was the victim and ran again"
    with db.begin() as session:
        assert list(session.scalars(select(tables.outbox.c.sequence))) == [3, 3]


def test_run_tries_a_lost_race_again(db: Database, clock: Any) -> None:
    with db.begin() as session:
        add_note(session, "a", clock.now)
        add_note(session, "b", clock.now)
    barrier, tries = threading.Barrier(2), []

    def lock(first: str, second: str) -> None:
        def work(session: Any) -> None:
            tries.append(first)
            for step, name in enumerate((first, second)):
                session.execute(update(tables.outbox).where(tables.outbox.c.subject == name).values(type=first))
                if step == 0 and len(tries) <= 2:
                    barrier.wait(10)

        db.run(work)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lock, ["a", "b"], ["b", "a"]))
    assert len(tries) == 3


def test_isolation_is_read_committed_and_time_is_utc(db: Database) -> None:
    with db.begin() as session:
        # MySQL's name and MariaDB's.
        names = "SHOW SESSION VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')"
        isolation = {row[1] for row in session.execute(text(names))}
        zone = session.execute(text("SELECT @@session.time_zone")).scalar()
    assert (isolation, zone) == ({"READ-COMMITTED"}, "+00:00")


def test_the_service_user_can_neither_change_the_schema_nor_see_another(db: Database) -> None:
    with pytest.raises(OperationalError, match="denied"), db.begin() as session:
        session.execute(text("DROP TABLE outbox"))
    with pytest.raises(OperationalError, match="denied"), db.begin() as session:
        session.execute(text("SELECT * FROM mysql.user"))


def test_a_duplicate_is_told_from_other_integrity_errors(db: Database, clock: Any) -> None:
    def twice(session: Any) -> None:
        row = {"consumer": "c", "event_id": tables_id, "processed_at": clock.now}
        session.execute(tables.inbox.insert().values(**row))
        session.execute(tables.inbox.insert().values(**row))

    from chassis.ids import new_id

    tables_id = new_id()
    with pytest.raises(IntegrityError) as caught:
        db.run(twice)
    assert is_duplicate(caught.value)
    assert not is_duplicate(caught.value, "uq_other")
    assert not is_lost_race(caught.value)


def test_more_clicks_on_one_row_than_threads_all_get_through(
    client: httpx.Client, app: FastAPI, db: Database, clock: Any
) -> None:
    """As many as there are threads wait for the row that another holds: that one must still be able to commit."""
    with db.begin() as session:
        add_note(session, "a", clock.now)
    clicks = 4 * db.pool_size
    with ThreadPoolExecutor(clicks) as pool:
        answers = list(pool.map(client.post, ["/swap/a/a"] * clicks))
    assert {answer.status_code for answer in answers} == {200}
    with db.begin() as session:
        assert session.scalar(select(tables.outbox.c.sequence)) == 1 + 2 * clicks


def test_many_more_requests_than_connections_never_wait_for_each_other(
    app: FastAPI, serve: Callable[[Any], httpx.Client], tokens: Any
) -> None:
    """A herd after a restart: each holds a connection while it needs a second thread, each asks for a key before."""

    def look(tx: Tx) -> None:
        tx.execute(text("SELECT 1"))

    router = APIRouter(route_class=ServiceRoute)

    @router.post("/herd", dependencies=[Depends(look)])
    @idempotent
    def join(tx: Tx) -> dict[str, int]:
        return {"notes": notes(tx)}

    app.include_router(router)
    client, herd = serve(app), 60
    headers = [{"Idempotency-Key": f"{number}", **tokens.bearer()} for number in range(herd)]
    with ThreadPoolExecutor(herd) as pool:
        answers = list(pool.map(lambda given: client.post("/herd", headers=given), headers))
    assert {answer.status_code for answer in answers} == {200}


def test_there_are_as_many_threads_as_connections(
    app: FastAPI, serve: Callable[[Any], httpx.Client], db: Database
) -> None:
    @app.get("/threads")
    async def threads() -> float:
        return anyio.to_thread.current_default_thread_limiter().total_tokens

    assert serve(app).get("/threads").json() == db.pool_size
