"""Sweeps find what must not be, repair it one by one, and say how often."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.clock import utc_now
from chassis.database import Database
from chassis.messaging import sweeps
from chassis.messaging.sweeps import Sweep, Sweeps
from chassis.testing.queries import count_queries

SAGA = {"service": "media", "saga": "odd"}


class Numbers:
    """Rows of ``effects`` with odd numbers must not be; a repair makes them even."""

    def __init__(self, db: Database, *numbers: int) -> None:
        self.db = db
        self.stubborn: set[int] = set()
        self.now = utc_now()
        self.tries: list[int] = []
        self.registry = CollectorRegistry()
        self.sweep = Sweep("odd", lambda session, _, limit: self.odd(session)[:limit], self.repair)
        self.sweeps = Sweeps([self.sweep])
        self.sweeps.count_into(self.registry, "media")
        with db.begin() as session:
            for number in numbers:
                session.execute(text("INSERT INTO effects (number) VALUES (:number)"), {"number": number})

    def odd(self, session: Session) -> list[int]:
        return list(session.scalars(text("SELECT number FROM effects WHERE number % 2 = 1 ORDER BY number")))

    def repair(self, session: Session, number: int, _: object) -> None:
        self.tries.append(number)
        session.execute(text("UPDATE effects SET number = number + 1 WHERE number = :number"), {"number": number})
        if number in self.stubborn:
            raise RuntimeError("not this one")

    def run(self) -> float:
        """Sweep once, a minute after the last time; answers how many cases have been closed so far."""
        (job,) = self.sweeps.jobs
        job.run(self.db, self.now)
        self.now += timedelta(minutes=1)
        return self.registry.get_sample_value("edx_saga_repaired_total", SAGA) or 0.0

    def open(self) -> float:
        with self.db.begin() as session:
            return self.sweeps.gauge.read(session, self.now)[("odd",)]


def test_open_cases_are_counted_repaired_and_counted_as_repaired(db: Database) -> None:
    numbers = Numbers(db, 1, 2, 3)
    assert numbers.registry.get_sample_value("edx_saga_repaired_total", SAGA) == 0
    assert numbers.open() == 2
    assert numbers.run() == 2
    assert numbers.open() == 0
    assert numbers.run() == 2


def test_a_case_that_cannot_be_repaired_stops_no_other_and_stays_open(db: Database) -> None:
    numbers = Numbers(db, 1, 3, 5)
    numbers.stubborn = {1}
    assert numbers.run() == 2
    assert numbers.open() == 1
    numbers.stubborn = set()
    assert numbers.run() == 3


def test_a_case_that_closes_after_the_sweep_is_counted_by_the_next(db: Database) -> None:
    numbers = Numbers(db, 7)
    numbers.stubborn = {7}
    assert numbers.run() == 0
    with db.begin() as session:  # what the repair set in motion
        session.execute(text("UPDATE effects SET number = 8"))
    assert numbers.run() == 1
    assert numbers.run() == 1


def test_a_case_is_counted_once_whoever_tries_and_whoever_repairs_it(db: Database) -> None:
    one, other = Numbers(db, 7), Numbers(db)  # two workers
    one.stubborn = {7}
    assert one.run() == 0
    other.now = one.now
    assert other.run() == 1
    assert one.run() + other.run() == 1


def test_however_many_cannot_be_repaired_others_are(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "MOST", 2)
    numbers = Numbers(db, 1, 3, 5, 7)
    numbers.stubborn = {1, 3}
    assert numbers.run() == 0
    assert numbers.run() == 2
    assert numbers.open() == 2


def test_what_stays_open_is_tried_again_after_growing_pauses(db: Database) -> None:
    numbers = Numbers(db, 1)
    numbers.stubborn = {1}
    began, tried_after = numbers.now, []
    while numbers.now < began + timedelta(hours=1):
        before, now = len(numbers.tries), numbers.now
        numbers.run()
        if len(numbers.tries) > before:
            tried_after.append((now - began) // timedelta(minutes=1))
    assert tried_after == [0, 1, 2, 4, 8, 16, 26, 36, 46, 56]


def test_a_healthy_schema_is_asked_two_questions(db: Database) -> None:
    numbers = Numbers(db, 2, 4)
    with count_queries(db) as statements:
        numbers.run()
    assert len(statements) == 2


def test_each_saga_is_a_job_of_its_own() -> None:
    sweeps = Sweeps(Sweep(name, lambda *_: [], lambda *_: None, every=timedelta(seconds=30)) for name in ("one", "two"))
    assert [(job.name, job.every.total_seconds()) for job in sweeps.jobs] == [("sweep-one", 30), ("sweep-two", 30)]
    assert sweeps.gauge.labels == ("saga",)
