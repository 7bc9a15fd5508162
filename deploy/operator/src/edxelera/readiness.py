"""Is it ready? Each process by what it answers itself, and a wait that shows how far everything is."""

import socket
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from edxelera.console import Step
from edxelera.failure import Failure
from edxelera.home import Home
from edxelera.listeners import held_by_another
from edxelera.private_servers import mariadb_admin_url
from edxelera.schemas import answers
from edxelera.supervisor import Supervisor
from edxelera.supervisor_config import log_path
from edxelera.units import Process, process

#: How often a process may be seen between two failed starts before waiting for it is given up.
_FAILED_LOOKS = 12


def health(home: Home, which: Process, port: int, redis_password: str) -> str:
    """``ok``, or what is the matter."""
    if which.name == "mariadb":
        return "ok" if answers(mariadb_admin_url(home)) else "no answer"
    if which.name.startswith("redis"):
        return _redis(port, redis_password)
    return http_health(f"http://127.0.0.1:{port}{'/' if which.name == 's3' else '/readyz'}", which.is_ours)


def http_health(url: str, must_succeed: bool = True) -> str:
    """``ok`` for 2xx; an S3 server refuses an anonymous request, which is an answer too."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=4):
            return "ok"
    except urllib.error.HTTPError as error:
        return f"answers {error.code}" if must_succeed else "ok"
    except (OSError, ValueError):
        return "no answer"


def _redis(port: int, password: str) -> str:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                answer += connection.recv(256) or b"\r\n\r\n"
    except OSError:
        return "no answer"
    return "ok" if b"+PONG" in answer else answer.decode(errors="replace").strip() or "no answer"


def health_of_all(
    home: Home, supervisor: Supervisor, names: Sequence[str], ports: Mapping[str, int], redis_password: str
) -> dict[str, str]:
    """The health of several processes, asked all at once; an answer counts only from the process itself."""
    with ThreadPoolExecutor(max_workers=len(names) or 1) as pool:
        results = pool.map(lambda name: health(home, process(name), ports[name], redis_password), names)
        found = dict(zip(names, results, strict=True))
    foreign = foreign_ports(supervisor.processes, names, ports)
    return {name: TAKEN if name in foreign else result for name, result in found.items()}


def foreign_ports(
    states: Callable[[], Mapping[str, Mapping[str, Any]]], names: Sequence[str], ports: Mapping[str, int]
) -> list[str]:
    """Processes on whose port somebody else listens; looked at twice, because one may just have been restarted."""
    for _ in range(2):
        now = states()
        names = [name for name in names if held_by_another(now[name]["pid"], ports[name])]
        if not names:
            break
    return list(names)


#: The health of a process on whose port somebody else answers.
TAKEN = "port taken by another program"


class PortTaken(Failure):
    """Another program took a port between our choosing it and our listening on it."""


def wait_until_ready(
    supervisor: Supervisor,
    names: Sequence[str],
    check: Callable[[Sequence[str]], Mapping[str, str]],
    running: Step,
    seconds: float = 300,
) -> None:
    """Return when all are ready; raise ``Failure`` with the log of one that cannot start, or ``PortTaken``."""
    deadline = time.monotonic() + seconds
    waiting = list(names)
    failures: Counter[str] = Counter()
    while True:
        health = check(waiting)
        taken = [name for name in waiting if health[name] == TAKEN]
        if taken:
            raise PortTaken(f"Another program has taken the port that was to be {taken[0]}'s.")
        states = supervisor.processes()
        waiting = [name for name in waiting if health[name] != "ok" or not states[name]["pid"]]
        running.show(f"{len(names) - len(waiting)} of {len(names)} ready, waiting for {', '.join(waiting[:4])}")
        if not waiting:
            running.note(f"[dim]{len(names)} processes[/dim]")
            return
        failures.update(name for name in waiting if states[name]["statename"] in ("BACKOFF", "FATAL", "EXITED"))
        gone = [name for name in waiting if failures[name] > _FAILED_LOOKS or states[name]["statename"] == "FATAL"]
        if gone or time.monotonic() > deadline:
            raise Failure(explain(supervisor.home, (gone or waiting)[0], waiting))
        time.sleep(0.25)


def explain(home: Home, name: str, waiting: Sequence[str]) -> str:
    """Which process is not ready, and the end of its log."""
    log = log_path(home, name)
    lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
    tail = "\n  ".join(line[:400] for line in lines) or "(it wrote nothing)"
    others = ", ".join(other for other in waiting if other != name)
    also = f" Also not ready: {others}." if others else ""
    return f"{name} did not become ready.{also} The end of {log}:\n  {tail}"
