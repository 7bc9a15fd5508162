"""Migrations: from empty, repeatable, at once, and the same as the tables in the code."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from chassis import migrate, tables
from chassis.testing import assert_migrations_match
from chassis.testing.backends import Backends
from chassis.testing.schemas import TestSchema

REVISION = """
from alembic import op
import sqlalchemy as sa
revision = "{revision}"
down_revision = {down}
def upgrade():
    {step}
"""


@pytest.fixture
def empty_schema(backends: Backends) -> Iterator[Engine]:
    server = create_engine(backends.mysql_admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    name = f"edxt_migrate_{threading.get_ident()}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE `{name}`")
    yield create_engine(server.url.set(database=name), poolclass=NullPool)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE `{name}`")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A service's package with these migration steps."""
    (tmp_path / "src" / "stocktaking").mkdir(parents=True)
    (tmp_path / "src" / "stocktaking" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    versions = tmp_path / "migrations" / "versions"

    def write(*steps: str) -> None:
        versions.mkdir(parents=True, exist_ok=True)
        for number, step in enumerate(steps, 1):
            down = repr(f"{number - 1:04d}") if number > 1 else None
            source = REVISION.format(revision=f"{number:04d}", down=down, step=step)
            (versions / f"{number:04d}_step.py").write_text(source)

    return write


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def test_the_migrations_make_the_tables_of_the_code(schema_for: Callable[[str], TestSchema]) -> None:
    schema_for("chassis")
    assert_migrations_match("chassis", tables.metadata)


def test_chassis_tables_and_a_services_own_have_a_version_table_each(
    empty_schema: Engine, package: Callable[..., None]
) -> None:
    package('op.create_table("shelves", sa.Column("id", sa.Integer, primary_key=True))')
    for _ in range(2):
        migrate.upgrade_url(url_of(empty_schema), "stocktaking")
    names = set(inspect(empty_schema).get_table_names())
    assert {"outbox", "inbox", "shelves", tables.VERSION_TABLE, migrate.SERVICE_VERSION_TABLE} <= names


def test_a_run_that_failed_half_way_goes_on_where_it_was(empty_schema: Engine, package: Callable[..., None]) -> None:
    first = 'op.create_table("shelves", sa.Column("id", sa.Integer, primary_key=True))'
    package(first, 'raise RuntimeError("the disk is full")')
    with pytest.raises(RuntimeError):
        migrate.upgrade_url(url_of(empty_schema), "stocktaking")
    package(first, 'op.add_column("shelves", sa.Column("height", sa.Integer))')
    migrate.upgrade_url(url_of(empty_schema), "stocktaking")
    assert [column["name"] for column in inspect(empty_schema).get_columns("shelves")] == ["id", "height"]


def test_two_at_once_take_turns(empty_schema: Engine) -> None:
    errors: list[Exception] = []
    meet = threading.Barrier(2, timeout=10)

    def run() -> None:
        meet.wait()
        try:
            with empty_schema.connect() as connection, migrate._alone(connection):
                connection.execute(text("CREATE TABLE turns (id INT)"))
                connection.execute(text("DROP TABLE turns"))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []


def test_the_command_says_what_is_missing(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    package: Callable[..., None],
    empty_schema: Engine,
) -> None:
    monkeypatch.delenv("EDX_STOCKTAKING_MIGRATION_DATABASE_URL", raising=False)
    assert migrate.main(["stocktaking"]) == 2
    assert "EDX_STOCKTAKING_MIGRATION_DATABASE_URL" in capsys.readouterr().err
    monkeypatch.setenv("EDX_STOCKTAKING_MIGRATION_DATABASE_URL", url_of(empty_schema))
    assert migrate.main(["stocktaking"]) == 2
    assert "migrations/versions" in capsys.readouterr().err
    package('op.create_table("shelves", sa.Column("id", sa.Integer, primary_key=True))')
    assert migrate.main(["stocktaking"]) == 0
