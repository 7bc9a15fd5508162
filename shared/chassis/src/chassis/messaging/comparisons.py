"""What must be known, or be, in another place: asked there bit by bit, and told again when it is not (ADR 0021).

A comparison goes through a service's own facts in the order of their keys, some pages a run, and asks the other place
which of them it does not know. What it does not know becomes a row of ``saga_cases``: an event may be on its way, so
only what is still unknown after the grace is an open case. An open case is repaired, with growing pauses for as long as
the place does not know it, and is asked about in each run until it does. While the place, as a consumer group of our
stream, has not come as far as the case was found, nothing is told again.

A page that the place does not answer costs nothing but itself: the next run goes on behind it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from chassis.database import Database, is_unreachable
from chassis.messaging import debts
from chassis.messaging.cases import Cases
from chassis.messaging.relay_store import told_and_not_taken_in_since
from chassis.service_client import NotAnswered

log = structlog.get_logger(__name__)

#: Cases asked about in a run, the others in the next ones; once a run has found so many, it looks no further.
MOST = 500
_FIRST_PAUSE = timedelta(minutes=2)
_LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Fact:
    """What must be known elsewhere; ``asked`` is what the question says of it."""

    key: str
    asked: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """``page(session, after, limit)`` answers facts in the order of their keys, ``again(session, keys)`` those of these
    keys that must still be known. ``unknown(facts)`` asks the place, outside any transaction: the keys that it does not
    know, each with what it said; it raises ``NotAnswered``. ``repair(session, key, said, now)`` sets the normal path in
    motion in a transaction of its own, under its locks; False if there was nothing to do (yet).
    """

    saga: str
    place: str
    page: Callable[[Session, str | None, int], Sequence[Fact]]
    again: Callable[[Session, Sequence[str]], Sequence[Fact]]
    unknown: Callable[[Sequence[Fact]], Mapping[str, Any]]
    repair: Callable[[Session, str, Any, datetime], bool]
    grace: timedelta = timedelta(minutes=2)
    every: timedelta = timedelta(minutes=1)
    page_size: int = 500
    pages: int = 10


@dataclass(frozen=True, slots=True)
class Compared:
    """Of one run: how many repaired cases closed, and what the place did not answer (nothing, if it is empty)."""

    repaired: int
    unanswered: str


class Comparing:
    """One comparison at work. Where it has come to is kept in memory: after a restart it begins again."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self.saga, self.place, self.every = comparison.saga, comparison.place, comparison.every
        self._cases = Cases(comparison.saga, comparison.place)
        self._after: str | None = None
        self._cases_after = ""

    def run(self, database: Database, now: datetime) -> Compared:
        """Compare the next pages, close what is known now, repair what is due.

        What the place does not answer is neither found nor closed.
        """
        unanswered: list[str] = []
        cases, unknown = self._ask_about_cases(database, unanswered)
        unknown |= self._look_further(database, unanswered)
        closed = cases.keys() - unknown.keys()
        database.run(lambda session: self._keep(session, closed, unknown, now))
        behind = database.run(self._behind_since) if unknown else None
        for key in sorted(unknown):
            self._repair(database, key, unknown[key], now, behind)
        repaired = [key for key in closed if cases[key] > 0]
        for key in repaired:
            log.warning("saga_repaired", saga=self.saga, place=self.place, case=key)
        why = "; ".join(dict.fromkeys(unanswered))
        if why:
            log.warning("saga_not_compared", saga=self.saga, place=self.place, error=why, again="next run")
        return Compared(len(repaired), why)

    def count(self, session: Session, now: datetime) -> int:
        """Open cases."""
        return self._cases.count(session, now - self._comparison.grace)

    def _ask_about_cases(self, database: Database, unanswered: list[str]) -> tuple[Mapping[str, int], dict[str, Any]]:
        """The next cases that were answered for, each with its attempts, and those that are still unknown."""
        cases = database.run(lambda session: self._cases.after(session, self._cases_after, MOST))
        self._cases_after = max(cases) if len(cases) == MOST else ""
        facts = database.run(lambda session: self._comparison.again(session, list(cases))) if cases else ()
        try:
            return cases, dict(self._comparison.unknown(facts)) if facts else {}
        except NotAnswered as error:
            unanswered.append(str(error))
            return {}, {}

    def _look_further(self, database: Database, unanswered: list[str]) -> dict[str, Any]:
        """Page by page, as long as there are answers."""
        size = self._comparison.page_size
        found: dict[str, Any] = {}
        for _ in range(self._comparison.pages):
            facts = database.run(lambda session: self._comparison.page(session, self._after, size))
            self._after = facts[-1].key if len(facts) == size else None
            try:
                found |= self._comparison.unknown(facts) if facts else {}
            except NotAnswered as error:
                unanswered.append(str(error))
                break
            if self._after is None or len(found) >= MOST:
                break
        return found

    def _keep(self, session: Session, closed: Collection[str], unknown: Iterable[str], now: datetime) -> None:
        self._cases.close(session, closed)
        self._cases.keep(session, unknown, now, now + self._comparison.grace)

    def _behind_since(self, session: Session) -> datetime | None:
        """When the oldest event was told that the place has yet to read, or is owed."""
        connection = session.connection()
        waiting = (told_and_not_taken_in_since(connection, self.place), debts.owed_since(connection, self.place))
        return min((since for since in waiting if since is not None), default=None)

    def _repair(self, database: Database, key: str, said: Any, now: datetime, behind: datetime | None) -> None:
        try:
            database.run(lambda session: self._repair_if_due(session, key, said, now, behind))
        except Exception as error:
            if is_unreachable(error):
                raise
            log.exception("saga_not_repaired", saga=self.saga, place=self.place, case=key, again="with the next run")

    def _repair_if_due(self, session: Session, key: str, said: Any, now: datetime, behind: datetime | None) -> None:
        """Who is behind may have what it does not know before it: telling it again would make it later still. The case
        is locked, so that of two runs at once (the lock of one was lost) only one tells.
        """
        case = self._cases.lock(session, key)
        if case is None:  # closed by another run
            return
        may_be_coming = behind is not None and behind <= case.found_at
        if now < case.due_at or may_be_coming or not self._comparison.repair(session, key, said, now):
            return
        pause: timedelta = min(_FIRST_PAUSE * 2 ** min(case.attempts, 10), _LONGEST_PAUSE)
        self._cases.tried(session, key, now + pause)
