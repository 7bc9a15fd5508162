"""The logs of a platform that this run started or was pointed at, from the moment on at which one begins to look."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edxelera.home import Home
from edxelera.supervisor_config import log_path
from edxelera.units import APIS, WORKERS

#: Every process of ours that writes structured logs.
PROCESSES = tuple(process.name for process in (*APIS, *WORKERS))


@dataclass(frozen=True)
class Line:
    """One line: who wrote it, and what."""

    process: str
    said: dict[str, Any]

    @property
    def service(self) -> str:
        return str(self.said["service"])

    @property
    def event(self) -> str:
        return str(self.said["event"])

    @property
    def trace_id(self) -> str | None:
        return self.said.get("trace_id")

    @property
    def names_its_trace(self) -> bool:
        return isinstance(self.trace_id, str) and len(self.trace_id) == 32

    @property
    def traces(self) -> set[str]:
        """Its own, and the one that this follows."""
        return {self.said[name] for name in ("trace_id", "origin_trace_id") if self.said.get(name)}

    def is_about_work(self) -> bool:
        """Written while a request, an event or a delivery was handled."""
        return bool({"request_id", "consumer", "webhook", "certificate_id", "enrollment_id"} & self.said.keys())


class PlatformLogs:
    """What was written since this was made."""

    def __init__(self, home: Home) -> None:
        self._files = {name: log_path(home, name) for name in PROCESSES}
        self._from = {name: _size(file) for name, file in self._files.items()}

    def lines(self) -> list[Line]:
        """Every whole line; fails on one that is not JSON."""
        return [Line(name, _parsed(name, raw)) for name, file in self._files.items() for raw in self._raw(name, file)]

    def of(self, trace_id: str) -> list[Line]:
        """What a search for the trace's id finds."""
        return [line for line in self.lines() if trace_id in line.traces]

    def _raw(self, name: str, file: Path) -> Iterator[bytes]:
        with file.open("rb") as log:
            log.seek(self._from[name])
            yield from (line for line in log if line.endswith(b"\n"))


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _parsed(name: str, raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        raise AssertionError(f"{name} wrote a line that is not JSON: {raw[:300]!r}") from None
    assert isinstance(found, dict), raw
    return found
