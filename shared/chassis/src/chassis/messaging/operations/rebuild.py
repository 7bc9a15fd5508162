"""Rebuild projections and verify them: what operators ask for (``rebuilding`` does the work)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

import redis
from sqlalchemy import Engine, delete, tuple_
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from chassis.messaging.locks import only_one
from chassis.messaging.operations.archive import Archive
from chassis.messaging.operations.audit import Operator, note
from chassis.messaging.operations.comparing import Comparison
from chassis.messaging.operations.rebuilding import (
    ArchiveIncomplete,
    Build,
    Built,
    Report,
    Unreadable,
    held,
    verified,
)
from chassis.messaging.operations.swapping import Held, SwapFailed
from chassis.messaging.operations.taken_in import Key
from chassis.messaging.projections import Projections
from chassis.tables import inbox

_LOCK = "rebuild"
_CHUNK = 1000


class Busy(Exception):
    """Somebody else rebuilds or verifies in this schema."""


@dataclass(slots=True)
class Options:
    """``from_nothing``: the inbox was lost as well, so everything old counts as taken in. ``incomplete``: go on
    although the archive lacks events that the service has taken in.
    """

    from_nothing: bool = False
    incomplete: bool = False


@dataclass(slots=True)
class Verdict:
    """Of one projection."""

    projection: str
    equal: bool
    events: int
    not_in_archive: int
    not_taken_in: dict[str, int]
    tables: list[Comparison] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


def rebuild(
    engine: Engine,
    projections: Projections,
    names: Sequence[str],
    archive: Archive,
    operator: Operator,
    now: datetime,
    report: Report,
    options: Options | None = None,
) -> list[Built]:
    """Build these projections (all without names) anew, and swap each in when it is ready; answers what they hold."""
    given = options or Options()
    done = []
    with only_one(engine, _LOCK) as lock:
        if lock is None:
            raise Busy(f"somebody rebuilds or verifies {projections.consumers.service} already")
        for projection in projections.chosen(names):
            with Build(engine, projections, projection, archive, report, from_nothing=given.from_nothing) as build:
                build.build()
                build.catch_up()
                build.check_archive()
                _refuse_incomplete(build.built, given)
                with _recorded(engine, build.built, operator, now):
                    held(engine, build, lambda hold, build=build: _swap(hold, build, now))  # type: ignore[misc]
                done.append(build.built)
    return done


def _refuse_incomplete(built: Built, options: Options) -> None:
    if built.gap and not options.incomplete:
        lost = "a rebuild would lose what they told. Nothing was changed; --incomplete goes on without them"
        raise ArchiveIncomplete(f"{built.gap}: {lost}")


@contextmanager
def _recorded(engine: Engine, built: Built, operator: Operator, now: datetime) -> Iterator[None]:
    """In the audit trail: that it begins, and how it ended (a process that is killed leaves the beginning alone)."""

    def record(action: str, **more: str) -> None:
        details = {"projection": built.projection, "events": built.events, "rows": built.rows, **more}
        with Session(engine) as session, session.begin():
            note(session, operator, action, details, now)

    record("rebuild_begun")
    try:
        yield
    except Exception as error:
        with suppress(SQLAlchemyError):
            record("rebuild_failed", error=str(error))
        raise
    record("rebuild")


def _swap(hold: Held, build: Build, now: datetime) -> None:
    """What is to count as taken in is noted before the tables show it, or workers could take it in once more."""
    keys = build.take_as_taken_in()
    with Session(build.live) as session, session.begin():
        _note_in_inbox(session, keys, now)
    try:
        hold.swap()
    except SwapFailed:
        with Session(build.live) as session, session.begin():
            _take_back(session, keys, now)
        raise


def _note_in_inbox(session: Session, keys: Sequence[Key], now: datetime) -> None:
    for chunk in _chunks(keys):
        rows = [{"consumer": name, "event_id": id_, "processed_at": now} for name, id_ in chunk]
        session.execute(mysql.insert(inbox).prefix_with("IGNORE"), rows)


def _take_back(session: Session, keys: Sequence[Key], now: datetime) -> None:
    """Of these keys those that were noted now."""
    for chunk in _chunks(keys):
        these = tuple_(inbox.c.consumer, inbox.c.event_id).in_(chunk)
        session.execute(delete(inbox).where(these, inbox.c.processed_at == now))


def _chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    return (keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK))


def verify(
    engine: Engine, projections: Projections, names: Sequence[str], archive: Archive, report: Report
) -> list[Verdict]:
    """Build these projections (all without names) beside the live ones and compare; nothing live is changed."""
    verdicts = []
    with only_one(engine, _LOCK) as lock:
        if lock is None:
            raise Busy(f"somebody rebuilds or verifies {projections.consumers.service} already")
        for projection in projections.chosen(names):
            with Build(engine, projections, projection, archive, report) as build:
                tables, built = verified(engine, build), build.built
                equal = not any(table.differing for table in tables)
                told = built.events, built.not_in_archive, built.not_taken_in, tables, built.unreadable
                verdicts.append(Verdict(projection.name, equal, *told))
    return verdicts


def forget_cached(client: "redis.Redis", service: str) -> int:
    """Everything that the service has cached is out of date: its tags lose their generations (ADR 0006)."""
    forgotten = 0
    for key in client.scan_iter(f"edx:{service}:tag:*", count=1000):
        forgotten += int(client.delete(key))
    return forgotten
