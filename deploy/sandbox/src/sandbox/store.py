"""What the sandbox remembers: one SQLite file, so that a killed sandbox carries on where it was."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

SCHEMA_VERSION = 2

SCHEMA = """
CREATE TABLE IF NOT EXISTS customers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL UNIQUE,
    code TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS transactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE,
    access_code TEXT NOT NULL UNIQUE,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    email TEXT NOT NULL,
    status TEXT NOT NULL,
    domain TEXT NOT NULL,
    currency TEXT NOT NULL,
    requested_amount INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    fees INTEGER,
    channel TEXT,
    channels TEXT,
    callback_url TEXT,
    metadata TEXT,
    gateway_response TEXT,
    message TEXT,
    card TEXT,
    refund_outcome TEXT,
    created_at INTEGER NOT NULL,
    paid_at INTEGER
);
CREATE INDEX IF NOT EXISTS transactions_by_customer ON transactions (customer_id);
CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    transaction_id INTEGER NOT NULL REFERENCES transactions (id),
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    reference TEXT,
    outcome TEXT NOT NULL,
    next_at INTEGER,
    customer_note TEXT,
    merchant_note TEXT,
    created_at INTEGER NOT NULL,
    refunded_at INTEGER
);
CREATE INDEX IF NOT EXISTS refunds_by_transaction ON refunds (transaction_id);
CREATE INDEX IF NOT EXISTS refunds_due ON refunds (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS disputes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    transaction_id INTEGER NOT NULL REFERENCES transactions (id),
    refund_amount INTEGER NOT NULL,
    category TEXT NOT NULL,
    status TEXT NOT NULL,
    resolution TEXT,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    resolved_at INTEGER
);
CREATE INDEX IF NOT EXISTS disputes_by_transaction ON disputes (transaction_id);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    reference TEXT,
    body BLOB NOT NULL,
    tampering TEXT,
    fault TEXT,
    state TEXT NOT NULL,
    after_id INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS deliveries_by_reference ON deliveries (reference);
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
    at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    status INTEGER,
    answer TEXT
);
CREATE INDEX IF NOT EXISTS attempts_by_delivery ON attempts (delivery_id);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    kind TEXT NOT NULL,
    remaining INTEGER,
    match_reference TEXT,
    match_event TEXT,
    match_call TEXT,
    seconds REAL NOT NULL,
    status INTEGER,
    error TEXT
);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER);
"""

# Paystack's ids do not fit 32 bits; neither do these.
FIRST_IDS = {"transactions": 5_099_260_515, "customers": 181_873_745, "refunds": 13_201_330, "disputes": 358_949}

TABLES = ("attempts", "deliveries", "faults", "facts", "disputes", "refunds", "transactions", "customers")


class Store:
    """One connection to the file, one transaction at a time."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / f"sandbox-{SCHEMA_VERSION}.sqlite3"
        self.after_commit: Callable[[], None] = lambda: None
        self._lock = RLock()
        self._connection = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, timeout=10)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(SCHEMA)
        with self.begin() as db:
            _seed_ids(db)

    @contextmanager
    def begin(self) -> Iterator[sqlite3.Connection]:
        """A transaction that commits at the end of the block; then ``after_commit`` is told."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        self.after_commit()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A consistent look that changes nothing and tells nobody."""
        with self._lock:
            yield self._connection

    def clear(self) -> None:
        """Forget everything; ids go on, so that nothing still under way is taken for something new."""
        with self.begin() as db:
            for table in TABLES:
                db.execute(f"DELETE FROM {table}")  # noqa: S608

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


def insert(db: sqlite3.Connection, table: str, **values: object) -> int:
    """Insert a row and answer its id; table and column names come from code, values from anywhere."""
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    cursor = db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)  # noqa: S608
    return int(cursor.lastrowid or 0)


def update(db: sqlite3.Connection, table: str, row_id: int, **values: object) -> None:
    """Change columns of one row."""
    changes = ", ".join(f"{name} = :{name}" for name in values)
    db.execute(f"UPDATE {table} SET {changes} WHERE id = :row_id", {**values, "row_id": row_id})  # noqa: S608


def _seed_ids(db: sqlite3.Connection) -> None:
    for table, first in FIRST_IDS.items():
        db.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT ?, ? "
            "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)",
            (table, first, table),
        )
