"""Puts rebuilt tables in the place of the live ones while the service runs.

Writers of these tables are held for about a second (``Held``); readers go on. Then one RENAME for each table, which the
server lets go before the writers that wait: they find the new tables. One RENAME for all of them would ask for its
locks one after the other, so it would stand in one queue alone, and a writer in another would be let in before it.
"""

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine

from chassis.messaging.operations.shadow import REBUILT, REPLACED, listed

#: Seconds in which every RENAME must be waiting for its turn.
_PATIENCE = 8.0
#: What MySQL and MariaDB say that a statement does then (``SHOW PROCESSLIST``, state).
_FOR_A_TABLE = "table metadata lock"


class SwapFailed(Exception):
    """The tables are as they were; the message says why."""


class PartlySwapped(SwapFailed):
    """Some tables are new, others as they were; each shows what the service has taken in, as well as it did before."""


class Held:
    """While this is held nobody changes the tables, and everybody may read them. Raises what the server says when
    transactions that are open keep it waiting for more than ten seconds.
    """

    def __init__(self, engine: Engine, tables: Sequence[str]) -> None:
        self._engine = engine
        self._tables = tables
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        self._connection = self._engine.connect()
        locks = ", ".join(f"`{name}` READ" for name in self._tables)
        try:
            self._connection.exec_driver_sql(f"LOCK TABLES {locks}")
        except BaseException:
            self._connection.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let the others go on."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.exec_driver_sql("UNLOCK TABLES")
            finally:
                connection.invalidate()
                connection.close()

    def swap(self) -> None:
        """Put the rebuilt tables in the place of the live ones, and let go. Raises ``SwapFailed``, and
        ``PartlySwapped`` when somebody read one of the tables for too long.

        Every RENAME must stand in its queue before the hold ends: what a writer did before it would be lost.
        """
        renamings = [_Renaming(self._engine, name) for name in self._tables]
        for each in renamings:
            each.start()
        if not self._all_wait(renamings):
            self._call_off(renamings)
        self.release()
        for each in renamings:
            each.join()
        _judge(renamings)

    def _all_wait(self, renamings: Sequence["_Renaming"]) -> bool:
        deadline = time.monotonic() + _PATIENCE
        while all(each.is_alive() for each in renamings) and time.monotonic() < deadline:
            waiting = {row[0] for row in self._threads() if _FOR_A_TABLE in str(row[6]).lower()}
            if all(each.server_id in waiting for each in renamings):
                return True
            time.sleep(0.02)
        return False

    def _call_off(self, renamings: Sequence["_Renaming"]) -> None:
        for each in renamings:
            each.called_off.set()
        here = {row[0] for row in self._threads()}
        for each in renamings:
            if self._connection is not None and each.server_id in here:
                self._connection.exec_driver_sql(f"KILL {each.server_id}")

    def _threads(self) -> Sequence[Any]:
        return self._connection.exec_driver_sql("SHOW PROCESSLIST").all() if self._connection is not None else ()


class _Renaming(threading.Thread):
    def __init__(self, engine: Engine, table: str) -> None:
        super().__init__(name=f"renaming-{table}", daemon=True)
        self._engine = engine
        self.table = table
        self._statement = f"RENAME TABLE `{table}` TO `{table}{REPLACED}`, `{table}{REBUILT}` TO `{table}`"
        self.server_id: int | None = None
        self.called_off = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            with self._engine.connect() as connection:
                self.server_id = connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar_one()
                if self.called_off.is_set():
                    raise TimeoutError("the database server did not answer in time")
                connection.exec_driver_sql(self._statement)
        except Exception as error:
            self.error = error


def _judge(renamings: Sequence[_Renaming]) -> None:
    failed = {each.table: each.error for each in renamings if each.error is not None}
    if not failed:
        return
    error = next(iter(failed.values()))
    if len(failed) == len(renamings):
        raise SwapFailed(f"the tables could not be renamed: {error}") from error
    raise PartlySwapped(
        f"{', '.join(failed)} could not be renamed, and the projection's other tables were: nothing is lost, but run it"
        f" again when nobody reads it for long ({error})"
    ) from error


def drop_leftovers(connection: Connection, tables: Sequence[str]) -> None:
    """Remove what a rebuild has left beside these tables."""
    left = [f"{table}{suffix}" for table in tables for suffix in (REBUILT, REPLACED)]
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {listed(left)}")
    connection.commit()
