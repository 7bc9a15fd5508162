"""``python -m chassis.messaging.operations``: JSON for scripts, sentences for mistakes."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from messaging_parts import Effects, delivery, emit_all, numbered

from chassis.database import Database
from chassis.messaging.intake import Delivery, Taker
from chassis.messaging.operations.__main__ import consumers_of, main
from chassis.messaging.operations.arguments import moment
from chassis.messaging.retry import RetryPolicy
from chassis.testing.schemas import TestSchema
from contracts.events import VideoReady

WHO = ("--who", "ada", "--why", "a test")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Command:
    """Runs the command in this process as the service ``media``."""

    def __init__(self, capture: pytest.CaptureFixture[bytes], patch: pytest.MonkeyPatch) -> None:
        self._capture = capture
        self._patch = patch

    def lines(self, *arguments: str, stdin: bytes = b"", service: str = "media") -> list[Any]:
        self._patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        assert main([service, *arguments]) == 0
        return [orjson.loads(line) for line in self._capture.readouterr().out.splitlines()]

    def answer(self, *arguments: str, stdin: bytes = b"", service: str = "media") -> Any:
        (line,) = self.lines(*arguments, stdin=stdin, service=service)
        return line

    def forget_logs(self) -> None:
        self._capture.readouterr()

    def refusal(self, *arguments: str, service: str = "media") -> str:
        assert main([service, *arguments]) == 2
        captured = self._capture.readouterr()
        assert captured.out == b""
        return captured.err.decode()


@pytest.fixture
def command(
    schema: TestSchema, db: Database, redis_url: str, capsysbinary: Any, monkeypatch: pytest.MonkeyPatch
) -> Command:
    for service in ("MEDIA", "LEARNING"):
        monkeypatch.setenv(f"EDX_{service}_DATABASE_URL", schema.url)
    monkeypatch.setenv("EDX_REDIS_URL", redis_url)
    return Command(capsysbinary, monkeypatch)


def test_a_span_goes_from_one_service_into_a_consumer_of_another(command: Command, db: Database) -> None:
    ids = emit_all(db, [1, 2])
    assert command.answer("count", "--type", "VideoReady")["events"] == 2
    span = command.lines("span", "--since", "1h")
    assert [each["id"] for each in span] == [str(each) for each in ids]
    lines = b"\n".join(orjson.dumps(each) for each in span)
    handler = next(handler for handler in consumers_of("learning") if handler.event_type is not VideoReady)
    replayed = command.answer("take-in", handler.name, *WHO, stdin=lines, service="learning")
    assert (replayed["queued"], replayed["not_for_it"]) == (0, 2)


def test_every_question_has_an_answer_in_json(command: Command, db: Database) -> None:
    assert all(each["groups"] == [] for each in command.answer("streams"))
    assert command.answer("outbox") == {"service": "media", "depth": 0, "oldest_seconds": 0.0}
    assert command.answer("failures", "--state", "retrying", "--type", "VideoReady") == []
    assert command.answer("retry", "--all", *WHO) == command.answer("discard", "--type", "VideoReady", *WHO) == []
    emit_all(db, [1])
    assert command.answer("count", "--since", "0001-01-01", "--until", "9999-12-31T23:59:59.999999")["events"] == 1
    assert command.answer("publish-again", "--all", *WHO) == {"events": 0}  # it has not been published yet
    assert command.answer("actions") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["failure", "12"], "no failed event 12"),
        (["retry", *WHO], "say which dead letters"),
        (["discard", "--all", "--who", "ada", "--why", " "], "who does it and why"),
        (["span"], "say which events"),
        (["span", "--type", "Nothing"], "there is no event type 'Nothing'"),
        (["span", "--since", "yesterday"], "neither a time"),
        (["span", "--since", "999999d"], "'999999d' is outside of the years"),
        (["span", "--since", "800000d"], "'800000d' is outside of the years"),
        (["span", "--since", "0001-01-01T00:00+05:00"], "'0001-01-01T00:00+05:00' is outside of the years 1 to 9999"),
        (["count", "--until", "9999-12-31T23:00-05:00"], "'9999-12-31T23:00-05:00' is outside of the years"),
        (["count", "--since", "1h", "--until", "2h"], "is not before the end"),
        (
            ["count", "--since", "2026-01-01", "--until", "2026-01-01"],
            "2026-01-01 00:00:00+00:00 is not before the end",
        ),
        (["count", "--id", "nope"], "'nope' is no event id"),
        (["failures", "--limit", "-1"], "--limit is a number from 1 to 1000000, not -1"),
        (["actions", "--limit", "0"], "--limit is a number from 1 to 1000000, not 0"),
        (["actions", "--limit", "99999999999999999999"], "--limit is a number from 1 to 1000000"),
        (["failures", "--consumer", "media.typo"], "media has no consumer 'media.typo'"),
        (["retry", "--consumer", "media.typo", *WHO], "media has no consumer 'media.typo'"),
        (["discard", "--all", "--consumer", "media.typo", *WHO], "media has no consumer 'media.typo'"),
        (["retry", "999999", *WHO], "there is no dead letter 999999"),
        (["discard", "999999", "7", *WHO], "there are no dead letters 7, 999999"),
        (["retry", "99999999999999999999", *WHO], "there is no dead letter 99999999999999999999"),
        (["take-in", "media.nobody", *WHO], "media has no consumer 'media.nobody'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(command: Command, arguments: list[str], said: str) -> None:
    refusal = command.refusal(*arguments)
    assert said in refusal
    assert refusal.count("\n") == 1


def test_one_letter_that_is_not_there_keeps_the_others_as_they_were(
    command: Command, db: Database, effects: Effects
) -> None:
    Taker(db, effects.consumers()).take_in([Delivery("edxelera.media/1-1", b"no event")])
    command.forget_logs()
    (letter,) = command.answer("failures")
    assert "there is no dead letter 999999" in command.refusal("discard", str(letter["id"]), "999999", *WHO)
    assert command.answer("failures") == [letter]


def test_letters_of_a_consumer_that_is_gone_or_of_nobody_are_still_found(
    command: Command, db: Database, effects: Effects
) -> None:
    def broken(_: Any, __: VideoReady) -> None:
        raise RuntimeError

    once = effects.consumers(broken, name="learning.gone", retry=RetryPolicy(attempts=1))
    Taker(db, once).take_in([delivery(each) for each in numbered(1)])
    command.forget_logs()
    assert len(command.answer("failures", "--consumer", "learning.gone", service="learning")) == 1
    assert command.answer("failures", "--consumer", "learning.gone", "--state", "retrying", service="learning") == []
    assert command.answer("failures", "--consumer", "learning", service="learning") == []  # where poison would stand
    assert command.answer("failures", "--consumer", "learning.grant_access", service="learning") == []


@pytest.mark.parametrize("url", ["nonsense", "nosuch://u:hidden-word@h/s", "mysql+pymysql://u:hidden-word@h:port/s"])
def test_an_address_that_is_none_is_named_by_its_setting(
    command: Command, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    for key in ("EDX_MEDIA_DATABASE_URL", "EDX_MEDIA_MIGRATION_DATABASE_URL", "EDX_REDIS_URL"):
        monkeypatch.setenv(key, url)
    assert command.refusal("outbox") == "EDX_MEDIA_DATABASE_URL is not the address of a database\n"
    assert command.refusal("verify", "--all") == "EDX_MEDIA_MIGRATION_DATABASE_URL is not the address of a database\n"
    assert command.refusal("streams") == "EDX_REDIS_URL is not the address of a Redis\n"


@pytest.mark.parametrize("service", ["a.b", "../x", "os", "sys", "json.tool", "", "media.events"])
@pytest.mark.parametrize("action", ["projections", "outbox"])
def test_what_is_no_service_is_refused(command: Command, service: str, action: str) -> None:
    assert command.refusal(action, service=service) == f"there is no service {service!r}\n"


def test_without_its_address_a_service_is_refused(command: Command) -> None:
    assert command.refusal("outbox", service="discussion") == "set EDX_DISCUSSION_DATABASE_URL\n"
    assert "there is no service" in command.refusal("take-in", "x", *WHO, service=f"s{uuid4().hex}")


def test_a_server_that_does_not_answer_is_named_without_its_password(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDX_MEDIA_DATABASE_URL", "mysql+pymysql://u:hidden-word@127.0.0.1:1/s")
    monkeypatch.setenv("EDX_REDIS_URL", "redis://:hidden-word@127.0.0.1:1/0")
    for action, server in (("outbox", "database of media"), ("streams", "Redis")):
        said = command.refusal(action)
        assert server in said
        assert "hidden-word" not in said


def test_moments_are_instants_or_ages() -> None:
    assert moment("90m", NOW) == NOW - timedelta(minutes=90)
    assert moment("7d", NOW) == NOW - timedelta(days=7)
    assert moment("2026-02-01T10:00", NOW) == datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert moment("2026-02-01T10:00+02:00", NOW) == datetime(2026, 2, 1, 8, tzinfo=UTC)
