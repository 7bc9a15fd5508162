"""What a rebuilt table takes over from the live one, because no event tells it."""

from collections.abc import Sequence

from sqlalchemy import Connection

from chassis.messaging.operations.shadow import REBUILT, columns_of, key_of, listed
from chassis.messaging.projections import ProjectedTable

_CHUNK = 1000


def keep(connection: Connection, table: ProjectedTable) -> None:
    """Columns and rows that are the service's own; called once more it brings only what has changed meanwhile."""
    key = key_of(connection, table)
    if table.kept:
        _keep_columns(connection, table, key)
    if table.own_rows:
        columns = listed(columns_of(connection, table.name))
        connection.exec_driver_sql(
            f"INSERT IGNORE INTO `{table.name}{REBUILT}` ({columns})"  # noqa: S608
            f" SELECT {columns} FROM `{table.name}` WHERE `{table.own_rows[0]}` = {table.own_rows[1]}"
        )
    connection.commit()


def _keep_columns(connection: Connection, table: ProjectedTable, key: Sequence[str]) -> None:
    on = " AND ".join(f"l.`{name}` = s.`{name}`" for name in key)
    other = [f"NOT (l.`{name}` <=> s.`{name}`)" for name in table.own]
    other += [f"l.`{name}` > s.`{name}`" for name in table.rising]
    columns = [f"l.`{name}`" for name in (*table.kept, *key)]
    rows = connection.exec_driver_sql(
        f"SELECT {', '.join(columns)} FROM `{table.name}` l JOIN `{table.name}{REBUILT}` s ON {on}"  # noqa: S608
        f" WHERE {' OR '.join(other)}"
    ).all()
    changes = ", ".join(
        [f"`{name}` = %s" for name in table.own] + [f"`{name}` = GREATEST(`{name}`, %s)" for name in table.rising]
    )
    where = " AND ".join(f"`{name}` = %s" for name in key)
    statement = f"UPDATE `{table.name}{REBUILT}` SET {changes} WHERE {where}"  # noqa: S608
    for start in range(0, len(rows), _CHUNK):
        connection.exec_driver_sql(statement, [tuple(row) for row in rows[start : start + _CHUNK]])
