"""The gist of a traceback: what a list of dead letters says went wrong."""

import traceback
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from chassis.messaging.operations.gist import gist
from contracts.events import Envelope


def _database() -> Any:
    return create_engine("sqlite://").connect().execute(text("SELECT * FROM nowhere"))


def _chained() -> None:
    try:
        int("x")
    except ValueError as error:
        raise RuntimeError("first\nsecond\n\n third") from error


def _noted() -> None:
    error = ValueError("it is wrong")
    error.add_note("and so is this")
    raise error


def _deep(level: int = 300) -> float:
    return _deep(level - 1) if level else 1 / 0


def _of(cause: Callable[[], Any]) -> str:
    try:
        cause()
    except Exception as error:
        return "".join(traceback.format_exception(error))
    raise AssertionError("it did not fail")


@pytest.mark.parametrize(
    ("cause", "begins"),
    [
        (
            lambda: Envelope.parse(b""),
            "ValidationError: 1 validation error for Envelope Invalid JSON: EOF while",
        ),
        (_database, "OperationalError: (sqlite3.OperationalError) no such table: nowhere"),
        (_chained, "RuntimeError: first second third"),
        (_noted, "ValueError: it is wrong and so is this"),
        (_deep, "ZeroDivisionError: division by zero"),
        (lambda: {}["a.b"], "KeyError: 'a.b'"),
        (lambda: next(iter(())), "StopIteration"),
    ],
    ids=["of a validation", "of a database", "of a chain", "with a note", "of a recursion", "of a key", "no message"],
)
def test_the_gist_of_a_traceback_is_its_message(cause: Callable[[], Any], begins: str) -> None:
    assert gist(_of(cause)).startswith(begins)


def test_what_is_no_traceback_is_its_own_gist() -> None:
    assert gist("delivered 6 times without being acknowledged") == "delivered 6 times without being acknowledged"
    assert gist("") == ""


def test_a_gist_is_short() -> None:
    assert len(gist(_of(lambda: int("x" * 1000)))) == 161
