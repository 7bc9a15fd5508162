"""What a service has taken in: the events whose effect its projections must show, and no others."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select

from chassis.tables import event_failures, inbox, operator_actions

#: An inbox key: consumer and event id.
Key = tuple[str, UUID]
_KEY = inbox.c.consumer, inbox.c.event_id


class TakenIn:
    """Answers for one projection's consumers, from the live tables as they are when it is asked. What an operator
    discarded never took effect, although the inbox has it; operators go on discarding, and undoing it, meanwhile.

    What the inbox has from before ``lately`` was discarded before the first question, if it was.
    """

    def __init__(self, connection: Connection, consumers: Sequence[str], lately: datetime) -> None:
        self._connection = connection
        self._consumers = consumers
        self._lately = lately
        self._discarded = _discarded(connection)

    def known(self, ids: Iterable[UUID]) -> tuple[dict[Key, datetime], frozenset[Key]]:
        """Which of these events have taken effect at which consumer, and when; and which are not ours to build: a
        worker still tries them, nobody could take them in, or nobody was to.
        """
        wanted = list(ids)
        waiting = self._waiting(wanted)  # first: from there they go to the inbox, whether taken in or discarded
        given_up = self._discarded
        rows = self._noted(inbox.c.event_id.in_(wanted))
        if any(at >= self._lately for at in rows.values()):
            self._discarded = _discarded(self._connection)
        given_up |= self._discarded
        return _without(rows, given_up), waiting | given_up

    def since(self, moment: datetime) -> dict[Key, datetime]:
        """What has taken effect from ``moment`` on."""
        given_up = _discarded(self._connection)
        rows = self._noted(inbox.c.processed_at >= moment)
        self._discarded = _discarded(self._connection)  # again: what has been discarded in between is among the rows
        return _without(rows, given_up | self._discarded)

    def count_before(self, moment: datetime) -> int:
        """How many events had taken effect before."""
        old = inbox.c.consumer.in_(self._consumers), inbox.c.processed_at < moment
        number = self._connection.scalar(select(func.count()).where(*old)) or 0
        given_up = [event_id for consumer, event_id in self._discarded if consumer in self._consumers]
        if not given_up:
            return number
        rows = self._connection.execute(select(*_KEY).where(*old, inbox.c.event_id.in_(given_up)))
        return number - sum((row[0], row[1]) in self._discarded for row in rows)

    def _waiting(self, ids: Sequence[UUID]) -> frozenset[Key]:
        rows = self._connection.execute(
            select(event_failures.c.consumer, event_failures.c.event_id).where(
                event_failures.c.consumer.in_(self._consumers), event_failures.c.event_id.in_(ids)
            )
        )
        return frozenset((row[0], row[1]) for row in rows)

    def _noted(self, which: ColumnElement[bool]) -> dict[Key, datetime]:
        rows = self._connection.execute(
            select(*_KEY, inbox.c.processed_at).where(inbox.c.consumer.in_(self._consumers), which)
        )
        return {(row[0], row[1]): row[2] for row in rows}


def _without(rows: dict[Key, datetime], given_up: frozenset[Key]) -> dict[Key, datetime]:
    return {key: at for key, at in rows.items() if key not in given_up}


def _discarded(connection: Connection) -> frozenset[Key]:
    """What operators discarded before it took effect, and did not replay with ``--again`` afterwards."""
    found: set[Key] = set()
    action, details = operator_actions.c.action, operator_actions.c.details
    # A replay of everything is a long list of events, which is read only if it takes something back.
    again = (action == "replay") & (func.locate('"again":true', details) > 0)
    actions = select(action, details).where((action == "discard") | again).order_by(operator_actions.c.id)
    for name, told in connection.execute(actions):
        if name == "discard":
            letters = [each for each in told["letters"] if not each.get("taken_in")]
            found |= {(each["consumer"], UUID(each["event_id"])) for each in letters}
        else:
            found -= {(told["consumer"], UUID(each)) for each in told["events"]}
    return frozenset(found)
