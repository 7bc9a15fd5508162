"""``edxelera events`` against real schemas and a real Redis, each service with its own environment only."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from rich.console import Console
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from chassis.database import Database
from chassis.messaging import Consumers, emit
from chassis.messaging.intake import Delivery, Taker
from chassis.messaging.retrier import Retrier
from chassis.messaging.retry import RetryPolicy
from chassis.testing.schemas import TestSchema
from contracts.events import EnrollmentActivated, Envelope
from edxelera import environment
from edxelera.console import console_for
from edxelera.events import commands, tables
from edxelera.events.asking import Services, unit_of
from edxelera.failure import Failure
from edxelera.main import app
from edxelera.units import UNITS

CONSUMER = "learning.grant_access"
WHY = ("--why", "learning was restored from a backup", "--who", "ada")


def activated() -> EnrollmentActivated:
    return EnrollmentActivated(
        sequence=1,
        enrollment_id=uuid4(),
        student_id=uuid4(),
        program_slug="data",
        cohort_id=uuid4(),
        origin="grant",
        activated_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


class Installation:
    """Enrollment has published; learning takes in what the test lets it."""

    def __init__(self, enrollment: Database, learning: Database) -> None:
        self.enrollment = enrollment
        self.learning = learning
        self.effects: list[UUID] = []
        self.broken = False

    @property
    def consumers(self) -> Consumers:
        consumers = Consumers("learning")

        @consumers.on(EnrollmentActivated, as_=CONSUMER, retry=RetryPolicy(attempts=1))
        def grant(_: Session, event: EnrollmentActivated) -> None:
            if self.broken:
                raise RuntimeError("no [room] left")
            self.effects.append(event.enrollment_id)

        return consumers

    def publish(self) -> Envelope:
        event = activated()
        with self.enrollment.begin() as session:
            id_ = emit(session, event)
        return Envelope.wrap(event, id=id_, time=datetime.now(UTC), traceparent=None)

    def deliver(self, envelope: Envelope) -> None:
        Taker(self.learning, self.consumers).take_in([Delivery("edxelera.enrollment/1-1", envelope.to_json())])

    def work(self) -> None:
        retrier = Retrier(self.learning, self.consumers)
        while retrier.retry_one() is not None:
            pass

    def kill(self) -> Envelope:
        envelope = self.publish()
        self.broken = True
        self.deliver(envelope)
        self.broken = False
        return envelope


@pytest.fixture
def installation(
    schema_for: Callable[[str], TestSchema],
    database_for: Callable[[str], Database],
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Installation]:
    found = Installation(database_for("enrollment"), database_for("learning"))
    database_for("chassis")
    env = {"EDX_REDIS_URL": redis_url}
    for unit in UNITS:
        schema = schema_for(unit if unit in ("enrollment", "learning") else "chassis")
        env[f"EDX_{unit.upper()}_DATABASE_URL"] = schema.url
    (tmp_path / "env").write_text(environment.render(env))
    monkeypatch.setenv("EDXELERA_LOCAL", str(tmp_path))
    monkeypatch.setattr(commands, "console", Console(width=250, highlight=False, force_terminal=False))
    return found


def run(*arguments: str, code: int = 0) -> str:
    ran = CliRunner().invoke(app, ["events", *arguments])
    assert ran.exit_code == code, ran.output
    return ran.output


def answer(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def test_a_dead_letter_is_found_looked_at_and_retried(installation: Installation) -> None:
    envelope = installation.kill()
    listed = answer("dead", "list")
    (letter,) = listed["learning"]
    assert [unit for unit in UNITS if listed[unit]] == ["learning"]
    name = f"learning/{letter['id']}"
    table = run("dead", "list", "--consumer", CONSUMER)
    assert name in table
    assert "enrollment_activated" in table
    shown = run("dead", "show", name)
    assert str(envelope.id) in shown
    assert "RuntimeError: no [room] left" in shown
    assert "1 dead letter\n" in run("dead", "retry", name, *WHY)
    installation.work()
    assert len(installation.effects) == 1
    assert "none" in run("dead", "list", "--unit", "learning")
    assert run("actions", "--unit", "learning").count("learning was restored from a backup") == 1
    (action,) = answer("actions", "--unit", "learning")["learning"]
    assert (action["who"], action["action"]) == ("ada", "retry")


def test_a_discarded_letter_comes_back_only_with_again(installation: Installation) -> None:
    envelope = installation.kill()
    run("dead", "discard", "--consumer", CONSUMER, *WHY)
    to = ("replay", "enrollment", "--to", CONSUMER, "--id", str(envelope.id), *WHY)
    assert answer(*to)["had_already"] == 1
    installation.work()
    assert installation.effects == []
    assert answer(*to, "--again")["queued"] == 1
    installation.work()
    assert len(installation.effects) == 1


def test_a_discard_says_what_had_taken_effect_after_all(installation: Installation) -> None:
    envelope = installation.kill()
    installation.deliver(envelope)
    assert "1 of their events had taken effect" in run("dead", "discard", "--all", *WHY)
    assert "had taken effect" not in run("dead", "discard", "--all", *WHY)
    assert len(installation.effects) == 1


def test_an_address_that_is_none_is_named(installation: Installation, tmp_path: Path) -> None:
    env = environment.read(tmp_path / "env")
    (tmp_path / "env").write_text(environment.render({**env, "EDX_LEARNING_DATABASE_URL": "nonsense"}))
    assert "learning: EDX_LEARNING_DATABASE_URL is not the address of a database" in run("outbox", code=1)


def test_a_span_is_counted_then_replayed_to_the_consumer_that_lacks_it(installation: Installation) -> None:
    envelopes = [installation.publish() for _ in range(3)]
    installation.deliver(envelopes[0])
    span = ("replay", "enrollment", "--to", CONSUMER, "--type", "EnrollmentActivated", "--since", "1h")
    assert answer(*span, "--dry-run")["events"] == 3
    found = answer(*span, *WHY)
    assert (found["queued"], found["had_already"]) == (2, 1)
    installation.work()
    assert len(installation.effects) == 3


def test_streams_outboxes_and_a_replay_to_all_have_tables(installation: Installation) -> None:
    installation.publish()
    assert "enrollment" in run("streams")
    depths = {each["service"]: each["depth"] for each in answer("outbox")}
    assert depths == {unit: int(unit == "enrollment") for unit in UNITS}
    assert "enrollment" in run("outbox")
    assert "events: 0" in run("replay", "enrollment", "--to", "all", "--all", *WHY)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dead", "retry", *WHY], "Say which dead letters"),
        (["dead", "retry", "learning/1", "--all", *WHY], "Say which dead letters"),
        (["dead", "show", "12"], "no dead letter's name"),
        (["dead", "show", "learnign/12"], "There is no service"),
        (["dead", "show", "learning/999"], "no failed event 999"),
        (["replay", "enrollment", "--to", CONSUMER, *WHY], "say which events: a type"),
        (["replay", "enrollment", "--to", CONSUMER, "--all"], "who does it and why"),
        (["replay", "enrollment", "--to", "learning.nobody", "--all", *WHY], "has no consumer"),
        (["replay", "enrollment", "--to", "all", "--all", "--again", *WHY], "for one consumer"),
        (["replay", "enrollment", "--to", CONSUMER, "--since", "999999d", *WHY], "'999999d' is outside of the years"),
        (["replay", "enrollment", "--to", CONSUMER, "--since", "1h", "--until", "2h", *WHY], "is not before the end"),
        (["replay", "enrollment", "--to", "all", "--since", "0001-01-01T00:00+05:00", *WHY], "outside of the years"),
        (["replay", "enrollment", "--to", "all", "--id", "nope", "--dry-run"], "'nope' is no event id"),
        (["dead", "list", "--limit", "-1"], "--limit is a number from 1"),
        (["dead", "list", "--consumer", "learning.typo"], "learning has no consumer 'learning.typo'; it has"),
        (["dead", "retry", "--consumer", "learning.typo", *WHY], "learning has no consumer 'learning.typo'; it has"),
        (["dead", "retry", "learning/999999", *WHY], "learning: there is no dead letter 999999"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(installation: Installation, arguments: list[str], said: str) -> None:
    assert said in " ".join(run(*arguments, code=1).split())


@pytest.mark.parametrize(
    "word", ["120000", "discussion", "certificates", "2026-11-02 09:30:00", "publish_again", "Yaa"]
)
def test_nothing_of_a_table_is_cut_off_in_a_narrow_terminal(word: str) -> None:
    pending = {"consumers": 2, "lag": 0, "pending": 1, "oldest_pending_seconds": 3, "owed": 0}
    groups = [{"group": group, **pending} for group in ("certificates", "discussion")]
    stream = {"stream": "edxelera.certificates", "length": 120_000, "oldest_seconds": 86_400 * 30, "groups": groups}
    action = {"at": "2026-11-02T09:30:00+00:00", "who": "ngozi@learn-2", "action": "publish_again"}
    why = "Discussion was restored from a backup of last night, and Yaa saw that posts had no names."
    shown = StringIO()
    narrow = Console(file=shown, width=80)
    narrow.print(tables.streams([stream]))
    narrow.print(tables.actions({"enrollment": [{**action, "why": why, "details": {"events": 12_000}}]}))
    assert word in shown.getvalue()
    assert "…" not in shown.getvalue()


def test_what_goes_to_a_file_is_as_wide_as_it_needs_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console_for(StringIO()).width > 200
    monkeypatch.setenv("COLUMNS", "90")
    assert console_for(StringIO()).width == 90


def test_a_service_is_asked_with_no_other_ones_database() -> None:
    env = {f"EDX_{unit.upper()}_DATABASE_URL": unit for unit in UNITS}
    own = Services(env)._own("learning")
    assert [key for key in own if key in env] == ["EDX_LEARNING_DATABASE_URL"]


def test_ages_and_types_are_short() -> None:
    assert [tables.age(seconds) for seconds in (None, 0, 119, 120, 7200, 2e5)] == [
        "",
        "0 s",
        "119 s",
        "2 min",
        "2 h",
        "2 d",
    ]
    assert tables.short("edxelera.enrollment.payment_verified.v1") == "payment_verified"
    assert tables.short(None) == "unreadable"
    with pytest.raises(Failure, match="nobody"):
        unit_of("nobody.at_home")
