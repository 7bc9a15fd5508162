"""One service's database: engine, transactions, and the retry of lost lock races.

A request's transaction is committed before its answer is sent (``Depends(scope="function")``): a client never
hears "ok" about something that was not stored. Isolation is READ COMMITTED, so that locking a missing row and
inserting it does not deadlock (facts: MySQL error 1213 under REPEATABLE READ).
"""

import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

from anyio import CancelScope, CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Depends
from sqlalchemy import Engine, MetaData
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from starlette.requests import Request

from chassis.mysql import mysql_engine

T = TypeVar("T")

DEADLOCK = 1213
LOCK_WAIT_TIMEOUT = 1205
DUPLICATE_KEY = 1062

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

#: For every table: MariaDB's compiled default would be latin1.
TABLE_OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}


def new_metadata() -> MetaData:
    """Metadata with names for every constraint, so that migrations and errors can speak of them."""
    return MetaData(naming_convention=_NAMING)


class ModelBase(DeclarativeBase):
    """Base of a service's models: subclass once per service with ``metadata = new_metadata()``."""

    __abstract__ = True
    __table_args__: Any = TABLE_OPTIONS


def new_engine(url: str, pool_size: int = 6) -> Engine:
    """An engine whose pool never grows past the thread limit, in UTC."""
    return mysql_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        pool_recycle=1800,
        isolation_level="READ COMMITTED",
        connect_args={"connect_timeout": 5, "init_command": "SET time_zone='+00:00'"},
    )


class Database:
    """An engine and its sessions.

    ``begin()`` is one transaction; ``run(f)`` is one transaction that is tried again when the server chose it as
    the victim of a deadlock or a lock wait ran out (1213, 1205), so ``f`` must have no effect but on the session.
    """

    def __init__(self, url: str, pool_size: int = 6) -> None:
        self.engine = new_engine(url, pool_size)
        self.pool_size = pool_size
        #: Copied into each session's ``info``: ``emit`` and ``forget`` find the service's parts there.
        self.session_info: dict[str, Any] = {}
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        #: Requests that may hold a connection from one of their threads to the next: never all connections, so that
        #: whoever waits for one in a thread gets it, ends, and frees the thread for which a request waits.
        self.places = CapacityLimiter(max(1, pool_size - 1))

    def session(self) -> Session:
        """A session that the caller closes; prefer ``begin``."""
        return self._sessions(info=dict(self.session_info))

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, rolled back when it raises."""
        with self.session() as session, session.begin():
            yield session

    def run(self, work: Callable[[Session], T], *, attempts: int = 4) -> T:
        """``work`` in one transaction, again when a lock race was lost."""
        for attempt in range(1, attempts + 1):
            try:
                with self.begin() as session:
                    return work(session)
            except OperationalError as error:
                if attempt == attempts or not is_lost_race(error):
                    raise
                time.sleep(retry_pause(attempt))
        raise AssertionError("unreachable")

    def dispose(self) -> None:
        """Close the pool."""
        self.engine.dispose()


def retry_pause(attempt: int) -> float:
    """Seconds to wait before trying a lost lock race again: 5–20 ms, doubling, with jitter."""
    return float(0.005 * 2**attempt * (0.5 + random.random()))


def error_number(error: DBAPIError) -> int | None:
    """The server's error number, where there is one."""
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def is_lost_race(error: BaseException | None) -> bool:
    """Whether the same transaction may simply be tried again (deadlock victim, lock wait timeout)."""
    return isinstance(error, OperationalError) and error_number(error) in {DEADLOCK, LOCK_WAIT_TIMEOUT}


def is_unreachable(error: BaseException) -> bool:
    """Whether the database could not be reached or went away, as opposed to having refused the statement."""
    from sqlalchemy.exc import TimeoutError as PoolTimeout

    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or error_number(error) in {0, 1040, 1053, 1129, 2002, 2003, 2006, 2013, 2055}


def is_duplicate(error: BaseException, constraint: str | None = None) -> bool:
    """Whether ``error`` says that a unique key exists already (1062), and that of ``constraint`` if one is named."""
    if not isinstance(error, IntegrityError) or error_number(error) != DUPLICATE_KEY:
        return False
    return constraint is None or constraint in str(error.orig)


async def transaction(request: Request) -> AsyncIterator[Session]:
    """One transaction around one endpoint, committed before the answer is sent.

    It begins with the endpoint's first statement and ends in a thread that nothing else can occupy: were commits to
    wait for the endpoints' threads, as many endpoints as there are threads could stand waiting for a row that the
    transaction still holds, and none would ever move. Between its beginning and its end a request needs threads again
    and again (its dependencies, the endpoint, the answer's serialisation) while it holds a connection, so it takes a
    place first: were threads full of requests that wait for a connection, and connections held by requests that wait
    for a thread, both would wait until they are refused, and with enough clients that try again, for ever.
    """
    database: Database = request.app.state.db
    session = database.session()
    request.state.session = session
    await database.places.acquire_on_behalf_of(session)
    try:
        yield session
    except BaseException:
        await at_the_end(session.close)
        raise
    else:
        await at_the_end(_commit, session)
    finally:
        database.places.release_on_behalf_of(session)


async def at_the_end(work: Callable[..., T], *arguments: Any) -> T:
    """``work`` in a thread of its own, whatever the thread limit, to the end even if the request is cancelled."""
    scope = CancelScope(shield=True)
    with scope:
        result = await run_sync(work, *arguments, limiter=CapacityLimiter(1))
    return result  # noqa: RET504  (mypy does not see that the scope lets everything through)


def _commit(session: Session) -> None:
    with session:
        session.commit()


Tx = Annotated[Session, Depends(transaction, scope="function")]
