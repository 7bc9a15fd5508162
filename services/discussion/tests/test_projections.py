"""What other services tell arrives in any order, any number of times."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import deliver
from contracts.events import (
    AccountErased,
    AccountRegistered,
    AccountUpdated,
    EnrollmentActivated,
    EnrollmentRevoked,
    EnrollmentSuspended,
    Event,
)
from discussion.events import consumers
from discussion.models import Account, Base, Cohort, Enrollment, Program
from discussion.rooms import repository

from .conftest import cohort, program

NOW = datetime(2026, 3, 10, tzinfo=UTC)
ACCOUNT, COHORT, ENROLLMENT = new_id(), new_id(), new_id()


@pytest.fixture
def database(database_for: Callable[[str], Database]) -> Database:
    return database_for("discussion")


def newest(database: Database, model: type[Base]) -> Any:
    def read(session: Session) -> Any:
        row = session.execute(select(model.__table__)).one()
        return {key: value for key, value in row._mapping.items() if key not in {"id", "slug"}}

    return database.run(read)


def entry(kind: type[Event], sequence: int, **more: Any) -> Event:
    facts = {"enrollment_id": ENROLLMENT, "student_id": ACCOUNT, "program_slug": "data", "cohort_id": COHORT}
    return kind(sequence=sequence, **facts, **more)


ACCOUNTS = [
    AccountRegistered(sequence=1, account_id=ACCOUNT, name="Ada", roles=["student"], teaches=[]),
    AccountUpdated(sequence=2, account_id=ACCOUNT, name="Ada Obi", roles=["instructor"], teaches=["data"]),
    AccountErased(sequence=3, account_id=ACCOUNT),
]
ENROLLMENTS = [
    entry(EnrollmentActivated, 1, origin="payment", activated_at=NOW),
    entry(EnrollmentSuspended, 2, reason="dispute", suspended_at=NOW),
    entry(EnrollmentRevoked, 3, reason="chargeback", revoked_at=NOW),
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_accounts_and_enrollments_in_any_order(database: Database, order: tuple[int, ...]) -> None:
    for events in (ACCOUNTS, ENROLLMENTS):
        deliver(database, consumers, *[events[n] for n in order], events[0])
    assert newest(database, Account) == {"name": None, "roles": [], "teaches": [], "sequence": 3}
    assert newest(database, Enrollment)["status"] == "revoked"


def test_an_update_changes_everything_at_once(database: Database) -> None:
    deliver(database, consumers, ACCOUNTS[0], ACCOUNTS[1])
    assert newest(database, Account) == {
        "name": "Ada Obi",
        "roles": ["instructor"],
        "teaches": ["data"],
        "sequence": 2,
    }


def test_programs_count_their_weeks(database: Database) -> None:
    deliver(database, consumers, program(sequence=2, published=False), program(sequence=1))
    assert newest(database, Program) == {"published": False, "week_count": 3, "sequence": 2}


def test_calendars_survive_as_they_are(database: Database) -> None:
    told = cohort(
        COHORT,
        "march",
        date(2026, 3, 2),
        date(2026, 3, 22),
        unlock_time=time(9, 30, 15),
        week_unlocks={2: date(2026, 3, 12)},
        timezone="America/New_York",
        access_days=7,
        archived=True,
    )
    older = cohort(COHORT, "march", date(2020, 1, 1), date(2020, 2, 1), sequence=0)
    deliver(database, consumers, told, older)
    assert newest(database, Cohort)["sequence"] == 1
    [facts] = database.run(lambda session: repository.cohorts_of(session, "data"))
    assert facts.calendar.week_unlocks_at(2) == datetime(2026, 3, 12, 13, 30, 15, tzinfo=UTC)
    assert (facts.calendar.access_days, facts.open_to_staff) == (7, False)
