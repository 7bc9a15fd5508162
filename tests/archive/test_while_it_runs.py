"""A rebuild shows what its service has taken in: it loses nothing, swallows no effect and undoes no decision."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError
from tests.archive.world import NOW, OPERATOR, Student, World, a_term, cohort, discard_all, program, projections_of

from chassis.messaging.failures import State
from chassis.messaging.locks import only_one
from chassis.messaging.operations import dead_letters, replay
from chassis.messaging.operations.dead_letters import Selection
from chassis.messaging.operations.rebuild import Busy
from chassis.messaging.operations.rebuilding import Build
from chassis.messaging.operations.shadow import Shadow, ddl_engine
from chassis.messaging.operations.swapping import Held
from chassis.messaging.retrier import Retrier
from chassis.tables import event_failures, inbox, operator_actions
from chassis.testing import published
from contracts.events import CertificateIssued, Envelope


class Slow:
    """An archive in which something happens between two pages."""

    def __init__(self, archive: Any, meanwhile: Any) -> None:
        self._archive = archive
        self._meanwhile = meanwhile

    def count(self, *given: Any) -> int:
        return int(self._archive.count(*given))

    def page(self, *given: Any) -> Any:
        found = self._archive.page(*given)
        self._meanwhile()
        return found

    def some(self, *given: Any) -> Any:
        return self._archive.some(*given)


@pytest.mark.parametrize(("service", "projection"), [("discussion", "accounts"), ("certificates", "students")])
def test_events_that_are_taken_in_meanwhile_are_not_lost(world: World, service: str, projection: str) -> None:
    students: list[Student] = []
    stop = threading.Event()

    def deliver() -> None:
        while not stop.is_set():
            student = Student()
            world.deliver(service, world.publish(student.registered(f"Student {len(students)}")))
            students.append(student)

    running = threading.Thread(target=deliver)
    running.start()
    try:
        for _ in range(3):
            world.rebuild(service, projection)
    finally:
        stop.set()
        running.join()
    assert len(students) > 5
    (verdict,) = world.verify(service, projection)
    assert verdict.equal
    assert verdict.tables[0].rows == len(students)


def test_an_event_taken_in_between_two_pages_is_built_in_before_the_swap(world: World) -> None:
    student = Student()
    late = [student.registered("Late")]

    def meanwhile() -> None:
        while late:
            world.deliver("certificates", world.publish(late.pop()))

    world.rebuild("certificates", "students", archive=Slow(world.archive(), meanwhile))
    assert [row[1] for row in world.rows("certificates")["people"]] == ["Late"]


def test_what_a_lost_race_kept_from_being_built_in_is_built_in_by_the_next_attempt(world: World) -> None:
    world.tell(Student().registered("Ada"))
    check, copy = Build.check_archive, Shadow.copy
    races = iter([OperationalError("INSERT", {}, Exception(1213, "Deadlock found"))])

    def check_while_somebody_registers(build: Build) -> None:
        check(build)
        world.tell(Student().registered("Bea"))

    def lose_the_first(shadow: Shadow, since: datetime | None = None) -> dict[str, int]:
        if since is not None and (race := next(races, None)):
            raise race
        return copy(shadow, since)

    with (
        patch.object(Build, "check_archive", check_while_somebody_registers),
        patch.object(Shadow, "copy", lose_the_first),
    ):
        world.rebuild("discussion", "accounts")
    assert len(world.rows("discussion")["accounts"]) == 2
    assert [verdict.equal for verdict in world.verify("discussion", "accounts")] == [True]


def test_what_is_on_its_way_keeps_its_effect(world: World) -> None:
    """Certificates are issued by the event that completes, not by what is found to be complete."""
    student = Student()
    world.tell(student.registered(), student.activated())
    coming = world.publish(student.completed_course())
    (built,) = world.rebuild("certificates", "students")
    assert built.not_taken_in == {"certificates.issue": 1}
    world.deliver("certificates", coming)
    assert len(_issued(world)) == 1


def test_a_projection_that_missed_an_event_is_healed(world: World) -> None:
    student = Student()
    world.publish(student.registered())  # discussion never hears of it
    world.rebuild("discussion", "accounts")
    assert len(world.rows("discussion")["accounts"]) == 1


def test_what_is_being_tried_or_was_given_up_is_not_built_in(world: World) -> None:
    dead, discarded = world.publish(Student().registered()), world.publish(Student().registered())
    for envelope in (dead, discarded):
        _fail(world, envelope)
    with world.database("discussion").begin() as session:
        wanted = session.scalars(select(event_failures.c.id).where(event_failures.c.event_id == discarded.id)).one()
        dead_letters.discard(session, Selection((wanted,)), OPERATOR, NOW)
    world.rebuild("discussion", "accounts")
    assert world.rows("discussion")["accounts"] == []
    assert [verdict.equal for verdict in world.verify("discussion", "accounts")] == [True]


@pytest.mark.parametrize(
    ("service", "projection", "consumer"),
    [
        ("discussion", "accounts", "discussion.know_accounts"),
        ("certificates", "students", "certificates.know_names"),
    ],
)
@pytest.mark.parametrize("when", ["between two pages", "under the hold"])
def test_what_is_discarded_while_a_rebuild_runs_is_not_built_in(
    world: World, monkeypatch: pytest.MonkeyPatch, service: str, projection: str, consumer: str, when: str
) -> None:
    _fail(world, world.publish(Student().registered("Given up")), consumer)
    left, hold = [1], Held.__enter__

    def meanwhile() -> None:
        while left:
            left.pop()
            discard_all(world, service)

    def holding(held: Held) -> Held:
        hold(held)
        meanwhile()
        return held

    if when == "under the hold":
        monkeypatch.setattr(Held, "__enter__", holding)
        world.rebuild(service, projection)
    else:
        world.rebuild(service, projection, archive=Slow(world.archive(), meanwhile))
    assert not left
    table = {"accounts": "accounts", "students": "people"}[projection]
    assert world.rows(service)[table] == []
    assert [verdict.equal for verdict in world.verify(service, projection)] == [True]


def test_what_was_discarded_and_is_taken_in_after_all_while_a_rebuild_runs_is_built_in(world: World) -> None:
    envelope = world.publish(Student().registered("After all"))
    _fail(world, envelope)
    discard_all(world, "discussion")
    left, database, consumers = [1], world.database("discussion"), projections_of("discussion").consumers

    def meanwhile() -> None:
        while left:
            left.pop()
            name, raws = "discussion.know_accounts", [envelope.to_json()]
            replay.take_in_again(database, consumers, name, raws, OPERATOR, datetime.now(UTC), again=True)
            Retrier(database, consumers).retry_one()

    world.rebuild("discussion", "accounts", archive=Slow(world.archive(), meanwhile))
    assert [row[1] for row in world.rows("discussion")["accounts"]] == ["After all"]


def test_a_letter_that_was_discarded_after_its_event_took_effect_after_all_takes_nothing_away(world: World) -> None:
    """Dead, replayed and taken in; housekeeping has not swept the letter yet when an operator discards it."""
    envelope = world.publish(Student().registered("Taken in"))
    _fail(world, envelope)
    world.deliver("discussion", envelope)
    discard_all(world, "discussion")
    assert [verdict.equal for verdict in world.verify("discussion", "accounts")] == [True]
    world.rebuild("discussion", "accounts")
    assert [row[1] for row in world.rows("discussion")["accounts"]] == ["Taken in"]


def test_a_second_discard_of_what_was_given_up_does_not_bring_it_back(world: World) -> None:
    envelope = world.publish(Student().registered("Given up"))
    for _ in range(2):  # an attempt that was under way at the first discard writes the letter once more
        _fail(world, envelope)
        discard_all(world, "discussion")
    world.rebuild("discussion", "accounts")
    assert world.rows("discussion")["accounts"] == []


def test_discards_in_records_from_before_they_told_what_had_taken_effect_are_given_up(world: World) -> None:
    envelope = world.publish(Student().registered("Given up"))
    key = {"consumer": "discussion.know_accounts", "event_id": envelope.id}
    details = {"letters": [{**key, "event_id": str(envelope.id), "type": envelope.type, "attempts": 10}]}
    row = {"at": NOW, "who": "ada", "why": "it is wrong", "action": "discard", "details": details}
    with world.database("discussion").begin() as session:
        session.execute(insert(inbox).values(**key, processed_at=NOW))
        session.execute(insert(operator_actions).values(row))
    world.rebuild("discussion", "accounts")
    assert world.rows("discussion")["accounts"] == []


def test_a_version_told_meanwhile_is_never_given_again(world: World) -> None:
    student = Student()
    world.tell(cohort(student), student.activated())

    def meanwhile() -> None:
        world.run("learning", "UPDATE enrollments SET progress_version = progress_version + 1")

    world.rebuild("learning", "enrollments", archive=Slow(world.archive(), meanwhile))
    with world.database("learning").begin() as session:
        assert session.scalar(text("SELECT progress_version FROM enrollments")) >= 2


def test_an_author_known_by_their_token_alone_stays(world: World) -> None:
    statement = "INSERT INTO accounts (id, name, roles, teaches, sequence) VALUES (:id, 'Ada', '[]', '[]', -1)"
    world.run("discussion", statement, id=uuid4().bytes)
    assert [verdict.equal for verdict in world.verify("discussion", "accounts")] == [True]
    world.rebuild("discussion", "accounts")
    assert len(world.rows("discussion")["accounts"]) == 1


def test_lost_achievements_come_back_as_those_that_the_certificates_are_for(world: World) -> None:
    a_term(world)
    issued = len(_issued(world))
    for table in ("people", "enrollments", "achievements"):
        world.run("certificates", f"DELETE FROM {table}")
    world.rebuild("certificates", "students")
    student = Student()
    world.tell(student.registered(), student.activated(), student.completed_course())
    world.tell(program(3, "sql"))
    assert len(_issued(world)) == issued + 1


def test_what_is_heard_late_leaves_the_same_as_what_was_heard_in_time(world: World) -> None:
    """A rebuild takes events in by their time; the live service took them in as they came, from several streams."""
    refunded, erased = Student(), Student()
    for student in (refunded, erased):
        world.tell(student.registered(), cohort(student), student.activated())
    again = replace(refunded, enrollment=uuid4(), cohort=uuid4())
    late = [refunded.completed_program(), erased.completed_course()]
    completions = [world.publish(event) for event in late]
    world.tell(refunded.revoked(), again.activated(), erased.erased())
    for completion in completions:
        world.deliver("certificates", completion)
    assert [verdict.equal for verdict in world.verify("certificates", "students")] == [True]


def test_what_staff_revoked_does_not_count_for_a_later_cohort_after_a_rebuild_either(world: World) -> None:
    first = Student()
    second = Student(id=first.id, sequence=100)
    world.tell(first.registered(), first.activated(), first.completed_program())
    world.run("certificates", "UPDATE certificates SET revocation = 'staff', status = 'revoked', valid_for = NULL")
    world.tell(first.revoked(), second.activated())
    before = world.rows("certificates")
    assert len(before["achievements"]) == 1
    world.rebuild("certificates", "students")
    assert world.rows("certificates") == before


def test_one_rebuild_of_a_service_at_a_time(world: World, schema_for: Any) -> None:
    with only_one(ddl_engine(schema_for("discussion").admin_url), "rebuild"), pytest.raises(Busy, match="already"):
        world.rebuild("discussion", "accounts")


def test_what_differs_is_told_by_row_and_column(world: World) -> None:
    ada, ben, chi = Student(), Student(), Student()
    world.tell(ada.registered("Ada"), ben.registered("Ben"), chi.registered("Chi"))
    world.run("discussion", "UPDATE accounts SET name = 'ada' WHERE name = 'Ada'")  # in bytes, not in letters
    world.run("discussion", "DELETE FROM accounts WHERE name = 'Ben'")
    world.run("discussion", "UPDATE accounts SET id = :id WHERE name = 'Chi'", id=(extra := uuid4()).bytes)
    (verdict,) = world.verify("discussion", "accounts")
    (table,) = verdict.tables
    found = {(each.kind, each.key["id"]): each.columns for each in table.differences}
    assert found == {
        ("changed", str(ada.id)): {"name": ("ada", "Ada")},
        ("missing", str(ben.id)): {},
        ("missing", str(chi.id)): {},
        ("extra", str(extra)): {},
    }


def test_a_rebuild_is_written_down_with_who_and_why(world: World) -> None:
    world.tell(Student().registered())
    world.rebuild("discussion", "accounts")
    with world.database("discussion").begin() as session:
        rows = session.execute(select(operator_actions).order_by(operator_actions.c.id)).all()
    assert [row.action for row in rows] == ["rebuild_begun", "rebuild"]
    assert {(row.who, row.why) for row in rows} == {(OPERATOR.who, OPERATOR.why)}
    assert rows[1].details == {"projection": "accounts", "events": 1, "rows": {"accounts": 1}}


def test_nothing_that_handlers_do_beside_their_rows_happens_again(world: World) -> None:
    a_term(world)
    emitted = {service: len(published(world.database(service))) for service in ("learning", "certificates")}
    with world.database("certificates").begin() as session:
        taken_in = session.scalars(select(inbox.c.event_id)).all()
    for service in emitted:
        world.rebuild(service)
    assert emitted == {service: len(published(world.database(service))) for service in emitted}
    with world.database("certificates").begin() as session:
        assert session.scalars(select(inbox.c.event_id)).all() == taken_in


def _issued(world: World) -> list[Any]:
    return [event for event in published(world.database("certificates")) if isinstance(event, CertificateIssued)]


def _fail(world: World, envelope: Envelope, consumer: str = "discussion.know_accounts") -> None:
    with world.database(consumer.partition(".")[0]).begin() as session:
        row = {
            "consumer": consumer,
            "event_id": envelope.id,
            "type": envelope.type,
            "subject": envelope.subject,
            "envelope": envelope.to_json(),
            "state": State.DEAD,
            "attempts": 10,
            "error": "it would not",
            "first_at": NOW,
            "last_at": NOW,
        }
        session.execute(insert(event_failures).values(row))
