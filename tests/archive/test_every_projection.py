"""Every projection of every service can be built again from the archive, and is then what it was."""

import importlib

import pytest
from sqlalchemy import text
from tests.archive.world import SERVICES, World, a_term, projections_of, tables_of

from chassis.messaging.operations.__main__ import projections_of as declared

#: Built from events, but not told by them: when it is lost, it is the event's.
LOST_WITH_ITS_ROW = {"erased_students"}


@pytest.mark.parametrize("service", SERVICES)
def test_every_consumer_and_every_table_is_accounted_for(service: str) -> None:
    tables = importlib.import_module(f"{service}.models").Base.metadata.tables
    assert projections_of(service).gaps(tables) == []


@pytest.mark.parametrize("service", ["gateway", "media"])
def test_services_that_take_nothing_in_have_no_projections(service: str) -> None:
    assert declared(service).chosen([]) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_projection_that_is_as_it_should_be_is_verified_and_rebuilt_to_the_same(world: World, service: str) -> None:
    a_term(world)
    before = world.rows(service)
    assert all(before[table] for table in tables_of(service)), "a table that nothing feeds proves nothing"
    assert all(verdict.equal for verdict in world.verify(service))
    tables = world.there(service)
    world.rebuild(service)
    assert world.rows(service) == before
    assert world.there(service) == tables


@pytest.mark.parametrize("service", SERVICES)
def test_rows_that_were_lost_come_back(world: World, service: str) -> None:
    a_term(world)
    before = world.rows(service)
    for table in tables_of(service):
        world.run(service, f"DELETE FROM `{table}`")
    assert not any(verdict.equal for verdict in world.verify(service))
    world.rebuild(service)
    after = world.rows(service)
    for table in set(tables_of(service)) - LOST_WITH_ITS_ROW:
        assert after[table] == before[table], table
    assert all(verdict.equal for verdict in world.verify(service))


@pytest.mark.parametrize("service", SERVICES)
def test_rows_that_were_changed_or_made_by_hand_are_what_the_events_tell_again(world: World, service: str) -> None:
    a_term(world)
    before = world.rows(service)
    for table in set(tables_of(service)) - LOST_WITH_ITS_ROW:
        _spoil(world, service, table)
    assert any(not verdict.equal for verdict in world.verify(service))
    world.rebuild(service)
    assert world.rows(service) == before


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_lost_tables_inbox_and_redis_is_rebuilt_from_nothing(world: World, service: str) -> None:
    a_term(world)
    before = world.rows(service)
    for table in (*tables_of(service), "inbox"):
        world.run(service, f"DELETE FROM `{table}`")
    world.rebuild(service, from_nothing=True)
    after = world.rows(service)
    for table in set(tables_of(service)) - LOST_WITH_ITS_ROW:
        assert after[table] == before[table], table


def _spoil(world: World, service: str, table: str) -> None:
    """Another number or text in the last column that events fill."""
    with world.database(service).begin() as session:
        columns = session.execute(text(f"SHOW COLUMNS FROM `{table}`")).all()
        for name, kind in ((row[0], str(row[1])) for row in reversed(columns)):
            if name in {"sequence", "version"}:
                continue
            if kind.startswith(("varchar", "text", "longtext")) and "slug" not in name and name != "scope":
                session.execute(text(f"UPDATE `{table}` SET `{name}` = '[]'"))
                return
            if kind.startswith("tinyint"):
                session.execute(text(f"UPDATE `{table}` SET `{name}` = 1 - `{name}`"))
                return
        raise AssertionError(f"nothing to spoil in {table}")
