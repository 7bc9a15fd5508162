"""Builds projections again from the archive, beside the live ones, while the service runs; then swaps or compares.

A projection shows what its service has taken in, so that is what is built again: the events of the archive that the
inbox has, whatever the workers take in meanwhile included (under ``Held`` the two are the same). Events on their way
are left to the workers, or their effects would be lost. Where handlers have no effects but their rows, events that
the service never took in are built in too: that heals a projection that missed some. Why so: ADR 0015.
"""

import heapq
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from chassis.clock import utc_now
from chassis.database import is_lost_race, is_unreachable
from chassis.messaging.inbox import Intake, intakes_of
from chassis.messaging.operations.archive import PAGE, Archive, Archived
from chassis.messaging.operations.comparing import Comparison, compare
from chassis.messaging.operations.gist import gist
from chassis.messaging.operations.keeping import keep
from chassis.messaging.operations.shadow import REBUILT, Shadow
from chassis.messaging.operations.swapping import Held, PartlySwapped, SwapFailed, drop_leftovers
from chassis.messaging.operations.taken_in import Key, TakenIn
from chassis.messaging.projections import Projection, Projections
from contracts.events import Envelope, Event

Report = Callable[[str, int, int], None]

#: What was noted as taken in so long before the beginning may have been noted by a clock that is behind.
_CLOCKS_DIFFER = timedelta(minutes=10)
#: With ``from_nothing``: what is younger is left to the workers.
_ON_THEIR_WAY = timedelta(minutes=10)
_ATTEMPTS = 12


class ArchiveIncomplete(Exception):
    """A rebuild would lose what events told that are not in the archive any more."""


class HandlerFailed(Exception):
    """A handler raised while a projection was built; the message names its consumer and the event."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event of the archive that this code cannot read. ``taken_in``: the service has taken it in all the same, so
    this code is not the one that did, or the archive was changed.
    """

    id: UUID
    type: str
    taken_in: bool


@dataclass(slots=True)
class Built:
    """What a build consists of. ``not_taken_in``: events by consumer that the service has never taken in, and that
    only its workers may (a replay brings them). ``not_in_archive`` counts what was taken in and cannot be read, too.
    """

    projection: str
    events: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    not_taken_in: dict[str, int] = field(default_factory=dict)
    not_in_archive: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)

    @property
    def gap(self) -> str:
        """What the service has taken in and this build lacks, in words; empty when it lacks nothing."""
        lost = next((each for each in self.unreadable if each.taken_in), None)
        if lost is None:
            missing = (
                f"{self.not_in_archive} events that {self.projection} was built from are not in the archive any more"
            )
            return missing if self.not_in_archive else ""
        said = f"event {lost.id} ({lost.type}), which {self.projection} was built from, cannot be read"
        others = self.not_in_archive - 1
        return f"{said}, and {others} others cannot or are not in the archive any more" if others > 0 else said


class Build:
    """One projection on its way. Use as a context: what is left of it when it ends was swapped in, or is removed."""

    def __init__(
        self,
        engine: Engine,
        projections: Projections,
        projection: Projection,
        archive: Archive,
        report: Report,
        *,
        from_nothing: bool = False,
    ) -> None:
        self._engine = engine
        self._consumers = projections.consumers
        self._projection = projection
        self._types = projections.types_of(projection)
        self._archive = archive
        self._report = report
        self._from_nothing = from_nothing
        self._began = utc_now()
        #: What is noted as taken in before is looked for page by page, what is noted later by ``catch_up``.
        self._lately = self._began - _CLOCKS_DIFFER
        self._recent: set[Key] = set()
        self._counted = 0
        self.tables = [table.name for table in projection.tables]
        self.built = Built(projection.name)
        self._new: list[Key] = []
        self._unreadable: set[UUID] = set()

    def __enter__(self) -> "Build":
        self.live: Connection = self._engine.connect()
        drop_leftovers(self.live, self.tables)
        for name in self.tables:
            self.live.exec_driver_sql(f"CREATE TABLE `{name}{REBUILT}` LIKE `{name}`")
        self.live.commit()
        self._taken_in = TakenIn(self.live, self._projection.consumers, self._lately)
        self._shadow = Shadow(self._engine, self._projection)
        return self

    def __exit__(self, *_: object) -> None:
        self._shadow.__exit__(None, None, None)
        if self.live.in_transaction():
            self.live.rollback()
        drop_leftovers(self.live, self.tables)
        self.live.close()

    def build(self) -> None:
        """Everything that the archive has now."""
        total = sum(self._archive.count(source, types) for source, types in self._types.items())
        events, done = self._in_order(), 0
        while chunk := list(islice(events, PAGE)):
            self._shadow.feed(self._chosen(chunk))
            done += len(chunk)
            self._report(self._projection.name, done, max(done, total))
        self._touched = self._shadow.now()
        self.built.rows = self._shadow.copy()
        for table in self._projection.tables:
            if table.restore is not None:
                table.restore(self.live, table.name + REBUILT)
                self.live.commit()
            keep(self.live, table)

    def catch_up(self) -> int:
        """Build in what the service has taken in meanwhile; answers how many events that were. After an error it may be
        called again: what it had not finished is done once more.
        """
        missing = self._taken_in.since(self._lately).keys() - self._recent
        self.live.commit()
        ids = sorted({event_id for _, event_id in missing}, key=str)
        if ids:
            now = self._shadow.now()
            readable = self._readable(self._some(ids))
            intakes = [intake for _, found in readable for intake in found if intake.key in missing]
            self._shadow.feed(intakes)
            self._shadow.copy(self._touched)
            self._touched = now
            self._recent |= missing
            self.built.events += len(intakes)
            self.built.not_in_archive += len(missing) - len(intakes)
        for table in self._projection.tables:
            keep(self.live, table)
        return len(ids)

    def check_archive(self) -> None:
        """Note how much of what the service has taken in the archive does not have any more."""
        known = self._taken_in.count_before(self._lately)
        self.live.commit()
        self.built.not_in_archive += max(0, known - self._counted)

    def take_as_taken_in(self) -> Sequence[Key]:
        """With ``from_nothing``: what the inbox is to say that the service has."""
        return self._new

    def comparisons(self) -> list[Comparison]:
        """Each table, live and rebuilt."""
        return [compare(self.live, table) for table in self._projection.tables]

    def _in_order(self) -> Iterator[tuple[datetime, list[Intake]]]:
        pages = [self._pages(source, types) for source, types in self._types.items()]
        return heapq.merge(*pages, key=lambda each: each[0])

    def _pages(self, source: str, types: Sequence[str]) -> Iterator[tuple[datetime, list[Intake]]]:
        after = 0
        while page := self._archive.page(source, types, after):
            after = page[-1].position
            yield from self._readable(page)

    def _some(self, ids: Sequence[UUID]) -> Iterator[Archived]:
        for start in range(0, len(ids), PAGE):
            for source in self._types:
                yield from self._archive.some(source, ids[start : start + PAGE])

    def _readable(self, events: Iterable[Archived]) -> list[tuple[datetime, list[Intake]]]:
        """Each event with its time, without those that cannot be read: these are noted."""
        found, unreadable, fed = [], [], self._projection
        for each in events:
            try:
                envelope = Envelope.parse(each.envelope)
                intakes = intakes_of(self._consumers, envelope, each.envelope)
            except ValueError:  # what pydantic raises is one
                unreadable.append(each)
                continue
            own = [_named(intake, fed) for intake in intakes if intake.handler.name in fed.consumers]
            found.append((envelope.time, own))
        self._note_unreadable([each for each in unreadable if each.id not in self._unreadable])
        return found

    def _note_unreadable(self, events: Sequence[Archived]) -> None:
        if not events:
            return
        known, _ = self._taken_in.known(each.id for each in events)
        self.live.commit()
        taken_in = {event_id for _, event_id in known}
        self.built.unreadable += [Unreadable(each.id, each.type, each.id in taken_in) for each in events]
        self._unreadable |= {each.id for each in events}

    def _chosen(self, chunk: Iterable[tuple[datetime, list[Intake]]]) -> list[Intake]:
        intakes = [intake for _, found in chunk for intake in found]
        ids = {intake.envelope.id for intake in intakes}
        known, waiting = self._taken_in.known(ids)
        self.live.commit()
        recent = {key for key, at in known.items() if at >= self._lately}
        self._recent |= recent
        self._counted += len(known) - len(recent)
        chosen = [each for each in intakes if each.key in known or self._may_build(each, waiting)]
        self.built.events += len(chosen)
        return chosen

    def _may_build(self, intake: Intake, waiting: frozenset[Key]) -> bool:
        if intake.key in waiting:
            return False
        if not self._projection.with_effects:
            return True
        if self._from_nothing and intake.envelope.time < self._began - _ON_THEIR_WAY:
            self._new.append(intake.key)
            return True
        name = intake.handler.name
        self.built.not_taken_in[name] = self.built.not_taken_in.get(name, 0) + 1
        return False


def _named(intake: Intake, projection: Projection) -> Intake:
    """The same, with a handler that says on which event it raised."""
    handler, envelope = intake.handler, intake.envelope

    def run(session: Session, event: Event) -> None:
        try:
            handler.run(session, event)
            session.flush()
        except Exception as error:
            if is_unreachable(error) or is_lost_race(error):
                raise
            said = gist("".join(traceback.format_exception_only(error)))
            about = f"{handler.name} cannot take in event {envelope.id} ({envelope.type})"
            raise HandlerFailed(f"{about}: {said}; {projection.name} stays as it was") from error

    return replace(intake, handler=replace(handler, run=run))


def held(engine: Engine, build: Build, work: Callable[[Held], Any]) -> Any:
    """``work`` while nobody changes the projection's tables and nothing is missing that the service has taken in."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            while build.catch_up() > PAGE:
                pass
            with Held(engine, build.tables) as hold:
                build.catch_up()
                return work(hold)
        except PartlySwapped:
            raise  # what is not live any more cannot be caught up with
        except (OperationalError, SwapFailed) as error:
            if attempt == _ATTEMPTS or not is_lost_race(error.__cause__ if isinstance(error, SwapFailed) else error):
                raise
    raise AssertionError("unreachable")


def verified(engine: Engine, build: Build) -> list[Comparison]:
    """What differs; what does at first sight is looked at once more while nobody changes anything."""
    build.build()
    build.catch_up()
    build.check_archive()
    if not any(comparison.differing for comparison in build.comparisons()):
        return build.comparisons()
    found: list[Comparison] = held(engine, build, lambda _: build.comparisons())
    return found
