"""``logs``: the last lines of one process or of all, and what comes after."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edxelera.failure import Failure
from edxelera.home import Home
from edxelera.supervisor_config import log_path
from edxelera.units import PROCESSES

Write = Callable[[str], None]


def names_of(unit: str | None) -> list[str]:
    """``enrollment-worker``, ``enrollment`` (API and worker), ``supervisor``, or everything."""
    names = [which.name for which in PROCESSES if unit in (None, which.name, which.unit)]
    if unit == "supervisor":
        return [unit]
    if not names:
        known = ", ".join(which.name for which in PROCESSES)
        raise Failure(f"There is no process or unit {unit!r}; there are supervisor, {known}.")
    return names


def last_lines(path: Path, count: int) -> list[str]:
    """The end of a log; its last 256 KiB are enough."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 256 * 1024))
        return file.read().decode(errors="replace").splitlines()[-count:]


def show(home: Home, names: Sequence[str], count: int, write: Write) -> None:
    """Each log with its name before it."""
    for name in names:
        for line in last_lines(log_path(home, name), count):
            write(_labelled(name, line, names))


def follow(home: Home, names: Sequence[str], write: Write) -> None:
    """Write what is added, until interrupted; a rotated log is read from its beginning."""
    positions = {name: _size(log_path(home, name)) for name in names}
    while True:
        for name in names:
            positions[name] = _write_new(home, name, positions[name], names, write)
        time.sleep(0.3)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _write_new(home: Home, name: str, position: int, names: Sequence[str], write: Write) -> int:
    path = log_path(home, name)
    size = _size(path)
    if size < position:
        position = 0
    if size == position:
        return position
    with path.open("rb") as file:
        file.seek(position)
        content = file.read(size - position)
    for line in content.decode(errors="replace").splitlines():
        write(_labelled(name, line, names))
    return size


def _labelled(name: str, line: str, names: Sequence[str]) -> str:
    return line if len(names) == 1 else f"{name:<20} {line}"
