"""Rebuilt tables take the place of the live ones, and nobody's work is lost, whoever dies or stands in the way."""

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
from chassis.messaging.operations.swapping import PartlySwapped, SwapFailed
from chassis.tables import inbox, operator_actions
from chassis.testing import eventually
from chassis.testing.schemas import TestSchema

SchemaFor = Callable[[str], TestSchema]


class Killed(BaseException):
    """Nobody catches it, as nobody catches a kill -9."""


def names(world: World) -> list[str]:
    return [row[1] for row in world.rows("certificates")["people"]]


def actions(world: World) -> list[str]:
    with world.database("certificates").begin() as session:
        return list(session.scalars(select(operator_actions.c.action).order_by(operator_actions.c.id)))


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


@pytest.mark.parametrize("what", ["renamed", "erased"])
def test_an_event_that_waits_for_any_of_the_tables_finds_the_new_one(
    what: str, world: World, schema_for: SchemaFor
) -> None:
    """``people`` is not the first of the projection's tables, and the handlers touch no other before it."""
    student = Student()
    world.tell(student.registered("Ada"))
    coming = world.publish(student.renamed("Eve") if what == "renamed" else student.erased())
    swap = swapping.Held.swap
    with ThreadPoolExecutor(1) as pool:
        taking_in = []

        def while_a_worker_waits(hold: swapping.Held) -> None:
            taking_in.append(pool.submit(world.deliver, "certificates", coming))
            eventually(lambda: _waits(schema_for, "people"), what="the worker behind the hold")
            swap(hold)

        with patch.object(swapping.Held, "swap", while_a_worker_waits):
            world.rebuild("certificates", "students")
        taking_in[0].result()
    assert names(world) == [{"renamed": "Eve", "erased": None}[what]]
    assert [verdict.equal for verdict in world.verify("certificates", "students")] == [True]


def test_nothing_is_renamed_unless_every_rename_stands_in_its_queue(
    changed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swapping, "_PATIENCE", 0.0)
    with pytest.raises(SwapFailed, match="the tables could not be renamed"):
        changed.rebuild("certificates", "students")
    assert names(changed) == ["Eve"]
    assert not [name for name in changed.there("certificates") if "__" in name]


def test_a_rebuild_from_nothing_that_cannot_swap_leaves_the_inbox_empty(changed: World) -> None:
    changed.run("certificates", "DELETE FROM people")
    changed.run("certificates", "DELETE FROM inbox")
    register(changed, "Bea")  # taken in since
    with pytest.raises(SwapFailed), patch.object(swapping.Held, "swap", side_effect=SwapFailed("no")):
        changed.rebuild("certificates", "students", from_nothing=True)
    with changed.database("certificates").begin() as session:
        assert len(session.execute(select(inbox)).all()) == 1
    changed.rebuild("certificates", "students", from_nothing=True)
    assert sorted(names(changed)) == ["Ada", "Bea"]
    with changed.database("certificates").begin() as session:
        assert len(session.execute(select(inbox)).all()) == 2


def test_the_record_tells_of_a_rebuild_that_it_began_and_how_it_ended(changed: World) -> None:
    with pytest.raises(Killed), patch.object(swapping.Held, "swap", side_effect=Killed):
        changed.rebuild("certificates", "students")
    with pytest.raises(SwapFailed), patch.object(swapping.Held, "swap", side_effect=SwapFailed("no")):
        changed.rebuild("certificates", "students")
    changed.rebuild("certificates", "students")
    assert actions(changed) == ["rebuild_begun", "rebuild_begun", "rebuild_failed", "rebuild_begun", "rebuild"]


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
        eventually(lambda: _waits(schema_for, "RENAME TABLE `people`"), what="the RENAME in the queue")
        assert not rebuilding_.done()
        reader.rollback()
        rebuilding_.result()
    assert names(changed) == ["Ada"]


def test_a_transaction_that_never_ends_makes_the_rebuild_give_up(changed: World, schema_for: SchemaFor) -> None:
    impatient = create_engine(
        schema_for("certificates").admin_url,
        poolclass=NullPool,
        isolation_level="READ COMMITTED",
        connect_args={"init_command": "SET time_zone='+00:00', lock_wait_timeout=1"},
    )
    given = projections_of("certificates"), ["students"], changed.archive(), OPERATOR, datetime.now(UTC)
    with changed.database("certificates").session() as reader:
        reader.scalar(text("SELECT COUNT(*) FROM people"))
        with pytest.raises(PartlySwapped, match="people could not be renamed, and the projection's other tables were"):
            rebuild(impatient, *given, lambda *_: None)
        register(changed, "Bea")  # while the reader still reads
    assert sorted(names(changed)) == ["Bea", "Eve"]
    assert not [name for name in changed.there("certificates") if "__" in name]
    assert actions(changed) == ["rebuild_begun", "rebuild_failed"]
    changed.rebuild("certificates", "students")
    assert sorted(names(changed)) == ["Ada", "Bea"]


def _waits(schema_for: SchemaFor, statement: str) -> bool:
    """Whether a statement that has this in it waits for a table."""
    with schema_for("certificates").connect() as connection:
        running = connection.execute(text("SHOW FULL PROCESSLIST")).all()
    return any(statement in str(row[7]) and "metadata lock" in str(row[6]).lower() for row in running)
