"""PyMySQL without what costs time and brings nothing.

*TLS contexts.* PyMySQL makes one for every connection, also where the server offers no TLS, and reads all of the
system's certificates into it: about 10 ms of processor time, and 0.7 MB for as long as the connection lives. A context
is meant to be shared (Python: ``ssl.SSLContext``), so there is one a process for each way to connect.

*Round trips.* SQLAlchemy's pool asks a connection whether it lives before each transaction, and rolls back after it
what has been committed already: of the four round trips of a transaction with one statement these are two. A connection
that has just answered is alive, and one that has been asked nothing since its last COMMIT or ROLLBACK has nothing to
roll back.
"""

import time
from functools import cache
from typing import Any

from pymysql.connections import Connection
from pymysql.constants.COMMAND import COM_QUERY
from sqlalchemy import Engine, create_engine, event

#: A connection that answered so lately is not asked whether it lives. Longer would save nothing more where it matters
#: (under load each is used many times a second), and let more requests meet a server that has just gone.
JUST_NOW_SECONDS = 0.25


class FrugalConnection(Connection):  # type: ignore[misc]
    """A connection of PyMySQL, which behaves in every way as before."""

    _answered_at = 0.0
    _may_be_in_transaction = True

    def _execute_command(self, command: int, sql: Any) -> None:
        if command == COM_QUERY:
            self._may_be_in_transaction = True
        super()._execute_command(command, sql)

    def _read_query_result(self, unbuffered: bool = False) -> Any:
        result = super()._read_query_result(unbuffered)
        self._answered_at = time.monotonic()
        return result

    def commit(self) -> None:
        super().commit()
        self._is_through()

    def rollback(self) -> None:
        if self._may_be_in_transaction:
            super().rollback()
            self._is_through()

    def _is_through(self) -> None:
        self._may_be_in_transaction = False
        self._answered_at = time.monotonic()

    def ping(self, reconnect: bool = False) -> None:
        if self._sock is None or time.monotonic() - self._answered_at > JUST_NOW_SECONDS:
            super().ping(reconnect)

    def _create_ssl_ctx(self, options: Any) -> Any:
        if not isinstance(options, dict):
            return super()._create_ssl_ctx(options)
        return _context(tuple(sorted(options.items())))

    def new_context(self, options: dict[str, Any]) -> Any:
        """As PyMySQL makes them."""
        return super()._create_ssl_ctx(options)


@cache
def _context(options: tuple[tuple[str, Any], ...]) -> Any:
    return FrugalConnection(defer_connect=True, ssl_disabled=True).new_context(dict(options))


def mysql_engine(url: Any, **options: Any) -> Engine:
    """``sqlalchemy.create_engine`` for MySQL."""
    engine = create_engine(url, **options)
    event.listen(engine, "do_connect", _connect)
    return engine


def _connect(_dialect: Any, _record: Any, arguments: Any, parameters: dict[str, Any]) -> FrugalConnection:
    return FrugalConnection(*arguments, **parameters)
