"""Puts rebuilt tables in the place of the live ones, in one step, while the service runs.

Writers of these tables are held for about a second (``Held``); readers go on. Then one RENAME TABLE, which the server
lets go before the writers that wait: they find the new tables.
"""

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine

from chassis.messaging.operations.shadow import REBUILT, REPLACED, listed

#: Seconds in which the RENAME must be waiting for its turn.
_PATIENCE = 8.0


class SwapFailed(Exception):
    """The tables are as they were; the message says why."""


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
        """Put the rebuilt tables in the place of the live ones, and let go. Raises ``SwapFailed``.

        The RENAME must stand in the queue before the hold ends: what a writer did between them would be lost.
        """
        renaming = _Renaming(self._engine, self._tables)
        renaming.start()
        deadline = time.monotonic() + _PATIENCE
        while renaming.is_alive() and not self._waits(renaming) and time.monotonic() < deadline:
            time.sleep(0.02)
        if renaming.is_alive() and not self._waits(renaming):
            self._call_off(renaming)
        self.release()
        renaming.join()
        if renaming.error is not None:
            raise SwapFailed(f"the tables could not be renamed: {renaming.error}") from renaming.error

    def _waits(self, renaming: "_Renaming") -> bool:
        return any(row[0] == renaming.server_id and "lock" in str(row[6]).lower() for row in self._threads())

    def _call_off(self, renaming: "_Renaming") -> None:
        renaming.called_off.set()
        if self._connection is not None and any(row[0] == renaming.server_id for row in self._threads()):
            self._connection.exec_driver_sql(f"KILL {renaming.server_id}")

    def _threads(self) -> Sequence[Any]:
        return self._connection.exec_driver_sql("SHOW PROCESSLIST").all() if self._connection is not None else ()


class _Renaming(threading.Thread):
    def __init__(self, engine: Engine, tables: Sequence[str]) -> None:
        super().__init__(name="renaming", daemon=True)
        self._engine = engine
        pairs = [(name, name + REPLACED, name + REBUILT) for name in tables]
        moves = ", ".join(f"`{live}` TO `{old}`, `{new}` TO `{live}`" for live, old, new in pairs)
        self._statement = f"RENAME TABLE {moves}"
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


def drop_leftovers(connection: Connection, tables: Sequence[str]) -> None:
    """Remove what a rebuild has left beside these tables."""
    left = [f"{table}{suffix}" for table in tables for suffix in (REBUILT, REPLACED)]
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {listed(left)}")
    connection.commit()
