"""Builds projections again from the archive, beside the live ones, while the service runs; then swaps or compares.

A projection shows what its service has taken in, so that is what is built again: the events of the archive that the
inbox has, whatever the workers take in meanwhile included (under ``Held`` the two are the same). Events on their way
are left to the workers, or their effects would be lost. Where handlers have no effects but their rows, events that
the service never took in are built in too: that heals a projection that missed some. Why so: ADR 0015.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from chassis.clock import utc_now
from chassis.database import is_lost_race
from chassis.messaging.inbox import Intake, intakes_of
from chassis.messaging.operations.archive import PAGE, Archive
from chassis.messaging.operations.comparing import Comparison, compare
from chassis.messaging.operations.keeping import keep
from chassis.messaging.operations.shadow import REBUILT, Shadow
from chassis.messaging.operations.swapping import Held, PartlySwapped, SwapFailed, drop_leftovers
from chassis.messaging.operations.taken_in import Key, TakenIn
from chassis.messaging.projections import Projection, Projections
from contracts.events import Envelope

Report = Callable[[str, int, int], None]

#: What was noted as taken in so long before the beginning may have been noted by a clock that is behind.
_CLOCKS_DIFFER = timedelta(minutes=10)
#: With ``from_nothing``: what is younger is left to the workers.
_ON_THEIR_WAY = timedelta(minutes=10)
_ATTEMPTS = 12


class ArchiveIncomplete(Exception):
    """A rebuild would lose what events told that are not in the archive any more."""


@dataclass(slots=True)
class Built:
    """What a build consists of. ``not_taken_in``: events by consumer that the service has never taken in, and that
    only its workers may (a replay brings them).
    """

    projection: str
    events: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    not_taken_in: dict[str, int] = field(default_factory=dict)
    not_in_archive: int = 0


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
        """Build in what the service has taken in meanwhile; answers how many events that were."""
        missing = self._taken_in.since(self._lately).keys() - self._recent
        self.live.commit()
        self._recent |= missing
        ids = sorted({event_id for _, event_id in missing}, key=str)
        if ids:
            since = self._touched
            self._touched = self._shadow.now()
            intakes = [each for raw in self._some(ids) for each in self._intakes(raw) if each.key in missing]
            self._shadow.feed(intakes)
            self.built.events += len(intakes)
            self.built.not_in_archive += len(missing) - len(intakes)
            self._shadow.copy(since)
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

    def _in_order(self) -> Iterator[tuple[Envelope, bytes]]:
        pages = [self._pages(source, types) for source, types in self._types.items()]
        return heapq.merge(*pages, key=lambda each: each[0].time)

    def _pages(self, source: str, types: Sequence[str]) -> Iterator[tuple[Envelope, bytes]]:
        after = 0
        while page := self._archive.page(source, types, after):
            after = page[-1][0]
            yield from ((Envelope.parse(raw), raw) for _, raw in page)

    def _some(self, ids: Sequence[UUID]) -> Iterator[bytes]:
        for start in range(0, len(ids), PAGE):
            for source in self._types:
                yield from self._archive.some(source, ids[start : start + PAGE])

    def _intakes(self, raw: bytes) -> list[Intake]:
        found = intakes_of(self._consumers, Envelope.parse(raw), raw)
        return [intake for intake in found if intake.handler.name in self._projection.consumers]

    def _chosen(self, chunk: Iterable[tuple[Envelope, bytes]]) -> list[Intake]:
        intakes = [intake for _, raw in chunk for intake in self._intakes(raw)]
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


def held(engine: Engine, build: Build, work: Callable[[Held], Any]) -> Any:
    """``work`` while nobody changes the projection's tables and nothing is missing that the service has taken in."""
    for attempt in range(1, _ATTEMPTS + 1):
        while build.catch_up() > PAGE:
            pass
        try:
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
