"""Rebuild projections and verify them: what operators ask for (``rebuilding`` does the work)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import redis
from sqlalchemy import Engine
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from chassis.messaging.locks import only_one
from chassis.messaging.operations.archive import Archive
from chassis.messaging.operations.audit import Operator, note
from chassis.messaging.operations.comparing import Comparison
from chassis.messaging.operations.rebuilding import ArchiveIncomplete, Build, Built, Report, held, verified
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
                held(engine, build, lambda hold, build=build: _swap(hold, build, operator, now))  # type: ignore[misc]
                done.append(build.built)
    return done


def _refuse_incomplete(built: Built, options: Options) -> None:
    if built.not_in_archive and not options.incomplete:
        raise ArchiveIncomplete(
            f"{built.not_in_archive} events that {built.projection} was built from are not in the archive any more: a"
            " rebuild would lose what they told. Nothing was changed; --incomplete goes on without them"
        )


def _swap(hold: Held, build: Build, operator: Operator, now: datetime) -> None:
    details = {"projection": build.built.projection, "events": build.built.events, "rows": build.built.rows}
    with Session(build.live) as session, session.begin():
        _note_in_inbox(session, build.take_as_taken_in(), now)
        note(session, operator, "rebuild", details, now)
    try:
        hold.swap()
    except SwapFailed as error:
        with Session(build.live) as session, session.begin():
            note(session, operator, "rebuild_failed", {**details, "error": str(error)}, now)
        raise


def _note_in_inbox(session: Session, keys: Sequence[Key], now: datetime) -> None:
    for start in range(0, len(keys), _CHUNK):
        rows = [{"consumer": name, "event_id": id_, "processed_at": now} for name, id_ in keys[start : start + _CHUNK]]
        session.execute(mysql.insert(inbox).prefix_with("IGNORE"), rows)


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
                verdicts.append(
                    Verdict(projection.name, equal, built.events, built.not_in_archive, built.not_taken_in, tables)
                )
    return verdicts


def forget_cached(client: "redis.Redis", service: str) -> int:
    """Everything that the service has cached is out of date: its tags lose their generations (ADR 0006)."""
    forgotten = 0
    for key in client.scan_iter(f"edx:{service}:tag:*", count=1000):
        forgotten += int(client.delete(key))
    return forgotten
