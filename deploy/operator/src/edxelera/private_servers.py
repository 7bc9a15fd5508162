"""Private instances of MariaDB and Redis: their configuration, their data folders, and who runs them."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from edxelera.failure import Failure
from edxelera.home import Home, write_private
from edxelera.servers import Servers


def reaches(account: pwd.struct_passwd, folder: Path) -> bool:
    """Whether that account may pass through every folder on the way (a checkout below /root it may not)."""
    for parent in folder.resolve().parents:
        mode = parent.stat()
        shift = 6 if mode.st_uid == account.pw_uid else 3 if mode.st_gid == account.pw_gid else 0
        if not (mode.st_mode >> shift) & 1:
            return False
    return True


def account_for(name: str, folder: Path) -> str | None:
    """The system account to run a server as; None for a person who is not root and runs it as themselves."""
    if os.geteuid() != 0:
        return None
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        return "root"
    return name if reaches(account, folder) else "root"


def mariadb_configuration(home: Home, port: int, account: str | None) -> str:
    """my.cnf of the private instance: durable, small, on 127.0.0.1 and a socket only."""
    data = home.data("mariadb")
    return "\n".join(
        [
            "# written by 'edxelera up'",
            "[mariadbd]",
            *([f"user={account}"] if account else []),
            f"datadir={data}",
            f"socket={mariadb_socket(home)}",
            f"pid-file={data / 'mariadb.pid'}",
            "bind-address=127.0.0.1",
            f"port={port}",
            "skip-name-resolve",
            "skip-symbolic-links",
            "local-infile=0",
            "character-set-server=utf8mb4",
            "collation-server=utf8mb4_unicode_520_ci",
            "default-time-zone=+00:00",
            "sql-mode=STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
            "transaction-isolation=READ-COMMITTED",
            "max-connections=250",
            "innodb-buffer-pool-size=192M",
            "innodb-log-file-size=96M",
            "innodb-flush-log-at-trx-commit=1",
            "performance-schema=OFF",
            "",
        ]
    )


def mariadb_socket(home: Home) -> Path:
    """Beside its data, because the folder for sockets is the operator's alone."""
    candidate = home.data("mariadb") / "mariadb.sock"
    return candidate if len(os.fsencode(candidate)) < 100 else home.run / "mariadb.sock"


def mariadb_admin_url(home: Home) -> str:
    """The administrator: whoever owns this installation, known by the socket, without a password."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    return f"mysql+pymysql://{user}@localhost/?unix_socket={mariadb_socket(home)}&charset=utf8mb4"


def prepare_mariadb(home: Home, servers: Servers, port: int) -> list[str]:
    """Write the configuration, make the data folder if there is none; the command line."""
    data = home.data("mariadb")
    account = account_for("mysql", data)
    configuration = home.local / "etc" / "mariadb.cnf"
    write_private(configuration, mariadb_configuration(home, port, account))
    _give_to(configuration, account)
    if not (data / "mysql").is_dir():
        _install_mariadb(home, servers, account)
    return [servers.mariadbd, f"--defaults-file={configuration}"]


def _install_mariadb(home: Home, servers: Servers, account: str | None) -> None:
    """Make the system tables in a draft folder: a half-made one is never taken for a database."""
    data = home.data("mariadb")
    draft = data.with_name("mariadb.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    _give_to(draft, account)
    administrator = pwd.getpwuid(os.geteuid()).pw_name
    command = [
        servers.mariadb_install_db, "--no-defaults", f"--datadir={draft}", "--skip-test-db",
        "--auth-root-authentication-method=socket", f"--auth-root-socket-user={administrator}",
        *([f"--user={account}"] if account else []),
    ]  # fmt: skip
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise Failure(f"MariaDB could not make its data folder:\n{(made.stdout + made.stderr).strip()[-1500:]}")
    shutil.rmtree(data, ignore_errors=True)
    draft.rename(data)


def _give_to(path: Path, account: str | None) -> None:
    if account:
        shutil.chown(path, account)


def redis_configuration(folder: Path, port: int, password: str, options: Mapping[str, str]) -> str:
    """redis.conf of a private instance."""
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": f'"{folder}"',
        "requirepass": password,
        "daemonize": "no",
        "logfile": '""',
        "databases": "2",
        # it would overwrite the command line and environment by which an orphan is found again
        "set-proc-title": "no",
        **options,
    }
    return "# written by 'edxelera up'\n" + "".join(f"{key} {value}\n" for key, value in settings.items())


#: Streams: nothing is evicted, at most a second is lost (and published again from the outbox).
STREAMS = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction", "save": '""'}
#: Cached reads: nothing is kept, what is used least goes first.
CACHE = {"appendonly": "no", "save": '""', "maxmemory": "128mb", "maxmemory-policy": "allkeys-lru"}


def prepare_redis(
    home: Home, servers: Servers, name: str, port: int, password: str, options: Mapping[str, str]
) -> list[str]:
    """Write the configuration of one instance; the command line."""
    folder = home.data(name)
    folder.mkdir(parents=True, exist_ok=True)
    configuration = home.local / "etc" / f"{name}.conf"
    write_private(configuration, redis_configuration(folder, port, password, options))
    return [servers.redis, str(configuration)]
