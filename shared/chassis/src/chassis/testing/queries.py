"""Counting queries: an endpoint's number of round trips is part of its contract (DESIGN §7)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from chassis.database import Database


@contextmanager
def count_queries(database: Database) -> Iterator[list[str]]:
    """The statements that were sent to ``database`` inside the block."""
    statements: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


@contextmanager
def count_transactions(database: Database) -> Iterator[list[Any]]:
    """The transactions that were begun on ``database`` inside the block."""
    begun: list[Any] = []

    def note(connection: Any) -> None:
        begun.append(connection)

    event.listen(database.engine, "begin", note)
    try:
        yield begun
    finally:
        event.remove(database.engine, "begin", note)
