"""A platform that really runs: started by the operator's own command, or one that was there before."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from tests.platform.callers import Staff, Stranger, Student
from tests.platform.processes import Processes
from tests.platform.sandbox import Sandbox

from edxelera import environment
from edxelera.home import LOCAL_FOLDER_KEY, REPOSITORY, Home
from edxelera.welcome import accounts_of

#: A fresh machine installs MariaDB and Redis first.
_UP_SECONDS = 600
#: Of the folders of platforms that tests start; the process id of the run follows.
PREFIX = "edxelera-platform-"


@dataclass(frozen=True)
class Platform:
    """Where the platform is, who may sign in there, and its processes."""

    stack: ExitStack
    home: Home
    env: dict[str, str]
    _callers: Iterator[int] = field(default_factory=lambda: count(1), repr=False)

    @property
    def url(self) -> str:
        """The gateway."""
        return self.env["EDX_PUBLIC_URL"]

    @cached_property
    def sandbox(self) -> Sandbox:
        """Paystack and the CDN, and what goes wrong with them."""
        client = self.stack.enter_context(httpx.Client(base_url=self.env["SANDBOX_PUBLIC_URL"], timeout=30))
        return Sandbox(client)

    @cached_property
    def processes(self) -> Processes:
        """What the operator's supervisor keeps alive."""
        return Processes(self.home)

    @cached_property
    def accounts(self) -> dict[str, Any]:
        """The seed people and their password."""
        return accounts_of(self.home)

    def client(self) -> httpx.Client:
        """An HTTP client at a loopback address of its own: limits by address count each caller alone."""
        number = next(self._callers)
        is_local = httpx.URL(self.url).host == "127.0.0.1"
        address = f"127.1.{number // 250}.{number % 250 + 1}" if is_local else None
        transport = httpx.HTTPTransport(local_address=address)
        return self.stack.enter_context(httpx.Client(base_url=self.url, timeout=30, transport=transport))

    def stranger(self) -> Stranger:
        """Somebody who is not logged in."""
        return Stranger(self.client())

    def student(self, name: str = "Test Student") -> Student:
        """A new student, registered and logged in."""
        student = Student(self.client())
        student.register(name)
        return student

    @cached_property
    def admin(self) -> Staff:
        """The seed administrator."""
        return self._seeded("admin")

    @cached_property
    def instructor(self) -> Staff:
        """A seed instructor of the seed program."""
        return self._seeded("instructor")

    def _seeded(self, role: str) -> Staff:
        person = next(person for person in self.accounts["people"] if role in person["roles"])
        staff = Staff(self.client())
        staff.login(person["email"], self.accounts["password"])
        return staff

    def staff(self, name: str, roles: list[str], teaches: list[str]) -> Staff:
        """A new account to which the administrator gave these roles."""
        staff = Staff(self.client())
        staff.register(name)
        self.admin.call("PUT", f"/v1/admin/users/{staff.id}/roles", json={"roles": roles, "teaches": teaches})
        staff.login(staff.email, staff.password)
        return staff


def attach(stack: ExitStack, env_file: Path) -> Platform:
    """The platform whose environment this file is; its secrets lie beside it."""
    env = environment.read(env_file)
    if not env:
        raise RuntimeError(f"{env_file} is no environment file of a platform")
    return Platform(stack, Home(local=env_file.resolve().parent), env)


def started(stack: ExitStack) -> Platform:
    """``edxelera up`` in a folder of its own; stopped and wiped when ``stack`` closes."""
    end_what_killed_runs_left()
    local = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    stack.callback(shutil.rmtree, local, ignore_errors=True)
    local.chmod(0o755)  # MariaDB runs under its own account and must pass through
    stack.callback(operate, local, "down", "--wipe")
    operate(local, "up")
    return attach(stack, local / "env")


def end_what_killed_runs_left() -> None:
    """A run that was killed could not stop its platform; its folder is named after the process that is no more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            operate(folder, "down", "--wipe")


def operate(local: Path, *arguments: str, command: Sequence[str] = (), **environment: str) -> None:
    """Run the operator's command on the installation in ``local``; raises with what it said."""
    ran = subprocess.run(
        [*(command or [edxelera()]), *arguments],
        env={**environment_for(local), **environment},
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=_UP_SECONDS,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(f"edxelera {' '.join(arguments)} failed:\n{ran.stdout}\n{ran.stderr}")


def edxelera() -> str:
    """The operator's command of this virtual environment."""
    return str(Path(sys.executable).with_name("edxelera"))


def environment_for(local: Path) -> dict[str, str]:
    """This environment, for the installation in ``local``."""
    return {**os.environ, LOCAL_FOLDER_KEY: str(local)}
