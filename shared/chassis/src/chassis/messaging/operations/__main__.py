"""``python -m chassis.messaging.operations <service> <action> …``: one service's events, as JSON on standard output.

Runs with the service's own environment (its database URL, Redis) and needs nothing else of its settings. ``edxelera
events`` runs it for every service and shows the answers as tables. Exit code 2, with a sentence, for what cannot be.
"""

import argparse
import importlib
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import orjson
import redis
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from chassis.clock import utc_now
from chassis.database import Database
from chassis.messaging import debts
from chassis.messaging.consumers import Consumers
from chassis.messaging.failures import State
from chassis.messaging.operations import archive, arguments, audit, dead_letters, outbox, rebuild, replay, streams
from chassis.messaging.operations.rebuilding import ArchiveIncomplete, HandlerFailed
from chassis.messaging.operations.shadow import ddl_engine
from chassis.messaging.operations.swapping import SwapFailed
from chassis.messaging.outbox import HintPublisher
from chassis.messaging.projections import Projections

Server = TypeVar("Server")
Answer = Callable[[argparse.Namespace, datetime], Any]
Decision = Callable[[Session, dead_letters.Selection, audit.Operator, datetime], list[dead_letters.Letter]]


class Refused(Exception):
    """What was asked for cannot be; the message is for the person who asked."""


def _setting(key: str) -> str:
    value = os.environ.get(key)
    if not value:
        raise Refused(f"set {key}")
    return value


def _at(key: str, what: str, connected: Callable[[str], Server]) -> Server:
    """What is at the address in this setting; the address is not repeated, for it may hold a password."""
    url = _setting(key)
    try:
        return connected(url)
    except (ArgumentError, ImportError, ValueError):
        raise Refused(f"{key} is not the address of a {what}") from None


@contextmanager
def _database(service: str) -> Iterator[Database]:
    database = _at(f"EDX_{service.upper()}_DATABASE_URL", "database", lambda url: Database(url, pool_size=1))
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def _redis() -> Iterator["redis.Redis"]:
    options: dict[str, Any] = {"socket_timeout": 5.0, "socket_connect_timeout": 2.0}
    with _at("EDX_REDIS_URL", "Redis", lambda url: redis.Redis.from_url(url, **options)) as client:
        yield client


def _require_service(name: str) -> None:
    found = importlib.util.find_spec(name) if name.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        raise Refused(f"there is no service {name!r}")


def _require_consumer(session: Session, service: str, name: str | None) -> None:
    """A name that is no consumer's is a mistake, unless failures bear it: the consumer may be gone, and what nobody
    could read bears the service's own.
    """
    if name and name != service and not dead_letters.has_failed(session, name):
        replay.types_of(consumers_of(service), name)


def consumers_of(service: str) -> Consumers:
    """As the service's ``events`` module registers them; a service without one takes nothing in."""
    _require_service(service)
    if importlib.util.find_spec(f"{service}.events") is None:
        return Consumers(service)
    found: Consumers = importlib.import_module(f"{service}.events").consumers
    return found


def projections_of(service: str) -> Projections:
    """As the service's ``events`` module declares them."""
    consumers = consumers_of(service)
    if importlib.util.find_spec(f"{service}.events") is None:
        return Projections(consumers)
    found: Projections = importlib.import_module(f"{service}.events").projections
    return found


def _streams(_: argparse.Namespace, __: datetime) -> Any:
    with _redis() as client:
        return streams.streams(client)


def _outbox(given: argparse.Namespace, now: datetime) -> Any:
    with _database(given.service) as database, database.begin() as session:
        return outbox.state(session, given.service, now)


def _failures(given: argparse.Namespace, _: datetime) -> Any:
    type_, limit = outbox.wire_type(given.type) if given.type else None, arguments.limit_of(given)
    with _database(given.service) as database, database.begin() as session:
        _require_consumer(session, given.service, given.consumer)
        return dead_letters.failed(session, State(given.state), consumer=given.consumer, type_=type_, limit=limit)


def _failure(given: argparse.Namespace, _: datetime) -> Any:
    with _database(given.service) as database, database.begin() as session:
        return dead_letters.show(session, given.id)


def _retry(given: argparse.Namespace, now: datetime) -> Any:
    return _decide(given, dead_letters.retry, now)


def _discard(given: argparse.Namespace, now: datetime) -> Any:
    return _decide(given, dead_letters.discard, now)


def _decide(given: argparse.Namespace, decision: Decision, now: datetime) -> Any:
    selection, operator = arguments.selection_of(given), arguments.operator_of(given)

    def decide(session: Session) -> list[dead_letters.Letter]:
        _require_consumer(session, given.service, given.consumer)
        return decision(session, selection, operator, now)

    with _database(given.service) as database:
        return database.run(decide)


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


def _owed(given: argparse.Namespace, _: datetime) -> Any:
    with _database(given.service) as database, database.begin() as session:
        return debts.owed(session)


def _archive(given: argparse.Namespace, _: datetime) -> None:
    with _database(given.service) as database:
        archive.answer_questions(database, sys.stdin.buffer, sys.stdout.buffer)


def _projections(given: argparse.Namespace, _: datetime) -> Any:
    return [projection.name for projection in projections_of(given.service).chosen([])]


def _quiet() -> None:
    """Handlers that run in a rebuild say nothing, for nothing of it happens."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _asked() -> archive.AskedArchive:
    return archive.AskedArchive(sys.stdout.buffer, sys.stdin.buffer)


def _migration_engine(service: str) -> Engine:
    return _at(f"EDX_{service.upper()}_MIGRATION_DATABASE_URL", "database", ddl_engine)


def _tell_progress(projection: str, done: int, total: int) -> None:
    line = orjson.dumps({"progress": {"projection": projection, "done": done, "total": total}})
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def _rebuild(given: argparse.Namespace, now: datetime) -> Any:
    projections, names = projections_of(given.service), arguments.chosen_of(given)
    operator = arguments.operator_of(given)
    options = rebuild.Options(given.from_nothing, given.incomplete)
    engine = _migration_engine(given.service)
    cache = _at("EDX_CACHE_REDIS_URL", "Redis", lambda url: redis.Redis.from_url(url, socket_timeout=5.0))
    _quiet()
    built = rebuild.rebuild(engine, projections, names, _asked(), operator, now, _tell_progress, options)
    return {"answer": {"built": built, "cache": _forget_cached(cache, given.service)}}


def _forget_cached(cache: "redis.Redis", service: str) -> str:
    try:
        with cache:
            rebuild.forget_cached(cache, service)
    except redis.RedisError as error:
        return f"could not be told ({error}): answers from before may be given for five minutes"
    return "forgotten"


def _verify(given: argparse.Namespace, _: datetime) -> Any:
    projections, names = projections_of(given.service), arguments.chosen_of(given)
    engine = _migration_engine(given.service)
    _quiet()
    return {"answer": rebuild.verify(engine, projections, names, _asked(), _tell_progress)}


def _actions(given: argparse.Namespace, _: datetime) -> Any:
    limit = arguments.limit_of(given)
    with _database(given.service) as database, database.begin() as session:
        return audit.history(session, limit)


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
    "owed": _owed,
    "archive": _archive,
    "projections": _projections,
    "rebuild": _rebuild,
    "verify": _verify,
    "actions": _actions,
}


_CANNOT_REBUILD = (ArchiveIncomplete, HandlerFailed, SwapFailed, rebuild.Busy, EOFError)


def main(given: list[str] | None = None) -> int:
    """The command: 0 with the answer on standard output, or 2 with a sentence on standard error."""
    asked = arguments.parser().parse_args(given)
    try:
        _require_service(asked.service)
        answer = _ANSWERS[asked.action](asked, utc_now())
    except (Refused, ValueError, dead_letters.LetterNotFound, *_CANNOT_REBUILD) as error:
        return _refuse(str(error))
    except DBAPIError as error:
        return _refuse(f"the database of {asked.service} did not answer as it should: {error.orig}")
    except redis.RedisError as error:
        return _refuse(f"Redis did not answer as it should: {error}")
    if answer is not None:
        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
    return 0


def _refuse(sentence: str) -> int:
    print(" ".join(sentence.split()), file=sys.stderr)  # noqa: T201
    return 2


if __name__ == "__main__":
    sys.exit(main())
