"""Comparisons ask page by page, wait before they believe, repair one by one, and count what is known in the end."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from messaging_parts import video
from prometheus_client import CollectorRegistry
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from chassis.clock import utc_now
from chassis.database import Database
from chassis.messaging import comparisons, emit
from chassis.messaging.comparisons import Comparing, Comparison, Fact
from chassis.messaging.jobs import Incomplete
from chassis.messaging.outbox import CLOCK
from chassis.messaging.stamps import Stamp, StreamId
from chassis.messaging.sweeps import Sweep, Sweeps
from chassis.service_client import NotAnswered
from chassis.tables import outbox, relay_state, saga_cases, stream_debts

SAGA = {"service": "media", "saga": "unheard"}
MINUTE = timedelta(minutes=1)
BEFORE, TOLD = str(Stamp(0, StreamId(6, 0))), str(Stamp(0, StreamId(7, 0)))


class Rumours:
    """The rows of ``effects`` are to be known by a friend, whose knowledge is a set; repairs are told when asked to."""

    def __init__(self, db: Database, count: int, *, tells: bool = True) -> None:
        self.db, self.tells = db, tells
        self.known: set[str] = set()
        self.asked: list[list[str]] = []
        self.broken: set[str] = set()
        self.told: list[str] = []
        self.unanswerable: set[str] = set()
        self.missed: list[str] = []
        self.now = utc_now()
        self.registry = CollectorRegistry()
        self.sweeps = Sweeps(comparisons=[self.comparison()])
        self.sweeps.count_into(self.registry, "media")
        [self.job] = self.sweeps.jobs
        with db.begin() as session:
            for number in range(1, count + 1):
                session.execute(text("INSERT INTO effects (number) VALUES (:number)"), {"number": number})

    def comparison(self) -> Comparison:
        return Comparison(
            "unheard",
            "friend",
            page=self.page,
            again=lambda session, keys: [fact for fact in self.page(session, None, 1000) if fact.key in keys],
            unknown=self.unknown,
            repair=self.repair,
            page_size=3,
            pages=2,
        )

    def page(self, session: Session, after: str | None, limit: int) -> Sequence[Fact]:
        rows = session.scalars(
            text("SELECT number FROM effects WHERE number > :after ORDER BY number LIMIT :limit"),
            {"after": int(after or 0), "limit": limit},
        )
        return [Fact(f"{number:03}", number) for number in rows]

    def unknown(self, facts: Sequence[Fact]) -> Mapping[str, Any]:
        if any(fact.key in self.unanswerable for fact in facts):
            raise NotAnswered("nobody at home")
        self.asked.append([fact.key for fact in facts])
        return {fact.key: None for fact in facts if fact.key not in self.known}

    def repair(self, session: Session, key: str, _said: None, _now: object) -> bool:
        self.told.append(key)
        if key in self.broken:
            raise RuntimeError("not this one")
        if self.tells:
            self.known.add(key)
        return self.tells

    def run(self, times: int = 1) -> None:
        for _ in range(times):
            try:
                self.job.run(self.db, self.now)
            except Incomplete as error:
                self.missed.append(str(error))
            self.now += MINUTE

    @property
    def open(self) -> float:
        with self.db.begin() as session:
            return self.sweeps.gauge.read(session, self.now)[("unheard",)]

    @property
    def repaired(self) -> float | None:
        return self.registry.get_sample_value("edx_saga_repaired_total", SAGA)


@pytest.fixture
def rumours(db: Database) -> Callable[..., Rumours]:
    return lambda count, **more: Rumours(db, count, **more)


def test_it_goes_through_all_pages_and_begins_again(rumours: Callable[..., Rumours]) -> None:
    found = rumours(8)
    found.known = {f"{number:03}" for number in range(1, 9)}
    found.run(3)
    assert found.asked == [
        ["001", "002", "003"],
        ["004", "005", "006"],
        ["007", "008"],
        ["001", "002", "003"],
        ["004", "005", "006"],
    ]


def test_a_fact_that_becomes_known_within_the_grace_is_no_case(rumours: Callable[..., Rumours]) -> None:
    found = rumours(1)
    found.run(2)
    assert (found.told, found.open) == ([], 1)  # two minutes have gone by since it was asked about first
    found.known = {"001"}
    found.run()
    assert (found.told, found.open, found.repaired) == ([], 0, 0)


def test_what_stays_unknown_is_repaired_and_counted_once_it_is_known(rumours: Callable[..., Rumours]) -> None:
    found = rumours(2)
    found.known = {"002"}
    found.run(3)
    assert (found.told, found.open, found.repaired) == (["001"], 1, 0)
    found.run()
    assert (found.told, found.open, found.repaired) == (["001"], 0, 1)
    found.run(3)
    assert (found.told, found.repaired) == (["001"], 1)


def tell_what_the_friend_has_not_taken_in(db: Database, at: datetime) -> None:
    """An event is on the stream; the friend, a consumer group of it, has acknowledged what came before."""
    with db.begin() as session:
        session.info[CLOCK] = lambda: at
        emit(session, video(1))
        session.flush()
        session.execute(update(outbox).values(stream_id=TOLD))
        session.execute(insert(relay_state).values(name="group:friend", stream_id=BEFORE, updated_at=at))


def test_who_is_behind_is_told_nothing_again_until_it_has_caught_up(
    rumours: Callable[..., Rumours], db: Database
) -> None:
    """What it does not know may be among what it has yet to take in."""
    found = rumours(1)
    tell_what_the_friend_has_not_taken_in(db, found.now - MINUTE)
    found.run(5)
    assert (found.told, found.open) == ([], 1)
    with db.begin() as session:
        session.execute(update(relay_state).values(stream_id=TOLD))
    found.run(2)
    assert (found.told, found.open, found.repaired) == (["001"], 0, 1)


def test_who_is_owed_events_is_told_nothing_again_until_they_are_on_the_stream(
    rumours: Callable[..., Rumours], db: Database
) -> None:
    """They were trimmed before it read them: its group has come further on the stream, and gets them again."""
    found = rumours(1)
    tell_what_the_friend_has_not_taken_in(db, found.now - MINUTE)
    with db.begin() as session:
        session.execute(update(relay_state).values(stream_id=str(Stamp(0, StreamId(9, 0)))))
        debt = {"group_name": "friend", "after_stamp": BEFORE, "through_stamp": TOLD, "since": found.now}
        session.execute(insert(stream_debts).values(**debt))
    found.run(5)
    assert (found.told, found.open) == ([], 1)
    with db.begin() as session:
        session.execute(delete(stream_debts))
    found.run(2)
    assert (found.told, found.open, found.repaired) == (["001"], 0, 1)


def test_what_was_told_after_a_case_was_found_holds_nothing_up(rumours: Callable[..., Rumours], db: Database) -> None:
    found = rumours(1)
    found.run()
    tell_what_the_friend_has_not_taken_in(db, found.now)
    found.run(2)
    assert found.told == ["001"]


def test_a_case_is_asked_about_in_every_run_wherever_the_pages_are(rumours: Callable[..., Rumours]) -> None:
    found = rumours(20)
    found.known = {f"{number:03}" for number in range(2, 21)}
    found.run(4)
    assert found.repaired == 1


def test_one_that_cannot_be_repaired_stops_no_other_and_stays_open(rumours: Callable[..., Rumours]) -> None:
    found = rumours(2)
    found.broken = {"001"}
    found.run(4)
    assert (found.open, found.repaired) == (1, 1)
    found.broken = set()
    found.run(2)
    assert (found.open, found.repaired) == (0, 2)


def test_what_there_was_nothing_to_do_about_is_tried_again_and_not_counted(rumours: Callable[..., Rumours]) -> None:
    found = rumours(1, tells=False)
    found.run(5)
    assert len(found.told) == 3
    found.known = {"001"}
    found.run()
    assert (found.open, found.repaired) == (0, 0)


def test_who_is_away_changes_nothing_and_fails_the_run(rumours: Callable[..., Rumours]) -> None:
    found = rumours(1)
    found.run()
    found.unanswerable = {"001"}
    found.run(3)
    assert (found.told, found.open) == ([], 1)
    assert found.missed == ["friend did not answer: nobody at home"] * 3
    found.unanswerable = set()
    found.run(2)
    assert (found.told, found.open, found.repaired) == (["001"], 0, 1)
    assert len(found.missed) == 3


def test_a_page_without_an_answer_holds_no_other_back(rumours: Callable[..., Rumours]) -> None:
    found = rumours(20)
    found.unanswerable = {"005"}
    found.run(12)
    assert set(found.told) == {f"{number:03}" for number in range(1, 21)} - {"004", "005", "006"}
    assert found.missed


def test_what_was_repaired_is_counted_though_a_page_had_no_answer(rumours: Callable[..., Rumours]) -> None:
    found = rumours(7)
    found.known = {f"{number:03}" for number in range(2, 8)}
    found.run(3)
    found.unanswerable = {"007"}
    found.run()
    assert (found.open, found.repaired, len(found.missed)) == (0, 1, 1)


def test_more_cases_than_a_run_asks_about_are_closed_by_the_next(
    rumours: Callable[..., Rumours], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparisons, "MOST", 2)
    found = rumours(6)
    found.known = {"001", "002"}
    found.broken = {"003", "004"}
    found.run(10)
    assert found.known == {"001", "002", "005", "006"}
    assert (found.open, found.repaired) == (2, 2)


def test_of_two_runs_at_once_one_tells(rumours: Callable[..., Rumours], db: Database) -> None:
    found = rumours(1)
    found.run(2)
    both_inside, told = threading.Barrier(2), []

    def repair(_: Session, key: str, _said: None, _now: datetime) -> bool:
        with suppress(threading.BrokenBarrierError):
            both_inside.wait(1)  # for another that must not come
        told.append(key)
        return True

    comparison = replace(found.comparison(), repair=repair)
    runs = [threading.Thread(target=Comparing(comparison).run, args=(db, found.now)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert told == ["001"]
    with db.begin() as session:
        assert session.scalars(select(saga_cases.c.attempts)).all() == [1]


def test_what_need_not_be_known_any_more_is_no_case(db: Database, rumours: Callable[..., Rumours]) -> None:
    found = rumours(1)
    found.broken = {"001"}
    found.run(3)
    with db.begin() as session:
        session.execute(text("DELETE FROM effects"))
    found.run()
    assert (found.open, found.repaired) == (0, 0)


def test_a_saga_may_have_both_a_sweep_and_comparisons(db: Database, rumours: Callable[..., Rumours]) -> None:
    found = rumours(1)
    sweep = Sweep("unheard", lambda *_: ["in the own schema"], lambda *_: None)
    sweeps = Sweeps([sweep], [found.comparison()])
    sweeps.count_into(CollectorRegistry(), "media")
    assert [job.name for job in sweeps.jobs] == ["sweep-unheard", "sweep-unheard-friend"]
    found.run(3)
    with db.begin() as session:
        assert sweeps.gauge.read(session, found.now) == {("unheard",): 2}
