"""Bring a service's schema up to date: ``python -m chassis.migrate <service>``.

Chassis' own tables first (version table ``chassis_version``), then the service's ``migrations/versions``. Any number
of these may start at once: they take turns under one MySQL lock. The user is the one that may change the schema
(``EDX_<SERVICE>_MIGRATION_DATABASE_URL``); the service itself runs as another that may not
(``EDX_<SERVICE>_DATABASE_URL``), and that is given its rights on the tables there are now.
"""

import argparse
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from chassis import append_only, tables
from chassis.append_only import NotProtected

ENVIRONMENT = Path(__file__).with_name("migrations")
#: The service's own version table keeps alembic's usual name.
SERVICE_VERSION_TABLE = "alembic_version"
#: Seconds to wait for another migration of the same schema to finish.
LOCK_TIMEOUT = 300


class MigrationsNotFound(Exception):
    """The package has no ``migrations/versions`` folder beside its ``src`` or inside it."""


def versions_of(service: str) -> Path:
    """The folder of ``service``'s revisions: in the package, or beside its ``src`` in the repository."""
    spec = importlib.util.find_spec(service)
    if spec is None or spec.origin is None:
        raise MigrationsNotFound(f"there is no package {service!r}")
    package = Path(spec.origin).parent
    for home in (package, package.parent.parent):
        versions = home / "migrations" / "versions"
        if versions.is_dir():
            return versions
    raise MigrationsNotFound(f"{service} has no migrations/versions folder ({package})")


def upgrade(connection: Connection, service: str | None = None) -> None:
    """Bring the schema of ``connection`` to the newest revision; without ``service`` only chassis' tables."""
    with _alone(connection):
        command.upgrade(_config(connection, ENVIRONMENT / "versions", tables.VERSION_TABLE, tables.metadata), "head")
        if service is not None:
            command.upgrade(_config(connection, versions_of(service), SERVICE_VERSION_TABLE), "head")


def upgrade_url(url: str, service: str | None = None, *, user: str | None = None) -> None:
    """``upgrade`` over a connection of its own, then ``append_only.protect`` from ``user``; ``NotProtected``."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        upgrade(connection, service)
        if user is not None and user != engine.url.username:
            append_only.protect(connection, user)


def _config(connection: Connection, versions: Path, version_table: str, metadata: MetaData | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", _escaped(ENVIRONMENT))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", _escaped(versions))
    config.attributes.update(connection=connection, version_table=version_table, metadata=metadata)
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """One migration of a schema at a time; the lock belongs to a session of its own, which dies with this process."""
    with connection.engine.connect() as keeper:
        schema = keeper.scalar(text("SELECT DATABASE()"))
        lock = {"name": f"edxelera.migrate.{schema}"[:64], "timeout": LOCK_TIMEOUT}
        if keeper.scalar(text("SELECT GET_LOCK(:name, :timeout)"), lock) != 1:
            raise TimeoutError(f"another migration of {schema} has not finished within {LOCK_TIMEOUT} s")
        try:
            yield
        finally:
            keeper.execute(text("SELECT RELEASE_LOCK(:name)"), lock)


def main(arguments: list[str] | None = None) -> int:
    """The command: exit code 0 when the schema is at its newest revision, 2 when it was called wrongly."""
    parser = argparse.ArgumentParser(prog="python -m chassis.migrate", description=__doc__)
    parser.add_argument("service", help="gateway, enrollment, learning, media, certificates or discussion")
    service = parser.parse_args(arguments).service
    key = f"EDX_{service.upper()}_MIGRATION_DATABASE_URL"
    url = os.environ.get(key)
    if not url:
        print(f"set {key} to the URL of a user that may change the schema", file=sys.stderr)  # noqa: T201
        return 2
    try:
        upgrade_url(url, service, user=_user_of(os.environ.get(f"EDX_{service.upper()}_DATABASE_URL")))
    except MigrationsNotFound as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    except NotProtected as error:
        hint = "Audit rows are kept by the code alone until 'edxelera db bootstrap' and this command have run."
        print(f"The tables are up to date. {error}. {hint}", file=sys.stderr)  # noqa: T201
    return 0


def _user_of(url: str | None) -> str | None:
    return make_url(url).username if url else None


if __name__ == "__main__":
    sys.exit(main())
