"""One process at a time: MySQL's ``GET_LOCK``, held by a connection of its own and freed by the server if it dies."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from chassis.mysql import mysql_engine

log = structlog.get_logger(__name__)

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


@contextmanager
def spoken_over(connection: Connection, every: float) -> Iterator[None]:
    """While the holder of a lock is busy elsewhere, a word over its connection every so many seconds, from a thread:
    ``silence`` then means that this process is gone or frozen. The block must leave the connection alone.
    """
    ended = threading.Event()

    def speak() -> None:
        while not ended.wait(every):
            try:
                connection.exec_driver_sql("DO 0")
                connection.commit()
            except SQLAlchemyError as error:
                log.warning("lock_lost", error=str(error), effect="another process may do the same now")
                return

    speaker = threading.Thread(target=speak, name="lock-speaker", daemon=True)
    speaker.start()
    try:
        yield
    finally:
        ended.set()
        speaker.join()


def _server_wide(name: str) -> str:
    """Lock names belong to the whole server and have at most 64 characters."""
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:31]}.{hashlib.blake2b(name.encode(), digest_size=16).hexdigest()}"
