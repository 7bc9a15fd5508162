"""The processes under measure: each on the first core, the load on the second (facts: measured costs)."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

_START_SECONDS = 30


def pin(*pids: int) -> None:
    """Servers share the first core; with one core only there is nothing to part."""
    if os.cpu_count() and (os.cpu_count() or 1) > 1:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.sched_setaffinity(pid, {0})


def pin_load() -> None:
    """This process, which makes the load, keeps to the last core."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def go_first() -> None:
    """This process does not wait for a processor where it may (as root): its own waiting is not the server's."""
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def processor_seconds(*pids: int) -> float:
    """Processor time that these processes have used, user and system."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running application."""

    url: str
    pid: int


@contextmanager
def served(
    application: str, environment: Mapping[str, str], *, factory: bool, health: str, pinned: bool = True
) -> Iterator[Server]:
    """The application on a uvicorn of its own, as the platform runs it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(port)]
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-server-header", "--no-proxy-headers"]
    process = subprocess.Popen(
        [*command, *options, *(["--factory"] if factory else ["--log-level", "warning"])],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _until_ready(process, url + health)
        if pinned:
            pin(process.pid)
        yield Server(url, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _until_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with suppress(httpx.HTTPError):
            if httpx.get(url, timeout=2).status_code == 200:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{url} did not become ready")
        time.sleep(0.05)
