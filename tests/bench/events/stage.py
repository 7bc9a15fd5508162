"""What every contender finds: a migrated schema, a Redis database, and the same events, ready to be written down."""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pymysql
import redis
from sqlalchemy import make_url

from chassis import tracing
from chassis.ids import new_id
from chassis.messaging.publisher import DATA_FIELD
from chassis.testing.backends import Backends
from chassis.testing.schemas import TestSchema
from contracts.events import Envelope, VideoReady, stream_of

SERVICE = "media"
STREAM = stream_of(SERVICE)
GROUP = SERVICE
CONSUMER = "media.bench"

#: One row for each event that took effect; a consumer can hardly do less.
EFFECTS = """
CREATE TABLE effects (
    id BIGINT AUTO_INCREMENT PRIMARY KEY, video_id BINARY(16) NOT NULL, number BIGINT NOT NULL,
    program_slug VARCHAR(100) NOT NULL, at DATETIME(6) NOT NULL
) ENGINE=InnoDB CHARACTER SET utf8mb4
"""
_TABLES = ("outbox", "inbox", "event_failures", "relay_state", "effects")
#: Rows and entries that the stage itself writes at a time.
_CHUNK = 1000
#: Entries that worker processes take in before they are measured.
WARM_UP = 200


class Stage:
    """The servers, emptied before each contender."""

    def __init__(self, backends: Backends, redis_url: str, events: int) -> None:
        self._schema = TestSchema(backends.mysql_admin_url, "chassis", f"bench{secrets.token_hex(4)}")
        self.redis_url = redis_url
        self._kind = backends.kind
        with self._schema.connect() as connection:
            connection.exec_driver_sql(EFFECTS)
        self.envelopes = [enveloped(video(number)) for number in range(1, events + 1)]
        self.bodies = [envelope.to_json() for envelope in self.envelopes]

    @property
    def mysql_url(self) -> str:
        """For the service's own user."""
        return self._schema.url

    def servers(self) -> str:
        """What is measured on, in words."""
        with self.mysql() as connection, connection.cursor() as cursor, self.redis() as client:
            cursor.execute("SELECT VERSION(), @@innodb_flush_log_at_trx_commit")
            version, flush = cursor.fetchone()
            redis_version = client.info("server")["redis_version"]
            return (
                f"MySQL or MariaDB {version} (innodb_flush_log_at_trx_commit={flush}) and Redis {redis_version} "
                f"({self._kind}), {os.cpu_count()} cores"
            )

    def close(self) -> None:
        """Leave nothing behind."""
        self._schema.drop()
        with self.redis() as client:
            client.flushdb()

    def reset(self) -> None:
        """Empty tables, an empty Redis, a group that has read nothing."""
        with self._schema.connect() as connection:
            for table in _TABLES:
                connection.exec_driver_sql(f"TRUNCATE TABLE {table}")
        with self.redis() as client:
            client.flushdb()
            client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)

    def redis(self) -> "redis.Redis":
        """A bare client."""
        client: redis.Redis = redis.Redis.from_url(self.redis_url)
        return client

    @contextmanager
    def mysql(self) -> Iterator[Any]:
        """A bare connection, set up as the services set up theirs."""
        url = make_url(self.mysql_url)
        connection = pymysql.connect(
            host=url.host,
            port=url.port or 3306,
            user=url.username,
            password=url.password or "",
            database=url.database,
            charset="utf8mb4",
            init_command="SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        )
        try:
            yield connection
        finally:
            connection.close()

    def fill_outbox(self) -> None:
        """Every event, committed and not published."""
        insert = (
            "INSERT INTO outbox (id, type, subject, sequence, time, traceparent, envelope)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)"
        )
        rows = [
            (e.id.bytes, e.type, e.subject, e.sequence, e.time.replace(tzinfo=None), e.traceparent, body)
            for e, body in zip(self.envelopes, self.bodies, strict=True)
        ]
        with self.mysql() as connection, connection.cursor() as cursor:
            for chunk in chunks(rows, _CHUNK):
                cursor.executemany(insert, chunk)
                connection.commit()

    def fill_stream(self) -> None:
        """Every event, published and not read."""
        with self.redis() as client:
            for chunk in chunks(self.bodies, _CHUNK):
                with client.pipeline(transaction=False) as pipe:
                    for body in chunk:
                        pipe.xadd(STREAM, {DATA_FIELD: body})
                    pipe.execute()

    def warm_up(self) -> None:
        """Entries before the first event, so that what a process does once in its life is not measured."""
        with self.redis() as client, client.pipeline(transaction=False) as pipe:
            for body in [enveloped(video(0)).to_json() for _ in range(WARM_UP)]:
                pipe.xadd(STREAM, {DATA_FIELD: body})
            pipe.execute()

    def environment(self, **more: str) -> dict[str, str]:
        """Of a process of the service under measure: the defaults, so one log line for each event."""
        unset = {key: "" for key in os.environ if key.startswith("EDX_")}
        return {
            **unset,
            f"EDX_{SERVICE.upper()}_DATABASE_URL": self.mysql_url,
            "EDX_REDIS_URL": self.redis_url,
            "EDX_CACHE_REDIS_URL": self.redis_url,
            "EDX_SERVICE_TOKEN_SECRETS": "b" * 32,
            **more,
        }

    def effects(self) -> Sequence[tuple[int, int]]:
        """Numbers of the events that took effect, and how often."""
        with self.mysql() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT number, COUNT(*) FROM effects WHERE number > 0 GROUP BY number")
            return [(row[0], row[1]) for row in cursor.fetchall()]

    def count(self, query: str) -> int:
        """The number in the last column of the only row."""
        with self.mysql() as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return int(cursor.fetchone()[-1])


def chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """``size`` at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


def video(number: int, video_id: UUID | None = None) -> VideoReady:
    """An event of ordinary size."""
    return VideoReady(
        sequence=number,
        video_id=video_id or uuid4(),
        program_slug="practical-data-analysis",
        kind="mp4",
        content_type="video/mp4",
        size_bytes=104_857_600,
        duration_seconds=600,
    )


def enveloped(event: VideoReady) -> Envelope:
    """As ``emit`` would."""
    return Envelope.wrap(event, id=new_id(), time=datetime.now(UTC), traceparent=tracing.child_of(None))
