"""Rows built from events of other services: the highest `sequence` wins, so the order of arrival does not matter."""

from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from chassis.database import ModelBase
from discussion.auth import Caller
from discussion.models import Account

#: The sequence of a row that was not built from an event: any event is newer.
UNTOLD = -1


def keep_newest(session: Session, model: type[ModelBase], row: dict[str, Any]) -> None:
    """Insert the row, or replace the one with its key if that has a lower sequence."""
    table: Any = model.__table__
    new = insert(table).values(**row)
    keys = {column.name for column in table.primary_key}
    newer = new.inserted.sequence > table.c.sequence
    # In this order: MySQL assigns from left to right, and the sequence must be compared before it changes.
    changes = [(name, func.if_(newer, new.inserted[name], table.c[name])) for name in row if name not in keys]
    changes.sort(key=lambda change: change[0] == "sequence")
    session.execute(new.on_duplicate_key_update(changes))


def remember_author(session: Session, caller: Caller) -> None:
    """Keep the name of somebody whose account's event has not come yet; what is known already stays."""
    if session.get(Account, caller.account_id) is not None:
        return
    new = insert(Account).values(
        id=caller.account_id,
        name=caller.name,
        roles=sorted(caller.roles),
        teaches=sorted(caller.teaches),
        sequence=UNTOLD,
    )
    session.execute(new.on_duplicate_key_update(id=new.inserted.id))
