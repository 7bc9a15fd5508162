"""A schema of its own for each service and test worker: really migrated, and used by the least privileged user."""

import secrets
from contextlib import suppress

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from chassis import append_only, migrate, tables

_KEPT = {"alembic_version", tables.VERSION_TABLE}
_LOADED: dict[str, "TestSchema"] = {}


class TestSchema:
    """One service's schema. ``url`` is for the service's own user, ``admin_url`` for the tests'."""

    __test__ = False

    def __init__(self, admin_url: str, service: str, run: str) -> None:
        self.name = f"edxt_{run}_{service}"[:60]
        self.service = service
        self._server = create_engine(admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._user = f"t{secrets.token_hex(8)}"
        password = secrets.token_hex(12)
        url = make_url(admin_url).set(database=self.name, query={"charset": "utf8mb4"})
        self.admin_url = url.render_as_string(hide_password=False)
        self.url = url.set(username=self._user, password=password).render_as_string(hide_password=False)
        with self._server.connect() as server:
            server.exec_driver_sql(f"CREATE DATABASE `{self.name}` CHARACTER SET utf8mb4")
            server.exec_driver_sql(f"CREATE USER '{self._user}'@'%%' IDENTIFIED BY '{password}'")
            server.exec_driver_sql(f"GRANT SELECT, INSERT ON `{self.name}`.* TO '{self._user}'@'%%'")
        migrate.upgrade_url(self.admin_url, None if service == "chassis" else service, user=self._user)
        self._admin: Engine = create_engine(self.admin_url, pool_size=1)
        self._tables = self._own_tables()
        _LOADED[service] = self

    def _own_tables(self) -> list[str]:
        with self._admin.connect() as connection:
            rows = connection.execute(
                text("SELECT table_name FROM information_schema.tables WHERE table_schema = :name"), {"name": self.name}
            )
            return sorted({row[0] for row in rows} - _KEPT)

    def empty(self) -> None:
        """Delete all rows (TRUNCATE would be DDL, and slow)."""
        with self._admin.begin() as connection:
            connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS=0")
            for table in self._tables:
                connection.exec_driver_sql(f"DELETE FROM `{table}`")  # noqa: S608
            connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS=1")

    def drop(self) -> None:
        """Remove the schema and its user."""
        self._admin.dispose()
        with suppress(Exception), self._server.connect() as server:
            server.exec_driver_sql(f"DROP DATABASE `{self.name}`")
            server.exec_driver_sql(f"DROP USER '{self._user}'@'%%'")
        _LOADED.pop(self.service, None)

    def protect(self) -> None:
        """Give the service's user its rights on tables that a test has made besides."""
        with self._admin.connect() as connection:
            append_only.protect(connection, self._user)

    def connect(self) -> Connection:
        """A connection with the administrator's rights on this schema."""
        return self._admin.connect()


def assert_migrations_match(service: str, metadata: MetaData) -> None:
    """The schema that the migrations made is the one that the models describe.

    Needs the ``database_for`` fixture to have made ``service``'s schema.
    """
    with _LOADED[service].connect() as connection:
        ours = set(metadata.tables)
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _o, name, kind, _r, _c: kind != "table" or name in ours,
            },
        )
        differences = compare_metadata(context, metadata)
    assert not differences, f"{service}: migrations and models differ: {differences}"
