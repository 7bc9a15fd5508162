"""Schemas and users: each unit has a schema, a user that works with its rows and a user that changes its tables.

Neither can reach another schema. Runs again and again without harm; a changed password is set anew.
"""

import socket
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from edxelera.environment import database_name, migrator_user, runtime_user
from edxelera.units import UNITS

#: What a service may do with every table; changing and removing rows is granted table by table by the migrations.
RUNTIME_PRIVILEGES = ("SELECT", "INSERT")
#: What a migration, or a rebuild of a projection, does.
MIGRATOR_PRIVILEGES = (
    *RUNTIME_PRIVILEGES, "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "LOCK TABLES",
    "CREATE TEMPORARY TABLES",
)  # fmt: skip

#: Named because MySQL 9 and MariaDB have no default in common.
_CHARACTER_SET = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci"


def _literal(value: str) -> str:
    """A string literal: passwords are ours, but a quote in one must not end the statement."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _pattern(schema: str) -> str:
    """GRANT reads ``_`` and ``%`` in a schema's name as wildcards."""
    return schema.replace("_", r"\_").replace("%", r"\%")


def statements(secret: Mapping[str, str], units: Sequence[str] = UNITS, host: str = "%") -> Iterator[str]:
    """The SQL of a bootstrap, in order."""
    for unit in units:
        schema = database_name(unit)
        yield f"CREATE DATABASE IF NOT EXISTS `{schema}` {_CHARACTER_SET}"
        for user, password, privileges, option in (
            (runtime_user(unit), secret[f"database_{unit}"], RUNTIME_PRIVILEGES, ""),
            (migrator_user(unit), secret[f"database_{unit}_migrator"], MIGRATOR_PRIVILEGES, " WITH GRANT OPTION"),
        ):
            account = f"{_literal(user)}@{_literal(host)}"
            yield f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY {_literal(password)}"
            yield f"ALTER USER {account} IDENTIFIED BY {_literal(password)}"
            yield f"GRANT {', '.join(privileges)} ON `{_pattern(schema)}`.* TO {account}{option}"


def bootstrap(connection: Connection, secret: Mapping[str, str], units: Sequence[str] = UNITS, host: str = "%") -> None:
    """Run them over a connection that may do so."""
    for statement in statements(secret, units, host):
        # not through text(): a colon or a percent sign in a password is no parameter
        connection.exec_driver_sql(statement.replace("%", "%%"))
    connection.commit()


def bootstrap_url(url: str, secret: Mapping[str, str]) -> None:
    """The same over a connection of its own."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        bootstrap(connection, secret)


def answers(url: str) -> bool:
    """Whether that server lets that user in now."""
    path = make_url(url).query.get("unix_socket")
    if path and not _listens(str(path)):
        return False
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 2})
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(text("SELECT 1")))
    except Exception:
        return False


def _listens(path: str) -> bool:
    """Whether anybody is behind a Unix socket: PyMySQL leaks one when it is refused."""
    with socket.socket(socket.AF_UNIX) as knocking:
        knocking.settimeout(2)
        try:
            knocking.connect(path)
        except OSError:
            return False
        return True
