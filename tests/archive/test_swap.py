"""Rebuilt tables take the place of the live ones in one step, or not at all, whoever dies or stands in the way."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.pool import NullPool
from tests.archive.world import OPERATOR, Student, World, projections_of

from chassis.messaging.operations import rebuilding, swapping
from chassis.messaging.operations.rebuild import rebuild
from chassis.messaging.operations.swapping import SwapFailed
from chassis.tables import operator_actions
from chassis.testing import eventually
from chassis.testing.schemas import TestSchema

SchemaFor = Callable[[str], TestSchema]


class Killed(BaseException):
    """Nobody catches it, as nobody catches a kill -9."""


def names(world: World) -> list[str]:
    return [row[1] for row in world.rows("certificates")["people"]]


def register(world: World, name: str) -> None:
    world.deliver("certificates", world.publish(Student().registered(name)))


@pytest.fixture
def changed(world: World) -> World:
    """Certificates, where somebody has changed a row by hand."""
    register(world, "Ada")
    world.run("certificates", "UPDATE people SET name = 'Eve'")
    return world


def test_a_rebuild_that_dies_right_after_the_swap_has_swapped_and_the_next_one_sweeps(changed: World) -> None:
    sweep, times = rebuilding.drop_leftovers, iter([True, False])

    def die_the_second_time(*given: Any) -> None:
        if not next(times):
            raise Killed
        sweep(*given)

    with pytest.raises(Killed), patch.object(rebuilding, "drop_leftovers", die_the_second_time):
        changed.rebuild("certificates", "students")
    assert "people__replaced" in changed.there("certificates")
    assert names(changed) == ["Ada"]
    register(changed, "Bea")
    assert sorted(names(changed)) == ["Ada", "Bea"]
    changed.rebuild("certificates", "students")
    assert not [name for name in changed.there("certificates") if "__" in name]
    assert [verdict.equal for verdict in changed.verify("certificates", "students")] == [True]


def test_a_rebuild_that_dies_before_the_swap_has_changed_nothing(changed: World) -> None:
    with pytest.raises(Killed), patch.object(swapping.Held, "swap", side_effect=Killed):
        changed.rebuild("certificates", "students")
    assert names(changed) == ["Eve"]
    register(changed, "Bea")
    changed.rebuild("certificates", "students")
    assert sorted(names(changed)) == ["Ada", "Bea"]


def test_the_swap_waits_for_a_transaction_that_reads_the_table(changed: World, schema_for: SchemaFor) -> None:
    with ThreadPoolExecutor(1) as pool, changed.database("certificates").session() as reader:
        assert reader.scalar(text("SELECT COUNT(*) FROM people")) == 1
        rebuilding_ = pool.submit(changed.rebuild, "certificates", "students")
        eventually(lambda: _waits_for_its_turn(schema_for), what="the RENAME in the queue")
        assert not rebuilding_.done()
        reader.rollback()
        rebuilding_.result()
    assert names(changed) == ["Ada"]


def test_a_transaction_that_never_ends_makes_the_rebuild_give_up(
    changed: World, schema_for: SchemaFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "_ATTEMPTS", 2)
    impatient = create_engine(
        schema_for("certificates").admin_url,
        poolclass=NullPool,
        isolation_level="READ COMMITTED",
        connect_args={"init_command": "SET time_zone='+00:00', lock_wait_timeout=1"},
    )
    given = projections_of("certificates"), ["students"], changed.archive(), OPERATOR, datetime.now(UTC)
    with changed.database("certificates").session() as reader:
        reader.scalar(text("SELECT COUNT(*) FROM people"))
        with pytest.raises(SwapFailed, match="could not be renamed"):
            rebuild(impatient, *given, lambda *_: None)
        register(changed, "Bea")  # while the reader still reads
    assert sorted(names(changed)) == ["Bea", "Eve"]
    assert not [name for name in changed.there("certificates") if "__" in name]
    with changed.database("certificates").begin() as session:
        assert "rebuild_failed" in session.scalars(select(operator_actions.c.action)).all()


def _waits_for_its_turn(schema_for: SchemaFor) -> bool:
    with schema_for("certificates").connect() as connection:
        running = connection.execute(text("SHOW PROCESSLIST")).all()
    return any("RENAME TABLE" in str(row[7]) and "lock" in str(row[6]).lower() for row in running)
