"""Connections to MySQL share what may be shared, and say nothing that need not be said."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from unittest.mock import patch

import pytest
from pymysql.connections import Connection
from pymysql.constants.COMMAND import COM_PING
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from chassis import mysql
from chassis.database import Database, new_engine
from chassis.messaging.locks import lock_engine
from chassis.mysql import FrugalConnection, mysql_engine
from chassis.testing import eventually
from chassis.testing.schemas import TestSchema


def test_a_process_reads_the_systems_certificates_once_however_many_connections_it_makes(schema_for) -> None:
    schema: TestSchema = schema_for("chassis")
    mysql._context.cache_clear()
    with patch.object(ssl, "create_default_context", side_effect=ssl.create_default_context) as made:
        database = Database(schema.url, pool_size=3)
        with database.begin() as one, database.begin() as two, lock_engine(schema.url).connect() as three:
            contexts = {id(each.connection().connection.driver_connection.ctx) for each in (one, two)}
            contexts.add(id(three.connection.driver_connection.ctx))
        database.dispose()
    assert made.call_count == len(contexts) == 1


def test_other_ways_to_connect_have_other_contexts() -> None:
    usual = FrugalConnection(defer_connect=True)
    narrow = FrugalConnection(defer_connect=True, ssl={"cipher": "ECDHE+AESGCM"})
    assert usual.ctx is FrugalConnection(defer_connect=True).ctx
    assert usual.ctx.verify_mode is ssl.CERT_NONE, "PyMySQL's own: encrypted where the server can, not verified"
    assert len(narrow.ctx.get_ciphers()) < len(usual.ctx.get_ciphers())


def test_a_context_of_the_callers_own_is_kept() -> None:
    own = ssl.create_default_context()
    assert FrugalConnection(defer_connect=True, ssl=own).ctx is own


@pytest.fixture
def engine(schema_for: Callable[[str], TestSchema]) -> Iterator[Engine]:
    found = new_engine(schema_for("chassis").url, pool_size=1)
    yield found
    found.dispose()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes to the server, from now on."""
    seen: list[str] = []
    execute = Connection._execute_command

    def watched(self: Connection, command: int, sql: str | bytes) -> None:
        words = sql if isinstance(sql, str) else sql.decode()
        seen.append(words.split()[0] if words else {COM_PING: "PING"}.get(command, str(command)))
        execute(self, command, sql)

    monkeypatch.setattr(Connection, "_execute_command", watched)
    return seen


def _write(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT 1"))


def test_a_transaction_right_after_another_is_its_statements_and_its_commit(engine: Engine, sent: list[str]) -> None:
    _write(engine)
    sent.clear()
    _write(engine)
    assert sent == ["SELECT", "COMMIT"]


def test_what_was_not_committed_is_rolled_back_before_another_gets_the_connection(
    engine: Engine, sent: list[str]
) -> None:
    _write(engine)
    sent.clear()
    with engine.connect() as connection:  # begun by itself, ended by nobody
        connection.execute(text("SELECT 1"))
    _write(engine)
    assert sent == ["SELECT", "ROLLBACK", "SELECT", "COMMIT"]


def test_what_failed_is_rolled_back(engine: Engine, sent: list[str]) -> None:
    _write(engine)
    sent.clear()
    with suppress(ProgrammingError), engine.begin() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    assert sent == ["SELECT", "ROLLBACK"]


def test_a_transaction_begun_by_the_driver_is_one_too(engine: Engine, sent: list[str]) -> None:
    _write(engine)
    sent.clear()
    with engine.connect() as connection:
        connection.connection.dbapi_connection.begin()  # type: ignore[union-attr]
    assert sent == ["BEGIN", "ROLLBACK"]


def test_a_connection_that_was_silent_for_a_while_is_asked_whether_it_lives(
    engine: Engine, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(engine)
    monkeypatch.setattr(mysql, "JUST_NOW_SECONDS", -1.0)
    sent.clear()
    _write(engine)
    assert sent == ["PING", "SELECT", "COMMIT"]


def test_a_dead_connection_that_was_silent_for_a_while_is_replaced_unnoticed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.connect() as connection:
        number = connection.scalar(text("SELECT CONNECTION_ID()"))
    _kill(engine, number)
    monkeypatch.setattr(mysql, "JUST_NOW_SECONDS", -1.0)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT CONNECTION_ID()")) != number


def test_one_that_died_just_now_costs_one_error_and_is_replaced(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql, "JUST_NOW_SECONDS", 60.0)
    with engine.connect() as connection:
        number = connection.scalar(text("SELECT CONNECTION_ID()"))
    _kill(engine, number)
    with pytest.raises(OperationalError), engine.connect() as connection:
        connection.scalar(text("SELECT 1"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT CONNECTION_ID()")) != number


def _kill(engine: Engine, number: int | None) -> None:
    other = mysql_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        connection.exec_driver_sql(f"KILL CONNECTION {number}")
        there = text("SELECT COUNT(*) FROM information_schema.processlist WHERE id = :id")
        eventually(lambda: connection.scalar(there, {"id": number}) == 0)
