"""The cases of one saga, as rows of ``saga_cases``: kept from when they are found until they are closed."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from chassis.tables import saga_cases

_TABLE = saga_cases.c


class Cases:
    """``place`` is what is asked about them; empty for what a service sees in its own schema."""

    def __init__(self, saga: str, place: str = "") -> None:
        self._saga, self._place = saga, place

    def after(self, session: Session, key: str, limit: int) -> dict[str, int]:
        """The next ones by key, each with the number of attempts to repair it."""
        these = self._mine(_TABLE.case_key > key)
        found = select(_TABLE.case_key, _TABLE.attempts).where(these).order_by(_TABLE.case_key).limit(limit)
        return {row.case_key: row.attempts for row in session.execute(found)}

    def all(self, session: Session) -> dict[str, Any]:
        """All of them by key, each with when it is due, and its attempts."""
        found = select(_TABLE.case_key, _TABLE.due_at, _TABLE.attempts).where(self._mine())
        return {row.case_key: row for row in session.execute(found)}

    def lock(self, session: Session, key: str) -> Any | None:
        """When this one was found and is due, and its attempts; None when it has been closed."""
        columns = select(_TABLE.found_at, _TABLE.due_at, _TABLE.attempts)
        return session.execute(columns.where(self._mine(_TABLE.case_key == key)).with_for_update()).one_or_none()

    def keep(self, session: Session, keys: Iterable[str], now: datetime, due: datetime) -> None:
        """These are cases; those that are already stay as they are."""
        new = {"saga": self._saga, "place": self._place, "found_at": now, "due_at": due, "attempts": 0}
        rows = [{**new, "case_key": key} for key in keys]
        if rows:
            session.execute(insert(saga_cases).values(rows).on_duplicate_key_update(attempts=_TABLE.attempts))

    def tried(self, session: Session, key: str, due: datetime) -> None:
        """An attempt more, and the next one not before ``due``."""
        one_more = update(saga_cases).values(attempts=_TABLE.attempts + 1, due_at=due)
        session.execute(one_more.where(self._mine(_TABLE.case_key == key)))

    def close(self, session: Session, keys: Collection[str]) -> None:
        """These are no longer cases."""
        if keys:
            session.execute(delete(saga_cases).where(self._mine(_TABLE.case_key.in_(list(keys)))))

    def count(self, session: Session, found_until: datetime) -> int:
        """How many there are that were found so long ago."""
        these = self._mine(_TABLE.found_at <= found_until)
        return session.scalar(select(func.count()).select_from(saga_cases).where(these)) or 0

    def _mine(self, *more: ColumnElement[bool]) -> ColumnElement[bool]:
        return and_(_TABLE.saga == self._saga, _TABLE.place == self._place, *more)
