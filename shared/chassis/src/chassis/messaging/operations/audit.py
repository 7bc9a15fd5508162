"""Who did what to events, when and why: rows that are only ever added."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from chassis.tables import operator_actions


@dataclass(frozen=True, slots=True)
class Operator:
    """The person at the keyboard, and the reason given. Raises ``ValueError`` without either."""

    who: str
    why: str

    def __post_init__(self) -> None:
        if not self.who.strip() or not self.why.strip():
            raise ValueError("say who does it and why: it is written down")


@dataclass(frozen=True, slots=True)
class Action:
    """One row of ``operator_actions``."""

    id: int
    at: datetime
    who: str
    action: str
    why: str
    details: Any


def note(session: Session, operator: Operator, action: str, details: Mapping[str, Any], now: datetime) -> None:
    """Write it down in the transaction that does it."""
    row = {"at": now, "who": operator.who[:120], "action": action, "why": operator.why, "details": dict(details)}
    session.execute(insert(operator_actions).values(row))


def history(session: Session, limit: int = 50) -> list[Action]:
    """The latest actions, the last one first."""
    table = operator_actions.c
    columns = (table.id, table.at, table.who, table.action, table.why, table.details)
    rows = session.execute(select(*columns).order_by(table.id.desc()).limit(limit))
    return [Action(*row) for row in rows]
