"""The processes of a platform that the operator's supervisor keeps alive: look, kill, wait until all is well."""

import os
import signal
import time
from collections.abc import Sequence

import httpx

from chassis.testing import eventually
from edxelera.console import Step
from edxelera.home import Home
from edxelera.installation import attach
from edxelera.readiness import wait_until_ready
from edxelera.supervisor import Supervisor
from edxelera.units import PROCESSES, WORKERS

NAMES = tuple(process.name for process in PROCESSES)


class Processes:
    """Those of one local installation."""

    def __init__(self, home: Home) -> None:
        self._supervisor = Supervisor(home)
        self._installation = attach(home)

    def pid(self, name: str) -> int:
        """Its process id; 0 while it does not run."""
        return int(self._supervisor.processes()[name]["pid"])

    def kill(self, name: str) -> int:
        """kill -9; the id it had."""
        pid = self.pid(name)
        assert pid, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_until_ready(self, names: Sequence[str] = NAMES, *, instead_of: tuple[str, int] | None = None) -> float:
        """Seconds until all are ready; ``instead_of`` names a process that must have a new id by then."""
        began = time.monotonic()
        if instead_of is not None:
            name, old = instead_of
            eventually(lambda: self.pid(name) not in (0, old), 30, what=f"a new {name}")
        wait_until_ready(self._supervisor, names, self._installation.health, Step("waiting", None))
        return time.monotonic() - began

    def numbers_of_workers(self) -> dict[str, float]:
        """Every gauge and counter that the workers tell Prometheus, by name and labels."""
        found: dict[str, float] = {}
        for worker in WORKERS:
            answer = httpx.get(f"http://127.0.0.1:{self._installation.ports[worker.name]}/metrics")
            assert answer.status_code == 200, f"{worker.name}: {answer.text[:300]}"
            for line in answer.text.splitlines():
                if not line.startswith("#"):
                    name, _, value = line.rpartition(" ")
                    found[name] = float(value)
        return found
