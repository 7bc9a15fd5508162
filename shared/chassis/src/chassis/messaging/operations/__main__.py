"""``python -m chassis.messaging.operations <service> <action> …``: one service's events, as JSON on standard output.

Runs with the service's own environment (its database URL, Redis) and needs nothing else of its settings. ``edxelera
events`` runs it for every service and shows the answers as tables. Exit code 2, with a sentence, for what cannot be.
"""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import orjson
import redis
from sqlalchemy.exc import DBAPIError

from chassis.clock import utc_now
from chassis.database import Database
from chassis.messaging.consumers import Consumers
from chassis.messaging.failures import State
from chassis.messaging.operations import arguments, audit, dead_letters, outbox, replay, streams
from chassis.messaging.outbox import HintPublisher

Answer = Callable[[argparse.Namespace, datetime], Any]


class Refused(Exception):
    """What was asked for cannot be; the message is for the person who asked."""


def _setting(key: str) -> str:
    value = os.environ.get(key)
    if not value:
        raise Refused(f"set {key}")
    return value


@contextmanager
def _database(service: str) -> Iterator[Database]:
    database = Database(_setting(f"EDX_{service.upper()}_DATABASE_URL"), pool_size=1)
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def _redis() -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(_setting("EDX_REDIS_URL"), socket_timeout=5.0, socket_connect_timeout=2.0) as client:
        yield client


def consumers_of(service: str) -> Consumers:
    """As the service's ``events`` module registers them; a service without one takes nothing in."""
    if importlib.util.find_spec(service) is None:
        raise Refused(f"there is no service {service!r}")
    if importlib.util.find_spec(f"{service}.events") is None:
        return Consumers(service)
    found: Consumers = importlib.import_module(f"{service}.events").consumers
    return found


def _streams(_: argparse.Namespace, __: datetime) -> Any:
    with _redis() as client:
        return streams.streams(client)


def _outbox(given: argparse.Namespace, now: datetime) -> Any:
    with _database(given.service) as database, database.begin() as session:
        return outbox.state(session, given.service, now)


def _failures(given: argparse.Namespace, _: datetime) -> Any:
    type_ = outbox.wire_type(given.type) if given.type else None
    with _database(given.service) as database, database.begin() as session:
        return dead_letters.failed(session, State(given.state), consumer=given.consumer, type_=type_, limit=given.limit)


def _failure(given: argparse.Namespace, _: datetime) -> Any:
    with _database(given.service) as database, database.begin() as session:
        return dead_letters.show(session, given.id)


def _retry(given: argparse.Namespace, now: datetime) -> Any:
    selection, operator = arguments.selection_of(given), arguments.operator_of(given)
    with _database(given.service) as database:
        return database.run(lambda session: dead_letters.retry(session, selection, operator, now))


def _discard(given: argparse.Namespace, now: datetime) -> Any:
    selection, operator = arguments.selection_of(given), arguments.operator_of(given)
    with _database(given.service) as database:
        return database.run(lambda session: dead_letters.discard(session, selection, operator, now))


def _count(given: argparse.Namespace, now: datetime) -> Any:
    span = arguments.span_of(given, now)
    with _database(given.service) as database, database.begin() as session:
        return outbox.count(session, span)


def _span(given: argparse.Namespace, now: datetime) -> None:
    span = arguments.span_of(given, now)
    with _database(given.service) as database, database.begin() as session:
        for envelope in outbox.envelopes(session, span):
            sys.stdout.buffer.write(envelope + b"\n")


def _publish_again(given: argparse.Namespace, now: datetime) -> Any:
    span, operator = arguments.span_of(given, now), arguments.operator_of(given)
    with _database(given.service) as database, _redis() as client:
        events = outbox.publish_again(database, span, operator, now)
        HintPublisher(client, given.service).publish()
    return {"events": events}


def _take_in(given: argparse.Namespace, now: datetime) -> Any:
    consumers, operator = consumers_of(given.service), arguments.operator_of(given)
    lines = (line.rstrip(b"\n") for line in sys.stdin.buffer)
    with _database(given.service) as database:
        return replay.take_in_again(database, consumers, given.consumer, lines, operator, now, again=given.again)


def _actions(given: argparse.Namespace, _: datetime) -> Any:
    with _database(given.service) as database, database.begin() as session:
        return audit.history(session, given.limit)


_ANSWERS: dict[str, Answer] = {
    "streams": _streams,
    "outbox": _outbox,
    "failures": _failures,
    "failure": _failure,
    "retry": _retry,
    "discard": _discard,
    "count": _count,
    "span": _span,
    "publish-again": _publish_again,
    "take-in": _take_in,
    "actions": _actions,
}


def main(given: list[str] | None = None) -> int:
    """The command: 0 with the answer on standard output, or 2 with a sentence on standard error."""
    asked = arguments.parser().parse_args(given)
    try:
        answer = _ANSWERS[asked.action](asked, utc_now())
    except (Refused, ValueError, dead_letters.LetterNotFound) as error:
        return _refuse(str(error))
    except DBAPIError as error:
        return _refuse(f"the database of {asked.service} did not answer as it should: {error.orig}")
    except redis.RedisError as error:
        return _refuse(f"Redis did not answer as it should: {error}")
    if answer is not None:
        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
    return 0


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201
    return 2


if __name__ == "__main__":
    sys.exit(main())
