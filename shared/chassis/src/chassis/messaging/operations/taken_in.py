"""What a service has taken in: the events whose effect its projections must show, and no others."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from chassis.tables import event_failures, inbox, operator_actions

#: An inbox key: consumer and event id.
Key = tuple[str, UUID]
_KEY = inbox.c.consumer, inbox.c.event_id


class TakenIn:
    """Answers for one projection's consumers, from the live tables. What an operator discarded never took effect,
    although the inbox has it.
    """

    def __init__(self, connection: Connection, consumers: Sequence[str]) -> None:
        self._connection = connection
        self._consumers = consumers
        self._discarded = _discarded(connection)

    def known(self, ids: Iterable[UUID]) -> dict[Key, datetime]:
        """Which of these events have taken effect at which consumer, and when."""
        rows = self._connection.execute(
            select(inbox.c.consumer, inbox.c.event_id, inbox.c.processed_at).where(
                inbox.c.consumer.in_(self._consumers), inbox.c.event_id.in_(list(ids))
            )
        )
        return self._without_discarded(rows)

    def waiting(self, ids: Iterable[UUID]) -> frozenset[Key]:
        """Which of these events a worker still tries, or nobody could take in, or nobody was to."""
        rows = self._connection.execute(
            select(event_failures.c.consumer, event_failures.c.event_id).where(
                event_failures.c.consumer.in_(self._consumers), event_failures.c.event_id.in_(list(ids))
            )
        )
        return frozenset((row[0], row[1]) for row in rows) | self._discarded

    def since(self, moment: datetime) -> dict[Key, datetime]:
        """What has taken effect from ``moment`` on."""
        rows = self._connection.execute(
            select(inbox.c.consumer, inbox.c.event_id, inbox.c.processed_at).where(
                inbox.c.consumer.in_(self._consumers), inbox.c.processed_at >= moment
            )
        )
        return self._without_discarded(rows)

    def count_before(self, moment: datetime) -> int:
        """How many events had taken effect before."""
        old = inbox.c.consumer.in_(self._consumers), inbox.c.processed_at < moment
        number = self._connection.scalar(select(func.count()).where(*old)) or 0
        given_up = [event_id for consumer, event_id in self._discarded if consumer in self._consumers]
        if not given_up:
            return number
        rows = self._connection.execute(select(*_KEY).where(*old, inbox.c.event_id.in_(given_up)))
        return number - sum((row[0], row[1]) in self._discarded for row in rows)

    def _without_discarded(self, rows: Iterable[Any]) -> dict[Key, datetime]:
        found = {(row[0], row[1]): row[2] for row in rows}
        return {key: at for key, at in found.items() if key not in self._discarded}


def _discarded(connection: Connection) -> frozenset[Key]:
    """What operators discarded before it took effect, and did not replay with ``--again`` afterwards."""
    found: set[Key] = set()
    actions = select(operator_actions.c.action, operator_actions.c.details).order_by(operator_actions.c.id)
    for action, details in connection.execute(actions.where(operator_actions.c.action.in_(["discard", "replay"]))):
        if action == "discard":
            letters = [each for each in details["letters"] if not each.get("taken_in")]
            found |= {(each["consumer"], UUID(each["event_id"])) for each in letters}
        elif details.get("again"):
            found -= {(details["consumer"], UUID(each)) for each in details["events"]}
    return frozenset(found)
