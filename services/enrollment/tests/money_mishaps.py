"""What befalls messages and processes in the model-based test: letters that wait, and a database that dies."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.orm import Session

from chassis.database import Database

T = TypeVar("T")


class Letter(NamedTuple):
    """A webhook on its way."""

    event: str
    body: bytes

    @property
    def reference(self) -> str:
        """Of the transaction that it is about."""
        data = json.loads(self.body)["data"]
        found: str = data.get("transaction_reference") or data.get("reference") or data["transaction"]["reference"]
        return found


class PostOffice:
    """Between Paystack and us: takes webhooks from the sandbox's queue, in its order, so that runs repeat."""

    def __init__(self, school: Any) -> None:
        self.school = school
        self.letters: list[Letter] = []
        self._last = 0

    def collect(self) -> None:
        """What Paystack has sent since."""
        with self.school.sandbox.app.state.store.read() as db:
            rows = db.execute(
                "SELECT id, event, body FROM deliveries WHERE id > ? ORDER BY id", (self._last,)
            ).fetchall()
        self.letters += [Letter(row["event"], bytes(row["body"])) for row in rows]
        self._last = max([self._last, *(row["id"] for row in rows)])

    def deliver(self, letter: Letter, times: int = 1, *, old_key: bool = False) -> None:
        """Hand it to the service, signed with the key of today or, while it is replaced, the one before."""
        for _ in range(times):
            headers = self.school.signed(letter.body, *([self.school.old_key] if old_key else []))
            assert self.school.http.post("/webhooks/paystack", content=letter.body, headers=headers).status_code == 200


class Killed(BaseException):
    """Nobody in the code catches it, as nobody catches a kill -9."""


class ServerKilled(Exception):
    """The same for a request: the web server above it lives on and answers 500."""


class DyingDatabase(Database):
    """Lets so many transactions be; then the process dies with all its threads, in the next one or after its commit."""

    def __init__(self, database: Database, after: int, *, committed: bool, by: type[BaseException] = Killed) -> None:
        self.__dict__.update(database.__dict__)
        self._left, self._committed, self._by = after, committed, by
        self._lock = threading.Lock()

    def run(self, work: Callable[[Session], T], *, attempts: int = 4) -> T:
        """As ever, until it dies."""
        with self._lock:
            self._left -= 1
            left = self._left
        if left >= 0:
            return super().run(work, attempts=attempts)
        if left == -1 and self._committed:
            super().run(work, attempts=attempts)
        elif left == -1:
            with self.session() as session, session.begin() as transaction:
                work(session)
                transaction.rollback()
        raise self._by


@contextmanager
def dying_worker(school: Any, after: int, *, committed: bool) -> Iterator[None]:
    """Whatever the worker does inside ends when it dies; what it had claimed rests until the claim runs out."""
    alive = school.cashier
    school.cashier = replace(alive, database=DyingDatabase(alive.database, after, committed=committed))
    try:
        yield
    except Killed:
        pass
    finally:
        school.cashier = alive


@contextmanager
def dying_server(school: Any, after: int, *, committed: bool) -> Iterator[None]:
    """A checkout or verify call dies between its transactions."""
    alive = school.app.state.desk
    dying = DyingDatabase(alive.database, after, committed=committed, by=ServerKilled)
    school.app.state.desk = replace(alive, database=dying)
    try:
        yield
    finally:
        school.app.state.desk = alive
