"""What is live and what was built from the archive, row by row: the server compares, byte by byte."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from chassis.messaging.operations.shadow import REBUILT, columns_of, key_of
from chassis.messaging.projections import ProjectedTable

#: Differences that are told in full, of each table and kind.
MOST = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the events tell. ``kind``: ``changed``, ``missing`` (it should be there), ``extra`` (it
    should not). ``columns``: for each that differs, what is live and what the archive tells.
    """

    table: str
    kind: str
    key: dict[str, Any]
    columns: dict[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of one table. ``differing`` counts all, ``differences`` tells the first of them."""

    table: str
    rows: int
    differing: int
    differences: list[Difference]


def compare(connection: Connection, table: ProjectedTable) -> Comparison:
    """The live table with the one that was rebuilt beside it."""
    key = key_of(connection, table)
    told = [name for name in columns_of(connection, table.name) if name not in {*key, *table.kept}]
    rows = connection.exec_driver_sql(f"SELECT COUNT(*) FROM `{table.name}`").scalar_one()  # noqa: S608
    kinds = {"changed": _changed(table, key, told), "missing": _missing(table, key), "extra": _extra(table, key)}
    number, found = 0, []
    for kind, (columns, rest) in kinds.items():
        if not columns:
            continue
        number += connection.exec_driver_sql(f"SELECT COUNT(*) {rest}").scalar_one()
        shown = connection.exec_driver_sql(f"SELECT {columns} {rest} LIMIT {MOST}").all()
        found += [_difference(table.name, kind, key, told, row) for row in shown]
    connection.commit()
    return Comparison(table.name, rows, number, found)


def _on(key: Sequence[str]) -> str:
    return " AND ".join(f"l.`{name}` = s.`{name}`" for name in key)


def _changed(table: ProjectedTable, key: Sequence[str], told: Sequence[str]) -> tuple[str, str]:
    if not told:
        return "", ""
    same = " AND ".join(f"CAST(l.`{name}` AS BINARY) <=> CAST(s.`{name}` AS BINARY)" for name in told)
    columns = [f"l.`{name}`" for name in key] + [f"l.`{name}`, s.`{name}`" for name in told]
    rest = f"FROM `{table.name}` l JOIN `{table.name}{REBUILT}` s ON {_on(key)} WHERE NOT ({same})"
    return ", ".join(columns), rest


def _missing(table: ProjectedTable, key: Sequence[str]) -> tuple[str, str]:
    rest = f"FROM `{table.name}{REBUILT}` s LEFT JOIN `{table.name}` l ON {_on(key)} WHERE l.`{key[0]}` IS NULL"
    return ", ".join(f"s.`{name}`" for name in key), rest


def _extra(table: ProjectedTable, key: Sequence[str]) -> tuple[str, str]:
    rest = f"FROM `{table.name}` l LEFT JOIN `{table.name}{REBUILT}` s ON {_on(key)} WHERE s.`{key[0]}` IS NULL"
    if table.own_rows:
        rest += f" AND l.`{table.own_rows[0]}` <> {table.own_rows[1]}"
    return ", ".join(f"l.`{name}`" for name in key), rest


def _difference(table: str, kind: str, key: Sequence[str], told: Sequence[str], row: Sequence[Any]) -> Difference:
    shown = dict(zip(key, map(_readable, row), strict=False))
    columns = {}
    if kind == "changed":
        values = row[len(key) :]
        pairs = zip(told, values[::2], values[1::2], strict=True)
        columns = {name: (_readable(live), _readable(built)) for name, live, built in pairs if live != built}
    return Difference(table, kind, shown, columns)


def _readable(value: Any) -> Any:
    if isinstance(value, bytes):
        return str(UUID(bytes=value)) if len(value) == 16 else value.hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if value is None or isinstance(value, int | float | str) else str(value)
