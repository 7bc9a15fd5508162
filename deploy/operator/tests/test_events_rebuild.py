"""``edxelera events rebuild`` and ``verify``: real processes of each service, each with its own schema only."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from rich.console import Console
from sqlalchemy import select, text, update
from typer.testing import CliRunner

from chassis.database import Database
from chassis.messaging import emit
from chassis.tables import outbox
from chassis.testing import deliver
from chassis.testing.schemas import TestSchema
from contracts.events import AccountRegistered, Envelope
from discussion.events import consumers
from edxelera import environment
from edxelera.events import commands, projections
from edxelera.main import app
from edxelera.units import UNITS

WHY = ("--why", "a row was changed by hand", "--who", "ada")
HAND = "UPDATE accounts SET name = 'Somebody Else' LIMIT 1"


@pytest.fixture
def discussion(
    schema_for: Callable[[str], TestSchema],
    database_for: Callable[[str], Database],
    redis_url: str,
    cache_redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Database]:
    """Three people have registered, and discussion knows their names."""
    env = {"EDX_REDIS_URL": redis_url, "EDX_CACHE_REDIS_URL": cache_redis_url}
    for unit in UNITS:
        schema = schema_for(unit if unit in ("gateway", "discussion") else "chassis")
        env[f"EDX_{unit.upper()}_DATABASE_URL"] = schema.url
        env[f"EDX_{unit.upper()}_MIGRATION_DATABASE_URL"] = schema.admin_url
    (tmp_path / "env").write_text(environment.render(env))
    monkeypatch.setenv("EDXELERA_LOCAL", str(tmp_path))
    for module in (projections, commands):
        monkeypatch.setattr(module, "console", Console(width=250, highlight=False, force_terminal=False))
    for name in ("Ada", "Ben", "Chi"):
        registered = AccountRegistered(sequence=1, account_id=uuid4(), name=name, roles=["student"], teaches=[])
        with database_for("gateway").begin() as session:
            id_ = emit(session, registered)
        envelope = Envelope.wrap(registered, id=id_, time=datetime.now(UTC), traceparent=None)
        deliver(database_for("discussion"), consumers, envelope)
    return database_for("discussion")


def run(*arguments: str, code: int = 0) -> str:
    ran = CliRunner().invoke(app, ["events", *arguments])
    assert ran.exit_code == code, ran.output
    return ran.output


def names(database: Database) -> list[str]:
    with database.begin() as session:
        return sorted(session.scalars(text("SELECT name FROM accounts")))


def test_a_row_changed_by_hand_is_found_and_put_right(discussion: Database, cache_redis_url: str) -> None:
    assert "as the archive tells" in run("verify", "discussion", "accounts")
    with discussion.begin() as session:
        session.execute(text(HAND))
    shown = run("verify", "discussion", code=1)
    assert "different in 1 rows" in shown
    assert "Somebody Else" in shown
    (verdict,) = json.loads(run("verify", "discussion", "accounts", "--json", code=1))
    assert [verdict["equal"], verdict["tables"][0]["differing"]] == [False, 1]
    with redis.Redis.from_url(cache_redis_url) as cache:
        cache.set("edx:discussion:tag:cohort:1", b"generation")
        cache.set("edx:learning:tag:cohort:1", b"generation")
        assert "discussion accounts" in run("rebuild", "discussion", "accounts", *WHY)
        assert cache.keys("edx:*:tag:*") == [b"edx:learning:tag:cohort:1"], "what discussion cached is out of date"
    assert names(discussion) == ["Ada", "Ben", "Chi"]
    assert run("verify", "discussion")
    assert "accounts from 3 events" in run("actions", "--unit", "discussion")


def test_all_projections_of_a_service_for_scripts(discussion: Database) -> None:
    answer = json.loads(run("rebuild", "discussion", "--all", *WHY, "--json"))
    assert [each["projection"] for each in answer["built"]] == ["accounts", "programs", "cohorts", "enrollments"]
    assert answer["built"][0]["rows"] == {"accounts": 3}
    assert names(discussion) == ["Ada", "Ben", "Chi"]
    assert "discussion: accounts, programs, cohorts, enrollments" in run("projections")


def test_an_event_that_cannot_be_read_is_named_and_stops_nothing(
    discussion: Database, database_for: Callable[[str], Database]
) -> None:
    with database_for("gateway").begin() as session:
        registered = AccountRegistered(sequence=1, account_id=uuid4(), name="Dan", roles=["student"], teaches=[])
        bad = emit(session, registered)
    with database_for("gateway").begin() as session:
        session.execute(update(outbox).where(outbox.c.id == bad).values(envelope=b"\n\nno event\n"))
    assert "as the archive tells" in run("verify", "discussion", "accounts")
    shown = run("rebuild", "discussion", "accounts", *WHY)
    assert f"account_registered {bad}" in shown
    assert names(discussion) == ["Ada", "Ben", "Chi"]


def test_a_handler_that_raises_is_named_with_its_event_in_one_sentence(
    discussion: Database, database_for: Callable[[str], Database]
) -> None:
    with database_for("gateway").begin() as session:
        id_, raw = session.execute(select(outbox.c.id, outbox.c.envelope).where(outbox.c.sequence == 1).limit(1)).one()
        longer = raw.replace(b'"name":"', b'"name":"' + b"x" * 5000)
        session.execute(update(outbox).where(outbox.c.id == id_).values(envelope=longer))
    said = " ".join(run("rebuild", "discussion", "accounts", *WHY, code=1).split())
    assert f"discussion.know_accounts cannot take in event {id_}" in said
    assert "accounts stays as it was" in said
    assert names(discussion) == ["Ada", "Ben", "Chi"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rebuild", "discussion", "posts", *WHY], "has no projection 'posts'; it has accounts"),
        (["rebuild", "discussion", *WHY], "say which projections"),
        (["rebuild", "discussion", "--all", "--who", "ada", "--why", " "], "say who does it and why"),
        (["verify", "nobody"], "There is no service 'nobody'"),
    ],
    ids=["unknown", "none", "no reason", "no service"],
)
def test_what_cannot_be_is_said(discussion: Database, arguments: list[str], said: str) -> None:
    ran = CliRunner().invoke(app, ["events", *arguments])
    assert ran.exit_code != 0
    assert said in str(ran.output) + str(ran.exception)
    assert names(discussion) == ["Ada", "Ben", "Chi"]


def test_an_archive_that_cannot_be_reached_changes_nothing(
    discussion: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = environment.read(tmp_path / "env")
    env["EDX_GATEWAY_DATABASE_URL"] = "mysql+pymysql://nobody:x@127.0.0.1:1/none"
    (tmp_path / "env").write_text(environment.render(env))
    ran = CliRunner().invoke(app, ["events", "rebuild", "discussion", "accounts", *WHY])
    assert ran.exit_code != 0
    assert "gateway: the database of gateway did not answer" in str(ran.output) + str(ran.exception)
    assert names(discussion) == ["Ada", "Ben", "Chi"]


def test_a_cache_that_cannot_be_is_said_before_anything_is_rebuilt(discussion: Database, tmp_path: Path) -> None:
    env = environment.read(tmp_path / "env")
    env["EDX_CACHE_REDIS_URL"] = "nonsense"
    (tmp_path / "env").write_text(environment.render(env))
    with discussion.begin() as session:
        session.execute(text(HAND))
    ran = CliRunner().invoke(app, ["events", "rebuild", "discussion", "accounts", *WHY])
    assert ran.exit_code != 0
    assert "EDX_CACHE_REDIS_URL is not the address of a Redis" in str(ran.output) + str(ran.exception)
    assert "Somebody Else" in names(discussion)


def test_a_rebuild_that_is_killed_leaves_the_service_as_it_was_and_the_next_one_works(
    discussion: Database, schema_for: Callable[[str], TestSchema]
) -> None:
    schema = schema_for("discussion")
    before = _tables(schema)
    with discussion.begin() as session:
        session.execute(text(HAND))
    asking: Any = subprocess.Popen(
        [sys.executable, "-m", "chassis.messaging.operations", "discussion", "rebuild", "accounts", *WHY],
        env={
            "EDX_DISCUSSION_MIGRATION_DATABASE_URL": schema.admin_url,
            "EDX_CACHE_REDIS_URL": "redis://127.0.0.1:1",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with asking:
        assert b'"count"' in asking.stdout.readline()  # it has made its tables, and waits for the archive
        asking.kill()
    assert "Somebody Else" in names(discussion)
    assert _tables(schema) - before == {"accounts__rebuilt"}
    run("rebuild", "discussion", "accounts", *WHY)
    assert names(discussion) == ["Ada", "Ben", "Chi"]
    assert _tables(schema) == before


def _tables(schema: TestSchema) -> set[str]:
    with schema.connect() as connection:
        return {row[0] for row in connection.execute(text("SHOW TABLES"))}
