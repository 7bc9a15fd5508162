"""One process at a time: MySQL's ``GET_LOCK``, held by a connection of its own and freed by the server if it dies."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.pool import NullPool

from chassis.mysql import mysql_engine

_LONGEST_NAME = 64


def lock_engine(url: str) -> Engine:
    """An engine for connections that hold locks: unpooled, and given up when the server stays silent."""
    return mysql_engine(
        url,
        poolclass=NullPool,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": 5,
            "read_timeout": 60,
            "write_timeout": 60,
            "init_command": "SET time_zone='+00:00'",
        },
    )


@contextmanager
def only_one(engine: Engine, name: str, wait: int = 0, *, silence: int | None = None) -> Iterator[Connection | None]:
    """Gives a connection that holds the lock ``name`` of this schema, or None when another still has it after
    ``wait`` seconds. The lock lives as long as the connection: work done over it stops when the lock is lost.

    The server ends a connection that says nothing for ``silence`` seconds: so a holder that was frozen, or whose
    machine vanished without a goodbye, does not keep the lock (by itself it would, for hours).
    """
    with engine.connect() as connection:
        if silence is not None:
            connection.execute(text("SET SESSION wait_timeout = :silence"), {"silence": silence})
        schema = connection.scalar(text("SELECT DATABASE()"))
        full_name = _server_wide(f"edxelera.{schema}.{name}")
        got = connection.scalar(text("SELECT GET_LOCK(:name, :wait)"), {"name": full_name, "wait": wait})
        connection.commit()
        if got != 1:
            yield None
            return
        try:
            yield connection  # unpooled: closing it frees the lock
        except BaseException:
            connection.invalidate()  # whatever state it is in, it is not asked to roll back
            raise


def _server_wide(name: str) -> str:
    """Lock names belong to the whole server and have at most 64 characters."""
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:31]}.{hashlib.blake2b(name.encode(), digest_size=16).hexdigest()}"
