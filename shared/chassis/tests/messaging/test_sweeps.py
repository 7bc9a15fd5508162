"""Sweeps find what must not be, repair it one by one, and say how often."""

from datetime import timedelta

from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.clock import utc_now
from chassis.database import Database
from chassis.messaging.sweeps import Sweep, Sweeps

SAGA = {"service": "media", "saga": "odd"}


class Numbers:
    """Rows of ``effects`` with odd numbers must not be; a repair makes them even."""

    def __init__(self, db: Database, *numbers: int) -> None:
        self.db = db
        self.stubborn: set[int] = set()
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
        session.execute(text("UPDATE effects SET number = number + 1 WHERE number = :number"), {"number": number})
        if number in self.stubborn:
            raise RuntimeError("not this one")

    def run(self) -> float:
        """Sweep once; answers how many cases have been closed so far."""
        (job,) = self.sweeps.jobs
        job.run(self.db, utc_now())
        return self.registry.get_sample_value("edx_saga_repaired_total", SAGA) or 0.0

    def open(self) -> float:
        with self.db.begin() as session:
            return self.sweeps.gauge.read(session, utc_now())[("odd",)]


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


def test_each_saga_is_a_job_of_its_own() -> None:
    sweeps = Sweeps(Sweep(name, lambda *_: [], lambda *_: None, every=timedelta(seconds=30)) for name in ("one", "two"))
    assert [(job.name, job.every.total_seconds()) for job in sweeps.jobs] == [("sweep-one", 30), ("sweep-two", 30)]
    assert sweeps.gauge.labels == ("saga",)
