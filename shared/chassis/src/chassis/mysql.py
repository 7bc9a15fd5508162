"""Engines whose connections share their TLS contexts.

PyMySQL makes a context for every connection, also where the server offers no TLS, and reads all of the system's
certificates into it: about 10 ms of processor time, and 0.7 MB for as long as the connection lives. A context is meant
to be shared (Python: ``ssl.SSLContext``), so there is one a process for each way to connect.
"""

from functools import cache
from typing import Any

from pymysql.connections import Connection
from sqlalchemy import Engine, create_engine, event


class SharingConnection(Connection):  # type: ignore[misc]
    """A connection of PyMySQL, which behaves in every way as before."""

    def _create_ssl_ctx(self, options: Any) -> Any:
        if not isinstance(options, dict):
            return super()._create_ssl_ctx(options)
        return _context(tuple(sorted(options.items())))

    def new_context(self, options: dict[str, Any]) -> Any:
        """As PyMySQL makes them."""
        return super()._create_ssl_ctx(options)


@cache
def _context(options: tuple[tuple[str, Any], ...]) -> Any:
    return SharingConnection(defer_connect=True, ssl_disabled=True).new_context(dict(options))


def mysql_engine(url: Any, **options: Any) -> Engine:
    """``sqlalchemy.create_engine`` for MySQL."""
    engine = create_engine(url, **options)
    event.listen(engine, "do_connect", _connect)
    return engine


def _connect(_dialect: Any, _record: Any, arguments: Any, parameters: dict[str, Any]) -> SharingConnection:
    return SharingConnection(*arguments, **parameters)
