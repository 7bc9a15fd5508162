"""Asks each service's own process about its events, with that service's environment and no other's (ADR 0013)."""

import getpass
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from edxelera import environment
from edxelera.failure import Failure
from edxelera.units import UNITS, process

_MODULE = "chassis.messaging.operations"


def whoami() -> str:
    """The person at the keyboard, for the record: the one who became root, if so."""
    return f"{os.environ.get('SUDO_USER') or getpass.getuser()}@{socket.gethostname()}"


def unit_of(name: str) -> str:
    """``learning`` of ``learning`` or of a consumer ``learning.grant_access``; raises ``Failure`` for no unit."""
    unit = name.partition(".")[0]
    if unit not in UNITS:
        raise Failure(f"There is no service {unit!r}; there are {', '.join(UNITS)}.")
    return unit


class Services:
    """The services of an installation, by its environment."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def ask(self, unit: str, *arguments: str) -> Any:
        """One service's answer; raises ``Failure`` with what it said instead."""
        asked = subprocess.run(self._command(unit, arguments), env=self._own(unit), capture_output=True, check=False)
        if asked.returncode:
            raise failure_of(unit, asked.stderr)
        return json.loads(asked.stdout)

    def ask_each(self, units: Iterable[str], *arguments: str) -> dict[str, Any]:
        """The answers of several, asked some at a time."""
        asked = list(units)
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
            return dict(zip(asked, pool.map(lambda unit: self.ask(unit, *arguments), asked), strict=True))

    def carry(self, source: str, span: Iterable[str], consumer: str, taking: Iterable[str]) -> Any:
        """The span of one service's outbox into a consumer of another: neither sees the other's schema."""
        unit = unit_of(consumer)
        with subprocess.Popen(
            self._command(source, ["span", *span]),
            env=self._own(source),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as reading:
            taken = subprocess.run(
                self._command(unit, ["take-in", consumer, *taking]),
                env=self._own(unit),
                stdin=reading.stdout,
                capture_output=True,
                check=False,
            )
            if reading.stdout is not None:
                reading.stdout.close()  # a reader that gave up ends the other side too
            said = reading.stderr.read() if reading.stderr is not None else b""
        if taken.returncode:
            raise failure_of(unit, taken.stderr)
        if reading.returncode:
            raise failure_of(source, said)
        return json.loads(taken.stdout)

    def start(
        self, unit: str, arguments: Iterable[str], said: IO[bytes], *, may_change_tables: bool = False
    ) -> "subprocess.Popen[bytes]":
        """One service's process with pipes to it; what it complains of goes to ``said``. ``may_change_tables``: it
        also gets the URL of the database user that may, as a migration does.
        """
        key = f"EDX_{unit.upper()}_MIGRATION_DATABASE_URL"
        more = {key: self._env[key]} if may_change_tables else {}
        return subprocess.Popen(
            self._command(unit, arguments),
            env=self._own(unit) | more,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
        )

    def _command(self, unit: str, arguments: Iterable[str]) -> list[str]:
        return [sys.executable, "-m", _MODULE, unit, *arguments]

    def _own(self, unit: str) -> dict[str, str]:
        return {**os.environ, **environment.for_process(self._env, process(f"{unit}-worker"))}


def failure_of(unit: str, said: bytes) -> Failure:
    """The last thing that a service's process said."""
    lines = said.decode(errors="replace").strip().splitlines()
    return Failure(f"{unit}: {lines[-1] if lines else 'its command ended without a word'}")
