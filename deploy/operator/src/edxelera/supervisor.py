"""Talk to the installation's own supervisord: start it, ask it, stop it, and clear up after a killed one."""

import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from edxelera.failure import Failure
from edxelera.home import Home
from edxelera.supervisor_config import MARK, log_path, socket_path
from edxelera.units import APPLICATIONS, SERVERS

CONFIGURATION = "supervisord.conf"

_AT_REST = ("STOPPED", "EXITED", "FATAL", "UNKNOWN")


class Supervisor:
    """The running supervisord of ``home``, or the absence of one."""

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def configuration(self) -> Path:
        """Its generated configuration."""
        return self.home.local / "etc" / CONFIGURATION

    def _call(self, method: str, *arguments: Any) -> Any:
        """One call over a connection of its own: the transport cannot be used again after a failure."""
        transport = SupervisorTransport(serverurl=f"unix://{socket_path(self.home)}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def is_running(self) -> bool:
        """Whether it answers; a pid file or socket left behind does not count."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (OSError, HTTPException, xmlrpc.client.Error):
            return False

    def start(self) -> None:
        """Start supervisord in the background."""
        socket_path(self.home).unlink(missing_ok=True)
        (self.home.run / "supervisor.pid").unlink(missing_ok=True)
        program = Path(sys.executable).with_name("supervisord")
        # what stands in this shell must not decide how services run: their settings come from the environment file
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("EDX_", "SANDBOX_"))}
        started = subprocess.run(
            [str(program), "-c", str(self.configuration)],
            env={**environment, MARK: str(self.home.local)},
            capture_output=True,
            text=True,
            check=False,
        )
        if started.returncode or not wait_for(self.is_running, 15):
            raise Failure(
                f"The process supervisor did not start: {started.stderr.strip() or started.stdout.strip()} "
                f"(its log: {log_path(self.home, 'supervisor')})"
            )

    def reload(self) -> None:
        """Take over a changed configuration; only programs whose entry changed are stopped."""
        added, changed, removed = self._call("reloadConfig")[0]
        for name in (*changed, *removed):
            self._call("stopProcessGroup", name)
            self._call("removeProcessGroup", name)
        for name in (*added, *changed):
            self._call("addProcessGroup", name)

    def processes(self) -> dict[str, dict[str, Any]]:
        """What it knows of each program."""
        return {entry["name"]: entry for entry in self._call("getAllProcessInfo")}

    def start_processes(self, names: Iterable[str]) -> None:
        """Start those that do not run."""
        states = self.processes()
        for name in names:
            if states[name]["statename"] not in ("RUNNING", "STARTING"):
                self._call("startProcess", name, False)

    def stop_processes(self, names: Iterable[str]) -> None:
        """Stop those that run, all at once, and wait for them."""
        states = self.processes()
        stopping = [name for name in names if states.get(name, {}).get("statename", "STOPPED") not in _AT_REST]
        for name in stopping:
            self._call("stopProcess", name, False)
        wait_for(lambda: all(state["pid"] == 0 for state in self._of(stopping)), 60)

    def _of(self, names: Iterable[str]) -> list[dict[str, Any]]:
        states = self.processes()
        return [states[name] for name in names]

    def shut_down(self) -> None:
        """Stop everything and supervisord itself; servers with data go last."""
        if self.is_running():
            for group in (APPLICATIONS, SERVERS):
                self.stop_processes(which.name for which in group)
            self._call("shutdown")
            wait_for(lambda: not orphans(self.home.local), 90)
        self.clear_up()

    def clear_up(self) -> int:
        """End what a killed supervisor left running; how many processes that were."""
        left = orphans(self.home.local)
        for number, waiting in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
            for pid in orphans(self.home.local):
                end(pid, number)
            if wait_for(lambda: not orphans(self.home.local), waiting):
                break
        return len(left)


def wait_for(condition: Any, seconds: float) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def end(pid: int, number: signal.Signals) -> None:
    """Signal a process; one that is gone already is what we want."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def orphans(local: Path, proc: Path = Path("/proc")) -> list[int]:
    """Processes that carry this installation's mark; asked only when no supervisor runs."""
    mark = b"\0" + f"{MARK}={local}".encode() + b"\0"
    found = []
    for entry in proc.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if mark in b"\0" + environment:
            found.append(int(entry.name))
    return found
