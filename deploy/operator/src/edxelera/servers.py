"""The servers that this machine must have: MariaDB and Redis, found or installed, never started by Debian."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edxelera.console import Step, step
from edxelera.failure import Failure

#: Debian asks this program before it starts a daemon; 101 means "do not".
POLICY = Path("/usr/sbin/policy-rc.d")
_REFUSE = "#!/bin/sh\nexit 101\n"

_SEARCH = os.pathsep.join(("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"))

OLDEST_MARIADB = (10, 6)
OLDEST_REDIS = (6, 2)


@dataclass(frozen=True)
class Servers:
    """Programs to run, each with its path."""

    mariadbd: str
    mariadb_install_db: str
    redis: str


def find_program(*names: str) -> str | None:
    """The first of these programs that exists; ``sbin`` counts although it is seldom on a user's PATH."""
    path = os.pathsep.join((os.environ.get("PATH", ""), _SEARCH))
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def parse_version(output: str) -> tuple[int, int] | None:
    """``10.11`` out of ``mariadbd  Ver 10.11.19-MariaDB``, ``7.0`` out of ``Redis server v=7.0.15``."""
    match = re.search(r"(?:Ver |v=)(\d+)\.(\d+)", output)
    return (int(match[1]), int(match[2])) if match else None


def _version_of(program: str) -> tuple[int, int] | None:
    return parse_version(subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout)


def missing() -> list[str]:
    """Debian packages that would have to be installed."""
    mariadb = find_program("mariadbd") and find_program("mariadb-install-db")
    redis = find_program("redis-server", "valkey-server")
    return [*([] if mariadb else ["mariadb-server"]), *([] if redis else ["redis-server"])]


def find() -> Servers:
    """Both servers, recent enough; raises ``Failure`` saying what is missing."""
    mariadbd, install = find_program("mariadbd"), find_program("mariadb-install-db")
    redis = find_program("redis-server", "valkey-server")
    if not (mariadbd and install and redis):
        raise Failure(f"Still missing: {', '.join(missing())}. Install it as root, then run this again.")
    for program, oldest in ((mariadbd, OLDEST_MARIADB), (redis, OLDEST_REDIS)):
        version = _version_of(program)
        if version is not None and version < oldest:
            found, needed = ".".join(map(str, version)), ".".join(map(str, oldest))
            raise Failure(f"{program} is version {found}, but {needed} or newer is needed; install a newer one.")
    return Servers(mariadbd, install, redis)


#: What tests look with: PDFs as pictures, alert rules as Prometheus reads them. Program and Debian package.
TEST_PROGRAMS = {"pdftoppm": "poppler-utils", "promtool": "prometheus"}


def ensure_test_programs() -> None:
    """Install what tests look with and this machine lacks."""
    packages = [package for program, package in TEST_PROGRAMS.items() if find_program(program) is None]
    if packages:
        _refuse_what_cannot_be_done(packages)
        with step(f"installing {' and '.join(packages)}") as running:
            install_packages(packages, running)


def tests_have_backends() -> bool:
    """Whether the tests run on servers from elsewhere: named in the environment, or containers."""
    if os.environ.get("EDX_TEST_MYSQL_URL") and os.environ.get("EDX_TEST_REDIS_URL"):
        return True
    choice = os.environ.get("EDX_TEST_BACKENDS", "auto")
    docker = find_program("docker") if choice == "auto" else None
    if docker is not None:
        return subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0
    return choice == "testcontainers"


def ensure() -> Servers:
    """Find them; install what is missing where that is possible."""
    packages = missing()
    if packages:
        _refuse_what_cannot_be_done(packages)
        with step(f"installing {' and '.join(packages)}") as running:
            install_packages(packages, running)
    return find()


def _refuse_what_cannot_be_done(packages: Sequence[str]) -> None:
    names = " ".join(packages)
    if "mariadb-server" in packages and find_program("mysqld"):
        raise Failure(
            "This machine has Oracle's MySQL, which MariaDB would replace: use 'docker compose up --wait' instead."
        )
    if find_program("apt-get") is None:
        raise Failure(f"{names} missing and there is no apt-get here: install what they bring, then run this again.")
    if os.geteuid() != 0:
        raise Failure(f"{names} missing: run 'apt install {names}' as root (or this command as root) and try again.")


def install_packages(packages: Sequence[str], running: Step) -> None:
    """Install Debian packages without starting, now or at the next boot, what they bring."""
    with daemons_refused():
        _apt(["update", "-q"], running)
        _apt(["install", "-y", "-q", "--no-install-recommends", *packages], running)
    if Path("/run/systemd/system").is_dir():
        units = [package.replace("mariadb-server", "mariadb") for package in packages]
        subprocess.run(["systemctl", "disable", "--quiet", *units], capture_output=True, check=False)


def _apt(arguments: Sequence[str], running: Step) -> None:
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    lines: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            running.show(line.strip()[:70])
    if process.returncode:
        tail = "\n  ".join(lines[-12:])
        raise Failure(f"'{' '.join(command)}' failed:\n  {tail}")


@contextmanager
def daemons_refused(policy: Path = POLICY) -> Iterator[None]:
    """While the block runs, package scripts start no daemon; what was there before is there after."""
    before = policy.read_bytes() if policy.exists() else None
    mode = policy.stat().st_mode if before is not None else 0o755
    policy.write_text(_REFUSE)
    policy.chmod(0o755)
    try:
        yield
    finally:
        if before is None:
            policy.unlink(missing_ok=True)
        else:
            policy.write_bytes(before)
            policy.chmod(mode)
