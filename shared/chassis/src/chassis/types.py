"""Column types that mean the same on MySQL and MariaDB (DESIGN §6)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BINARY, String
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Uuid16(TypeDecorator[UUID]):
    """A UUID in BINARY(16); ``sa.Uuid`` would be CHAR(32) on one server and ``uuid`` on the other."""

    impl = BINARY(16)
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        return None if value is None else value.bytes

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> UUID | None:  # noqa: ARG002
        return None if value is None else UUID(bytes=bytes(value))


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant in DATETIME(6). A naive datetime is refused: its meaning is a guess."""

    impl = mysql.DATETIME(fsp=6)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


class Json(TypeDecorator[Any]):
    """A JSON document as LONGTEXT: MariaDB has no JSON type and nothing here queries inside one."""

    impl = mysql.LONGTEXT
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else orjson.loads(value)


def BinString(length: int) -> String:  # noqa: N802  (reads as a type)
    """Text compared byte by byte: slugs, references, codes, tokens."""
    return mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")


def Slug(n: int = 100) -> String:  # noqa: N802
    """A slug; the platform's are at most 100 characters."""
    return BinString(n)


def Blob() -> mysql.LONGBLOB:  # noqa: N802
    """Raw bytes up to 4 GiB (LONGBLOB)."""
    return mysql.LONGBLOB()
