"""Rebuilding and verifying: the service's process asks for events, their owners' processes answer, we stand between.

Each process has its own service's environment and no other's (ADR 0013); the one that rebuilds has the database user
that may change tables, for as long as it runs.
"""

import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import IO, Any

from edxelera.events.asking import Services, failure_of
from edxelera.failure import Failure

Progress = Callable[[str, int, int], None]


class Owners:
    """One process of each service whose events are asked for, started when first asked."""

    def __init__(self, services: Services, stack: ExitStack) -> None:
        self._services = services
        self._stack = stack
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._said: dict[str, IO[bytes]] = {}

    def answer(self, owner: str, question: bytes) -> list[bytes]:
        """The lines of the answer, with the empty one at its end; raises ``Failure`` with what it said instead."""
        asked = self._running.get(owner) or self._start(owner)
        lines = []
        try:
            _stdin(asked).write(question)
            _stdin(asked).flush()
            while (line := _stdout(asked).readline()) != b"\n":
                if not line:
                    raise BrokenPipeError
                lines.append(line)
        except BrokenPipeError:
            asked.wait()
            self._said[owner].seek(0)
            raise failure_of(owner, self._said[owner].read()) from None
        return [*lines, b"\n"]

    def _start(self, owner: str) -> subprocess.Popen[bytes]:
        self._said[owner] = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  (the stack closes it)
        self._running[owner] = self._stack.enter_context(self._services.start(owner, ["archive"], self._said[owner]))
        return self._running[owner]


def converse(services: Services, unit: str, arguments: Sequence[str], progress: Progress) -> Any:
    """What the service's process answers in the end; raises ``Failure`` with what it said instead. However this
    ends, the pipes close and with them the processes end.
    """
    with ExitStack() as stack:
        owners = Owners(services, stack)
        said = stack.enter_context(tempfile.TemporaryFile())
        asking = stack.enter_context(services.start(unit, arguments, said, may_change_tables=True))
        for line in _stdout(asking):
            message = json.loads(line)
            if "progress" in message:
                told = message["progress"]
                progress(told["projection"], told["done"], told["total"])
            elif "ask" in message:
                _stdin(asking).writelines(owners.answer(message["ask"], line))
                _stdin(asking).flush()
            else:
                return message["answer"]
        asking.wait()
        said.seek(0)
        raise failure_of(unit, said.read())


def _stdin(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdin is None:
        raise Failure("a process was started without its input")
    return process.stdin


def _stdout(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdout is None:
        raise Failure("a process was started without its output")
    return process.stdout
