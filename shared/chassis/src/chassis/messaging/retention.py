"""Deletes old rows of the outbox, where an operator set ``EDX_OUTBOX_RETENTION_DAYS``. By default nothing is deleted.

A row may go when it was published so long ago, every known group has acknowledged it, and nobody is owed it. What is
given up with it: a rebuild from the archive, a replay, and a service that is added later do not get it any more
(deploy/adr/0015-the-archive.md).
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Connection, and_, delete, not_, select
from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.messaging import debts, relay_store
from chassis.messaging.jobs import Job
from chassis.tables import outbox

log = structlog.get_logger(__name__)

#: Rows deleted in a transaction, and in a run.
CHUNK = 1000
MOST = 200_000


def outbox_retention(days: int) -> list[Job]:
    """The job that keeps the outbox to this age; none for 0."""
    if not days:
        return []

    def run(database: Database, now: datetime) -> None:
        forget_old(database, days, now)

    return [Job("outbox-retention", timedelta(hours=1), run)]


def forget_old(database: Database, days: int, now: datetime) -> int:
    """Delete what may go, in chunks; answers how many rows went."""
    before, total = now - timedelta(days=days), 0
    while total < MOST:
        gone = database.run(lambda session: _forget_chunk(session, before))
        total += gone
        if gone < CHUNK:
            break
    if total:
        log.info("outbox_shortened", rows=total, published_before=before.isoformat())
    return total


def _forget_chunk(session: Session, before: datetime) -> int:
    connection = session.connection()
    free = and_(
        outbox.c.published_at < before,
        _taken_in_by_all(connection),
        *(not_(debt.rows()) for debt in debts.debts(connection)),
    )
    positions = session.scalars(select(outbox.c.position).where(free).order_by(outbox.c.position).limit(CHUNK)).all()
    if positions:
        session.execute(delete(outbox).where(outbox.c.position.in_(positions), free))
    return len(positions)


def _taken_in_by_all(connection: Connection) -> ColumnElement[bool]:
    if not relay_store.groups(connection):  # nobody listens to this service
        return outbox.c.stream_id.is_not(None)
    return outbox.c.stream_id <= relay_store.consumed_by_all(connection)
