"""Events that failed: look at them, have them tried again, give them up."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, true, update
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from chassis import database_clock
from chassis.messaging.failures import State
from chassis.messaging.operations.audit import Operator, note
from chassis.messaging.operations.gist import gist
from chassis.tables import event_failures, inbox

_TABLE = event_failures.c
_BRIEF = (
    _TABLE.id, _TABLE.consumer, _TABLE.event_id, _TABLE.type, _TABLE.subject, _TABLE.state, _TABLE.attempts,
    _TABLE.error, _TABLE.first_at, _TABLE.last_at, _TABLE.next_attempt_at,
)  # fmt: skip


class LetterNotFound(Exception):
    """There is no failure with this id in this schema, or no dead letter."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A failed event. ``error`` is the traceback's gist in lists, and all of it in ``show``. ``taken_in``: it was
    discarded after the event had taken effect by a later delivery.
    """

    id: int
    consumer: str
    event_id: UUID
    type: str | None
    subject: str | None
    state: str
    attempts: int
    error: str
    first_at: datetime
    last_at: datetime
    next_attempt_at: datetime | None
    envelope: str | None = None
    taken_in: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters: those to which all that is given applies. ``ValueError`` for none of it without ``all_``."""

    ids: tuple[int, ...] = ()
    consumer: str | None = None
    type: str | None = None
    all_: bool = False

    def __post_init__(self) -> None:
        if not (self.ids or self.consumer or self.type or self.all_):
            raise ValueError("say which dead letters: ids, a consumer, a type, or all")

    def where(self) -> ColumnElement[bool]:
        """As a condition; only the dead are meant, what is being retried needs nobody."""
        condition: ColumnElement[bool] = _TABLE.state == State.DEAD
        if self.ids:
            condition = condition & _TABLE.id.in_(self.ids)
        return condition & _of(self.consumer, self.type)


def _of(consumer: str | None, type_: str | None) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = true()
    if consumer:
        condition = condition & (_TABLE.consumer == consumer)
    if type_:
        condition = condition & (_TABLE.type == type_)
    return condition


def failed(
    session: Session,
    state: State = State.DEAD,
    *,
    consumer: str | None = None,
    type_: str | None = None,
    limit: int = 100,
) -> list[Letter]:
    """The oldest failures in this state."""
    query = select(*_BRIEF).where(_TABLE.state == state, _of(consumer, type_)).order_by(_TABLE.id).limit(limit)
    return [_brief(row) for row in session.execute(query)]


def has_failed(session: Session, consumer: str) -> bool:
    """Whether any failure is this consumer's; it may be one that is registered no more."""
    return session.execute(select(_TABLE.id).where(_TABLE.consumer == consumer).limit(1)).first() is not None


def show(session: Session, letter_id: int) -> Letter:
    """Everything about one: the event as it came, and the whole traceback. Raises ``LetterNotFound``."""
    row = session.execute(select(*_BRIEF, _TABLE.envelope).where(_TABLE.id == letter_id)).first()
    if row is None:
        raise LetterNotFound(f"there is no failed event {letter_id} here; it may have been taken in by now")
    return _letter(row)


def retry(session: Session, selection: Selection, operator: Operator, now: datetime) -> list[Letter]:
    """The worker tries these again at once, with all their attempts before them; answers which. Raises
    ``LetterNotFound``, and does nothing, when one is named that there is not.
    """
    letters = _lock(session, selection)
    if letters:
        again = {"state": State.RETRYING, "attempts": 0, "next_attempt_at": database_clock.NOW}
        session.execute(update(event_failures).where(_TABLE.id.in_([each.id for each in letters])).values(again))
        note(session, operator, "retry", {"letters": [_recorded(each) for each in letters]}, now)
    return letters


def discard(session: Session, selection: Selection, operator: Operator, now: datetime) -> list[Letter]:
    """These never take effect: another delivery is passed over as if taken in (replay with ``again`` undoes it). What
    has taken effect meanwhile stays in effect, and is recorded so: only its letter goes.

    What was discarded stays in the record; what nobody could read stays there with its bytes, for it is nowhere else.
    Raises ``LetterNotFound``, and does nothing, when one is named that there is not.
    """
    letters = _lock(session, selection)
    if letters:
        session.execute(delete(event_failures).where(_TABLE.id.in_([each.id for each in letters])))
        letters = [replace(each, taken_in=not _give_up(session, each, now)) for each in letters]
        note(session, operator, "discard", {"letters": [_recorded(each) for each in letters]}, now)
    return letters


def _give_up(session: Session, letter: Letter, now: datetime) -> bool:
    """Whether the consumer had not taken it in. Its inbox decides in one statement: to look first would not hold back
    a worker that takes it in at the same time.
    """
    if letter.type is None:
        return True
    row = {"consumer": letter.consumer, "event_id": letter.event_id, "processed_at": now}
    given_up: Any = session.execute(mysql.insert(inbox).values(row).prefix_with("IGNORE"))
    return bool(given_up.rowcount)


def _lock(session: Session, selection: Selection) -> list[Letter]:
    query = select(*_BRIEF, _TABLE.envelope).where(selection.where()).order_by(_TABLE.id).with_for_update()
    letters = [_brief(row) for row in session.execute(query)]
    if missing := sorted(set(selection.ids) - {each.id for each in letters}):
        named = ("is no dead letter " if len(missing) == 1 else "are no dead letters ") + ", ".join(map(str, missing))
        raise LetterNotFound(f"there {named} here (taken in by now, or being tried again?); nothing was done")
    return letters


def _letter(row: Any) -> Letter:
    columns = dict(row._mapping)
    if "envelope" in columns:
        columns["envelope"] = columns["envelope"].decode(errors="backslashreplace")
    return Letter(**columns)


def _brief(row: Any) -> Letter:
    letter = _letter(row)
    return replace(letter, error=gist(letter.error))


def _recorded(letter: Letter) -> dict[str, Any]:
    return {
        "consumer": letter.consumer,
        "event_id": str(letter.event_id),
        "type": letter.type,
        "subject": letter.subject,
        "attempts": letter.attempts,
        "error": letter.error,
        **({"envelope": letter.envelope} if letter.type is None else {}),
        **({"taken_in": True} if letter.taken_in else {}),
    }
