"""Which port each process listens on: the default where it is free, the same ones as last time if possible."""

import json
import os
import socket
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from edxelera.failure import Failure
from edxelera.home import write_private
from edxelera.units import DEFAULT_PORTS

#: Where the search for another port begins, and ends.
SEARCH_FROM, SEARCH_TO = 18080, 19180


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((host, port))
        except OSError:
            return False
        return True


def search_start(installation: Path) -> int:
    """Where to look first for other ports: installations that start at the same time look in different places."""
    return SEARCH_FROM + 20 * (zlib.crc32(os.fsencode(installation)) % 50)


def choose(
    remembered: Mapping[str, int],
    free: Callable[[int], bool] = is_free,
    defaults: Mapping[str, int] = DEFAULT_PORTS,
    search_from: int = SEARCH_FROM,
) -> dict[str, int]:
    """A port for every name: as remembered if that is still free, else the default, else the next free one."""
    chosen: dict[str, int] = {}
    for name, default in defaults.items():
        kept_for_others = {port for other, port in remembered.items() if other != name}
        for port in _candidates(remembered.get(name), default, search_from):
            if port not in chosen.values() and port not in kept_for_others and free(port):
                chosen[name] = port
                break
        else:
            raise Failure(f"No free port for {name}: {SEARCH_FROM} to {SEARCH_TO} are all taken.")
    return chosen


def _candidates(remembered: int | None, default: int, search_from: int) -> Iterator[int]:
    if remembered is not None:
        yield remembered
    yield default
    yield from range(search_from, SEARCH_TO)
    yield from range(SEARCH_FROM, search_from)


def moved(ports: Mapping[str, int], defaults: Mapping[str, int] = DEFAULT_PORTS) -> dict[str, int]:
    """Those that are not where the documentation says."""
    return {name: port for name, port in ports.items() if port != defaults[name]}


def load(path: Path) -> dict[str, int]:
    """What was chosen before; nothing if that cannot be read."""
    with suppress(OSError, ValueError, AttributeError):
        return {name: int(port) for name, port in json.loads(path.read_text()).items() if name in DEFAULT_PORTS}
    return {}


def save(path: Path, ports: Mapping[str, int]) -> None:
    """Remember them for the next start."""
    write_private(path, json.dumps(ports, indent=1) + "\n")
