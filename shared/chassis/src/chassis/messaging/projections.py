"""Which tables of a service are built from the events of others, and so can be built again (ADR 0015).

Declared in the service's ``events`` module, beside the consumers: every consumer feeds a projection or is named as an
effect, and every table is part of a projection or the service's own. A handler that feeds a projection inserts and
updates its rows, and never deletes one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from chassis.messaging.consumers import Consumers

#: ``restore(connection, table)``: fills kept columns of a rebuilt table where the live one has lost them.
Restore = Callable[[Connection, str], None]


@dataclass(frozen=True, slots=True)
class ProjectedTable:
    """One table of a projection.

    ``key`` tells rows apart (empty: the primary key). Columns in ``own`` are not told by events: a rebuild takes them
    from the live row, and a comparison passes over them; those in ``rising`` only ever grow, and the greater value
    stays. Rows in which the column of ``own_rows`` has its value did not come from an event, and stay.
    """

    name: str
    key: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    rising: tuple[str, ...] = ()
    own_rows: tuple[str, int] | None = None
    restore: Restore | None = None

    @property
    def kept(self) -> tuple[str, ...]:
        """Columns that events do not tell."""
        return (*self.own, *self.rising)


@dataclass(frozen=True, slots=True)
class Projection:
    """Tables that are built together, and the consumers (inbox names) that build them.

    ``with_effects``: these consumers also do things that must happen with the event (issue, erase, emit); so a rebuild
    takes only what the service has taken in, and leaves the rest to the workers. ``reads``: own tables that handlers
    look at, each with the condition of the rows that matter.
    """

    name: str
    consumers: tuple[str, ...]
    tables: tuple[ProjectedTable, ...]
    with_effects: bool = False
    reads: Mapping[str, str] = field(default_factory=dict)


class Projections:
    """Everything of one service that comes from events."""

    def __init__(
        self,
        consumers: Consumers,
        projections: Sequence[Projection] = (),
        *,
        effects: Iterable[str] = (),
        own_tables: Iterable[str] = (),
    ) -> None:
        self.consumers = consumers
        self.effects = frozenset(effects)
        self.own_tables = frozenset(own_tables)
        self._projections = tuple(projections)

    def chosen(self, names: Sequence[str]) -> list[Projection]:
        """Those with these names, or all; ``ValueError`` with the names there are for another name."""
        by_name = {projection.name: projection for projection in self._projections}
        unknown = sorted(set(names) - by_name.keys())
        if unknown:
            there = ", ".join(by_name) or "none"
            raise ValueError(f"{self.consumers.service} has no projection {unknown[0]!r}; it has {there}")
        return [by_name[name] for name in names] if names else list(self._projections)

    def types_of(self, projection: Projection) -> dict[str, list[str]]:
        """The wire types that feed a projection, by the service that publishes them."""
        found: dict[str, list[str]] = {}
        for handler in self.consumers:
            if handler.name in projection.consumers:
                found.setdefault(handler.event_type.source, []).append(handler.event_type.type)
        return found

    def gaps(self, tables: Iterable[str]) -> list[str]:
        """What is declared wrongly or not at all, in words; empty when all is well."""
        fed = [name for projection in self._projections for name in projection.consumers]
        built = [table.name for projection in self._projections for table in projection.tables]
        registered, there = {handler.name for handler in self.consumers}, set(tables)
        return [
            *(f"{name} neither feeds a projection nor is an effect" for name in registered - set(fed) - self.effects),
            *(f"there is no consumer {name}" for name in (set(fed) | self.effects) - registered),
            *(f"{name} feeds a projection and is called an effect alone" for name in set(fed) & self.effects),
            *(
                f"table {name} is neither a projection nor the service's own"
                for name in there - set(built) - self.own_tables
            ),
            *(f"there is no table {name}" for name in (set(built) | self.own_tables) - there),
            *(
                f"table {name} is in two places"
                for name in set(built)
                if built.count(name) > 1 or name in self.own_tables
            ),
        ]
