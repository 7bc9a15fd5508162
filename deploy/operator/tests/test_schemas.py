"""Database bootstrap on a real server: who may do what, and nobody reaches another schema."""

import gc
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from chassis import append_only
from chassis.tables import APPEND_ONLY
from edxelera import schemas


class Installed:
    """Two units on the server of the tests, under names of their own."""

    def __init__(self, admin_url: str) -> None:
        run = secrets.token_hex(3)
        self.units = (f"one{run}", f"two{run}")
        self.admin_url = admin_url
        self.secret = {
            f"database_{unit}{suffix}": f"p'w%{secrets.token_urlsafe(8)}"
            for unit in self.units
            for suffix in ("", "_migrator")
        }
        self.bootstrap()

    def bootstrap(self) -> None:
        with self.admin().connect() as connection:
            schemas.bootstrap(connection, self.secret, self.units)

    def admin(self) -> Engine:
        return create_engine(self.admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def engine(self, unit: str, migrator: bool = False, schema: str | None = None) -> Engine:
        user = schemas.migrator_user(unit) if migrator else schemas.runtime_user(unit)
        password = self.secret[f"database_{unit}{'_migrator' if migrator else ''}"]
        url = make_url(self.admin_url).set(
            username=user,
            password=password,
            database=schema or schemas.database_name(unit),
            query={"charset": "utf8mb4"},
        )
        return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def remove(self) -> None:
        with self.admin().connect() as connection:
            for unit in self.units:
                connection.exec_driver_sql(f"DROP DATABASE `{schemas.database_name(unit)}`")
                for user in (schemas.runtime_user(unit), schemas.migrator_user(unit)):
                    connection.exec_driver_sql(f"DROP USER '{user}'@'%%'")


@pytest.fixture
def installed(backends: Any) -> Iterator[Installed]:
    made = Installed(backends.mysql_admin_url)
    yield made
    made.remove()


def run(engine: Engine, *statements: str) -> None:
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def refused(engine: Engine, statement: str = "SELECT 1") -> bool:
    try:
        run(engine, statement)
    except DBAPIError:
        return True
    return False


def protect(installed: Installed, unit: str) -> None:
    """What a migration does in the end."""
    with installed.engine(unit, migrator=True).connect() as connection:
        append_only.protect(connection, schemas.runtime_user(unit))


def test_the_migrator_makes_tables_and_the_runtime_user_works_with_rows(installed: Installed) -> None:
    one = installed.units[0]
    run(
        installed.engine(one, migrator=True),
        "CREATE TABLE parent (id INT PRIMARY KEY)",
        "CREATE TABLE child (id INT PRIMARY KEY, parent_id INT, FOREIGN KEY (parent_id) REFERENCES parent (id))",
        "ALTER TABLE child ADD COLUMN note VARCHAR(10)",
        "CREATE INDEX child_note ON child (note)",
    )
    protect(installed, one)
    run(
        installed.engine(one),
        "INSERT INTO parent VALUES (1)",
        "INSERT INTO child VALUES (1, 1, 'a')",
        "UPDATE child SET note = 'b'",
        "SELECT GET_LOCK('edxelera.relay', 0)",
        "DELETE FROM child",
    )


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE other (id INT)", "DROP TABLE things", "ALTER TABLE things ADD COLUMN x INT", "TRUNCATE things"],
)
def test_the_runtime_user_cannot_change_the_schema(installed: Installed, statement: str) -> None:
    one = installed.units[0]
    run(installed.engine(one, migrator=True), "CREATE TABLE things (id INT)")
    assert refused(installed.engine(one), statement)


@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
def test_audit_rows_are_added_and_read_only(installed: Installed, table: str) -> None:
    one = installed.units[0]
    run(installed.engine(one, migrator=True), f"CREATE TABLE {table} (id INT PRIMARY KEY)", "CREATE TABLE t (id INT)")
    for _ in range(2):  # each migration does it again
        protect(installed, one)
        service = installed.engine(one)
        run(service, f"INSERT INTO {table} VALUES ({_})", f"SELECT * FROM {table}", "UPDATE t SET id = 1")
        forbidden = (f"UPDATE {table} SET id = 9", f"DELETE FROM {table}", f"REPLACE INTO {table} VALUES (0)")
        assert all(refused(service, statement) for statement in forbidden)


def test_an_older_installation_loses_the_right_with_its_next_migration(installed: Installed) -> None:
    one = installed.units[0]
    run(installed.engine(one, migrator=True), "CREATE TABLE audit_entries (id INT)", "CREATE TABLE t (id INT)")
    pattern = schemas.database_name(one).replace("_", r"\_")
    with installed.admin().connect() as connection:
        connection.exec_driver_sql(f"GRANT UPDATE, DELETE ON `{pattern}`.* TO '{schemas.runtime_user(one)}'@'%%'")
    assert not refused(installed.engine(one), "DELETE FROM audit_entries")
    protect(installed, one)
    assert refused(installed.engine(one), "DELETE FROM audit_entries")
    assert not refused(installed.engine(one), "DELETE FROM t")


def test_a_user_who_may_not_grant_takes_nothing_away(installed: Installed) -> None:
    one = installed.units[0]
    run(installed.engine(one, migrator=True), "CREATE TABLE t (id INT)")
    protect(installed, one)
    with installed.engine(one).connect() as connection, pytest.raises(append_only.NotProtected):
        append_only.protect(connection, schemas.migrator_user(one))
    assert not refused(installed.engine(one, migrator=True), "DELETE FROM t")


@pytest.mark.parametrize("migrator", [False, True])
def test_no_user_reaches_another_schema(installed: Installed, migrator: bool) -> None:
    one, two = installed.units
    run(installed.engine(two, migrator=True), "CREATE TABLE things (id INT)")
    theirs = schemas.database_name(two)
    assert refused(installed.engine(one, migrator, schema=theirs))
    assert refused(installed.engine(one, migrator), f"SELECT * FROM `{theirs}`.things")
    assert refused(installed.engine(one, migrator), f"CREATE TABLE `{theirs}`.mine (id INT)")
    assert refused(installed.engine(one, migrator), "SELECT * FROM mysql.user")
    assert not refused(installed.engine(one, migrator))


def test_an_underscore_in_a_schemas_name_is_no_wildcard(installed: Installed) -> None:
    one = installed.units[0]
    lookalike = schemas.database_name(one).replace("_", "x")
    with installed.admin().connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE `{lookalike}`")
    try:
        assert refused(installed.engine(one, schema=lookalike))
    finally:
        with installed.admin().connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE `{lookalike}`")


def test_again_it_changes_nothing_and_sets_a_changed_password(installed: Installed) -> None:
    one = installed.units[0]
    run(installed.engine(one, migrator=True), "CREATE TABLE things (id INT)")
    old = installed.engine(one)
    installed.secret[f"database_{one}"] = "another"
    installed.bootstrap()
    assert refused(old)
    run(installed.engine(one), "INSERT INTO things VALUES (1)")


def test_a_server_that_lets_nobody_in_does_not_answer(backends: Any) -> None:
    url = make_url(backends.mysql_admin_url)
    assert schemas.answers(url.render_as_string(hide_password=False))
    assert not schemas.answers(url.set(username="nobody", password="wrong").render_as_string(hide_password=False))


def test_a_socket_that_nobody_listens_behind_is_no_answer_and_no_leak(tmp_path: Path) -> None:
    stale = tmp_path / "mariadb.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(stale))
    for path in (stale, tmp_path / "missing.sock"):
        assert not schemas.answers(f"mysql+pymysql://root@localhost/?unix_socket={path}")
    gc.collect()  # a leaked socket would be a warning here
