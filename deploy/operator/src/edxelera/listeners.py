"""Who listens on a port: read from the kernel's tables, because an answer does not say who gave it."""

import os
from contextlib import suppress
from pathlib import Path

_LISTEN = "0A"


def inodes_listening(port: int, proc: Path = Path("/proc")) -> set[str]:
    """The sockets that listen on that TCP port, on any address."""
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(fields[9])
    return found


def sockets_of(pid: int, proc: Path = Path("/proc")) -> set[str] | None:
    """The sockets that a process has open; None when it may not be asked."""
    folder = proc / str(pid) / "fd"
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return set()
    except PermissionError:
        return None
    found = set()
    for name in names:
        with suppress(FileNotFoundError):  # closed in the meantime
            target = os.readlink(folder / name)
            if target.startswith("socket:["):
                found.add(target[8:-1])
    return found


def held_by_another(pid: int, port: int, proc: Path = Path("/proc")) -> bool:
    """Whether somebody listens there who is not that process (``pid`` 0: a process that does not run)."""
    listening = inodes_listening(port, proc)
    own = sockets_of(pid, proc) if pid else set()
    return bool(listening) and own is not None and not listening & own
