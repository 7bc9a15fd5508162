"""The tables that every service's schema has beside its own: outbox, inbox, failures, operators' actions, relay state,
stream debts, idempotency keys.

Created by chassis' own migrations (``chassis/migrations``, version table ``chassis_version``).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql

from chassis.database import TABLE_OPTIONS, new_metadata
from chassis.types import BinString, Blob, Json, UtcDateTime, Uuid16

metadata: MetaData = new_metadata()

#: Where alembic notes how far chassis' migrations have come.
VERSION_TABLE = "chassis_version"

_OPTIONS: dict[str, Any] = TABLE_OPTIONS

#: Every event this service has committed: the source of truth, Redis only carries copies. Kept for ever, unless
#: ``EDX_OUTBOX_RETENTION_DAYS`` says otherwise.
#: ``stream_id`` is null until the relay has published the row (its form: ``chassis.messaging.stamps``).
outbox = Table(
    "outbox",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=True),
    Column("id", Uuid16, nullable=False),
    Column("type", BinString(190), nullable=False),
    Column("subject", BinString(190), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("time", UtcDateTime, nullable=False),
    Column("traceparent", BinString(55)),
    Column("envelope", Blob(), nullable=False),
    Column("published_at", UtcDateTime),
    Column("stream_id", BinString(40)),
    UniqueConstraint("id"),
    Index(None, "stream_id", "position"),
    **_OPTIONS,
)

#: What each consumer has taken in: the row is written in the handler's own transaction. Never pruned: outboxes are
#: kept and can be replayed, and a forgotten row would let an old event take effect twice.
inbox = Table(
    "inbox",
    metadata,
    Column("consumer", BinString(120), primary_key=True),
    Column("event_id", Uuid16, primary_key=True),
    Column("processed_at", UtcDateTime, nullable=False),
    **_OPTIONS,
)

#: Events that a consumer could not take in yet (``retrying``) or gave up on (``dead``: dead letters).
event_failures = Table(
    "event_failures",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("consumer", BinString(120), nullable=False),
    Column("event_id", Uuid16, nullable=False),
    Column("type", BinString(190)),
    Column("subject", BinString(190)),
    Column("envelope", Blob(), nullable=False),
    Column("state", BinString(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", mysql.LONGTEXT, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("next_attempt_at", UtcDateTime),
    UniqueConstraint("consumer", "event_id"),
    Index(None, "state", "next_attempt_at"),
    **_OPTIONS,
)

#: What operators did to events (``chassis.messaging.operations``), each row in the transaction of what it tells of.
#: Append-only: nothing in the code changes or removes a row.
#: Never changed and never removed, not even by a mistake of ours: enforced by grants (``chassis.append_only``).
APPEND_ONLY = frozenset({"operator_actions", "audit_entries"})

operator_actions = Table(
    "operator_actions",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", BinString(120), nullable=False),
    Column("action", BinString(40), nullable=False),
    Column("why", mysql.LONGTEXT, nullable=False),
    Column("details", Json, nullable=False),
    **_OPTIONS,
)

#: What must survive a worker's restart: where the relay left its stream and how far each consumer group has come
#: there (``chassis.messaging.relay_state``), and when each scheduled job last ran (``job:<name>``).
relay_state = Table(
    "relay_state",
    metadata,
    Column("name", BinString(120), primary_key=True),
    Column("stream_id", BinString(40), nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    **_OPTIONS,
)

#: What a consumer group has yet to get because it was trimmed from the stream first: the rows of ``outbox`` stamped
#: after ``after_stamp``, through ``through_stamp``. ``sent_position``: the last row of the part that is on its way.
stream_debts = Table(
    "stream_debts",
    metadata,
    Column("group_name", BinString(120), primary_key=True),
    Column("after_stamp", BinString(40), nullable=False),
    Column("through_stamp", BinString(40), nullable=False),
    Column("sent_position", BigInteger),
    Column("since", UtcDateTime, nullable=False),
    **_OPTIONS,
)

#: What another place was found not to know, or not to have (``chassis.messaging.comparisons``): since when, and how
#: often it was repaired. A row goes when the place knows it.
saga_cases = Table(
    "saga_cases",
    metadata,
    Column("saga", BinString(60), primary_key=True),
    Column("place", BinString(40), primary_key=True),
    Column("case_key", BinString(150), primary_key=True),
    Column("found_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    **_OPTIONS,
)

#: First answers to requests that carried an ``Idempotency-Key``; ``status`` is null while the request runs.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", BinString(120), primary_key=True),
    Column("key", BinString(255), primary_key=True),
    Column("fingerprint", mysql.BINARY(32), nullable=False),
    Column("owner", Uuid16, nullable=False),
    Column("locked_until", UtcDateTime, nullable=False),
    Column("status", SmallInteger),
    Column("content_type", BinString(120)),
    Column("body", Blob()),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "created_at"),
    Index(None, "owner"),
    **_OPTIONS,
)
