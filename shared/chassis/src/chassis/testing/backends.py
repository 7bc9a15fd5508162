"""Real servers for tests: given by URL, else in containers, else private processes on this machine.

``EDX_TEST_MYSQL_URL`` (a user that may create schemas and users) and ``EDX_TEST_REDIS_URL`` name servers that run
already. ``EDX_TEST_BACKENDS`` is ``auto`` (the default), ``testcontainers`` or ``local``.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pymysql
import redis
from sqlalchemy import make_url

MYSQL_IMAGE = "mysql:9.7"
REDIS_IMAGE = "redis:8.0"
_START_SECONDS = 90.0
_MISSING = (
    "Tests need a MySQL or MariaDB and a Redis server: install Debian's mariadb-server and redis-server, or start a "
    "Docker engine, or set EDX_TEST_MYSQL_URL and EDX_TEST_REDIS_URL."
)


@dataclass(frozen=True, slots=True)
class Backends:
    """Where the servers are. ``mysql_admin_url`` may create schemas and users."""

    mysql_admin_url: str
    redis_url: str
    kind: str


def start_backends(stack: ExitStack) -> Backends:
    """Find or start the servers; what was started here is stopped when ``stack`` closes."""
    mysql_url, redis_url = os.environ.get("EDX_TEST_MYSQL_URL"), os.environ.get("EDX_TEST_REDIS_URL")
    if mysql_url and redis_url:
        return Backends(mysql_url, redis_url, "given")
    choice = os.environ.get("EDX_TEST_BACKENDS", "auto")
    if choice == "testcontainers" or (choice == "auto" and _docker_answers()):
        return _containers(stack)
    return _processes(stack)


def _docker_answers() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    found = subprocess.run([docker, "image", "inspect", MYSQL_IMAGE, REDIS_IMAGE], capture_output=True, check=False)
    return found.returncode == 0 or _can_pull(docker)


def _can_pull(docker: str) -> bool:
    return subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0


def _containers(stack: ExitStack) -> Backends:
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # this stack stops what it started
    from testcontainers.community.mysql import MySqlContainer
    from testcontainers.community.redis import RedisContainer

    password = secrets.token_hex(12)
    mysql = MySqlContainer(MYSQL_IMAGE, root_password=password)
    mysql.with_command("--max-connections=500 --innodb-flush-log-at-trx-commit=2")
    stack.enter_context(mysql)
    server = stack.enter_context(RedisContainer(REDIS_IMAGE))
    host, port = mysql.get_container_host_ip(), mysql.get_exposed_port(3306)
    redis_port = server.get_exposed_port(6379)
    url = f"mysql+pymysql://root:{password}@{host}:{port}/"
    _until("MySQL", lambda: _mysql_answers(url))
    return Backends(url, f"redis://{server.get_container_host_ip()}:{redis_port}", "testcontainers")


def _processes(stack: ExitStack) -> Backends:
    mariadbd, redis_server = find_program("mariadbd", "mysqld"), find_program("redis-server")
    if mariadbd is None or redis_server is None:
        raise RuntimeError(_MISSING)
    folder = Path(tempfile.mkdtemp(prefix="edxelera-test-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return Backends(start_mariadb(stack, folder, mariadbd), start_redis(stack, folder, redis_server), "local")


def find_program(*names: str) -> str | None:
    """The first of these programs that is installed, also where an ordinary user's PATH does not look."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def start_mariadb(stack: ExitStack, folder: Path, program: str) -> str:
    """A private MariaDB in ``folder``; answers its administrator's URL."""
    data, port = folder / "mariadb", free_port()
    install = find_program("mariadb-install-db", "mysql_install_db")
    if install is None:
        raise RuntimeError(_MISSING)
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    command = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", *as_root]
    subprocess.run([*command, "--skip-test-db"], check=True, capture_output=True)
    log = stack.enter_context((folder / "mariadb.log").open("wb"))
    options = [
        f"--datadir={data}",
        f"--socket={folder / 'mariadb.sock'}",
        f"--pid-file={folder / 'mariadb.pid'}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        "--max-connections=500",
        "--innodb-flush-log-at-trx-commit=2",
        "--innodb-buffer-pool-size=128M",
        *as_root,
    ]
    _start(stack, [program, "--no-defaults", *options], log)
    url = f"mysql+pymysql://root@127.0.0.1:{port}/"
    _until("MariaDB", lambda: _mysql_answers(url))
    return url


def start_redis(stack: ExitStack, folder: Path, program: str) -> str:
    """A private Redis; answers its URL."""
    port = free_port()
    log = stack.enter_context((folder / "redis.log").open("wb"))
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--databases", "64"]
    _start(stack, [program, *options, "--dir", str(folder)], log)
    url = f"redis://127.0.0.1:{port}"
    _until("Redis", lambda: _redis_answers(url))
    return url


def _start(stack: ExitStack, command: list[str], log: object) -> None:
    process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # type: ignore[call-overload]

    def stop() -> None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    stack.callback(stop)


def free_port() -> int:
    """A TCP port on the loopback address that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _mysql_answers(url: str) -> bool:
    parts = make_url(url)
    try:
        pymysql.connect(
            host=parts.host or "127.0.0.1",
            port=parts.port or 3306,
            user=parts.username or "root",
            password=parts.password or "",
            connect_timeout=2,
        ).close()
    except pymysql.Error:
        return False
    return True


def _redis_answers(url: str) -> bool:
    client = redis.Redis.from_url(url, socket_timeout=2)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _until(what: str, answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not answers():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not answer within {_START_SECONDS:g} s")
        time.sleep(0.05)
