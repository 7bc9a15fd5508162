"""Rows that are only ever added: the user with whom a service runs may not change or remove them, whatever it tries.

MySQL and MariaDB cannot except one table from a right that a user has on a schema. So the right to add and to read is
given for the schema, the right to change and to remove table by table (deploy/adr/0023-append-only-rows.md).
"""

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from chassis import tables

_NO_SUCH_GRANT = {1141, 1147}


class NotProtected(Exception):
    """The user of the migration may not grant, or does not know the service's user."""


def protect(connection: Connection, user: str) -> None:
    """Give ``user`` (from any host) exactly its rights on the tables there are; ``NotProtected`` changes nothing."""
    schema = str(connection.scalar(text("SELECT DATABASE()")))
    account = _quoted(user, "'") + "@'%'"
    try:
        for table in _changing(connection):
            _run(connection, f"GRANT UPDATE, DELETE ON {_quoted(schema)}.{_quoted(table)} TO {account}")
    except DBAPIError as error:
        raise NotProtected(f"{user} cannot be given its rights table by table: {error.orig}") from error
    try:
        pattern = schema.replace("_", r"\_").replace("%", r"\%")  # what the schema's rights were granted on
        _run(connection, f"REVOKE UPDATE, DELETE ON {_quoted(pattern)}.* FROM {account}")
    except DBAPIError as error:
        if error.orig is None or error.orig.args[0] not in _NO_SUCH_GRANT:
            raise
    connection.commit()


def _changing(connection: Connection) -> list[str]:
    rows = connection.execute(
        text("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name")
    )
    return [row[0] for row in rows if row[0] not in tables.APPEND_ONLY]


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement.replace("%", "%%"))


def _quoted(name: str, quote: str = "`") -> str:
    return quote + name.replace(quote, quote * 2) + quote
