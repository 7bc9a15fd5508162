"""A connection in which a service's handlers can run without touching anything that is real.

Every table of the schema is hidden behind an empty temporary table of its name (MySQL and MariaDB look there first),
so handlers run as they are: what they read is what they built here, what they change is theirs, and events that they
emit fall into an outbox that ends with the connection. What they built is then copied into real tables.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from chassis.messaging.inbox import Intake, admit, handle
from chassis.messaging.outbox import CLOCK
from chassis.messaging.projections import ProjectedTable, Projection
from chassis.tables import VERSION_TABLE

#: Beside the live table: what was built, and what was live before the swap.
REBUILT = "__rebuilt"
REPLACED = "__replaced"
_HIDING = "__hiding"
_TOUCHED = "edx_touched"
_VERSION_TABLES = {VERSION_TABLE, "alembic_version"}


def ddl_engine(url: str) -> Engine:
    """Connections of the user that may change the schema, without a pool."""
    init = {"connect_timeout": 5, "init_command": "SET time_zone='+00:00', lock_wait_timeout=10"}
    return create_engine(url, poolclass=NullPool, isolation_level="READ COMMITTED", connect_args=init)


def tables_of(connection: Connection) -> list[str]:
    """The schema's own tables, without what an earlier rebuild left."""
    names = inspect(connection).get_table_names()
    return sorted(name for name in names if not name.endswith((REBUILT, REPLACED)) and name not in _VERSION_TABLES)


def columns_of(connection: Connection, table: str) -> list[str]:
    """Their names, in order."""
    return [column["name"] for column in inspect(connection).get_columns(table)]


def key_of(connection: Connection, table: ProjectedTable) -> Sequence[str]:
    """The columns that tell rows apart."""
    return table.key or inspect(connection).get_pk_constraint(table.name)["constrained_columns"]


def listed(columns: Iterable[str], prefix: str = "") -> str:
    """``a.`x`, a.`y```."""
    return ", ".join(f"{prefix}`{column}`" for column in columns)


class Shadow:
    """Builds one projection. Nothing of it can be seen from outside before ``copy``, and then only beside the live
    tables; it vanishes when it is closed.
    """

    def __init__(self, engine: Engine, projection: Projection) -> None:
        self._projection = projection
        self._connection = engine.connect()
        self._columns = {table.name: columns_of(self._connection, table.name) for table in projection.tables}
        self._keys = {table.name: key_of(self._connection, table) for table in projection.tables}
        for name in tables_of(self._connection):
            self._hide(name)
        for table in projection.tables:
            self._run(
                f"ALTER TABLE `{table.name}` ADD COLUMN {_TOUCHED} TIMESTAMP(6) NOT NULL"
                " DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"
            )
        self._connection.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.invalidate()  # whatever state it is in: the temporary tables end with it
        self._connection.close()

    def _hide(self, name: str) -> None:
        self._run(f"CREATE TEMPORARY TABLE `{name}{_HIDING}` LIKE `{name}`")
        if condition := self._projection.reads.get(name):
            self._run(f"INSERT INTO `{name}{_HIDING}` SELECT * FROM `{name}` WHERE {condition}")  # noqa: S608
        self._run(f"ALTER TABLE `{name}{_HIDING}` RENAME TO `{name}`")

    def _run(self, statement: str) -> int:
        return self._connection.exec_driver_sql(statement.replace("%", "%%")).rowcount

    def feed(self, intakes: Sequence[Intake]) -> None:
        """Let the handlers take these in, each at the time of its event; what they had before is passed over."""
        if not intakes:
            return
        with Session(self._connection, expire_on_commit=False) as session, session.begin():
            for intake in admit(session, intakes, intakes[0].envelope.time):
                time: datetime = intake.envelope.time
                session.info[CLOCK] = lambda time=time: time
                handle(session, intake)

    def now(self) -> datetime:
        """The server's time: what is touched from now on is not earlier."""
        moment: datetime = self._connection.execute(text("SELECT NOW(6)")).scalar_one()
        self._connection.commit()
        return moment

    def copy(self, since: datetime | None = None) -> dict[str, int]:
        """Put what was built (or what was touched since) into the rebuilt tables; answers how many rows by table."""
        copied = {}
        for table in self._projection.tables:
            columns, fixed = self._columns[table.name], {*self._keys[table.name], *table.kept}
            updates = ", ".join(f"`{name}` = `{table.name}`.`{name}`" for name in columns if name not in fixed)
            statement = (
                f"INSERT INTO `{table.name}{REBUILT}` ({listed(columns)}) SELECT {listed(columns)} FROM `{table.name}`"  # noqa: S608
            )
            if since is not None:
                key = next(iter(self._keys[table.name]))
                statement += f" WHERE {_TOUCHED} >= '{since.isoformat(' ')}' ON DUPLICATE KEY UPDATE "
                statement += updates or f"`{key}` = `{table.name}`.`{key}`"
            copied[table.name] = self._run(statement)
        self._connection.commit()
        return copied
