"""The caller's side: hands manuscripts to a process of their own, so that typst and 10 MiB of fonts leave with it."""

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import structlog

log = structlog.get_logger(__name__)

SHARED = Path(__file__).parent / "page.typ"
#: A page takes well under a second; on a machine that is busy with other things, more.
PATIENCE_SECONDS = 30.0


class RenderingFailed(RuntimeError):
    """The process died, took too long, or the template is wrong."""


@dataclass(frozen=True, slots=True)
class Manuscript:
    """What is to be set: a template, the JSON data that it reads, and the instant that the PDF bears.

    The same manuscript always gives the same bytes.
    """

    template: Path
    data: Mapping[str, Any]
    dated: datetime

    def to_json(self) -> bytes:
        """One line for the process that sets it."""
        fields = {"template": str(self.template), "data": self.data, "dated": int(self.dated.timestamp())}
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()

    @property
    def fingerprint(self) -> str:
        """Another one whenever the PDF would be another one: known without rendering."""
        digest = hashlib.blake2b(digest_size=12)
        fields = {"data": self.data, "dated": int(self.dated.timestamp()), "typst": version("typst")}
        for part in (json.dumps(fields, sort_keys=True).encode(), self.template.read_bytes(), SHARED.read_bytes()):
            digest.update(hashlib.blake2b(part).digest())
        return digest.hexdigest()


class Renderer:
    """Renders in a process that begins with the first manuscript and ends with ``close`` (or the ``with`` block).

    One manuscript at a time. After a failure the next one gets a new process.
    """

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def typeset(self, manuscript: Manuscript) -> bytes:
        """The PDF; raises ``RenderingFailed``. Text that no font of ours can show is shown by the system's fonts."""
        with self._lock:
            process = self._process = self._process or _start()
            watchdog = threading.Timer(self._patience, process.kill)
            watchdog.start()
            try:
                answer, pdf = _exchange(process, manuscript)
            except BaseException as error:
                self._end()
                if isinstance(error, (OSError, EOFError, ValueError)):
                    raise RenderingFailed(f"no answer from the process that renders: {error}") from error
                raise
            finally:
                watchdog.cancel()
        if "error" in answer:
            raise RenderingFailed(f"{manuscript.template.name}: {answer['error']}")
        if "missing" in answer:
            log.warning("document_set_leniently", template=manuscript.template.name, error=answer["missing"])
        return pdf

    def close(self) -> None:
        """End the process, if there is one; a later manuscript begins another."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.kill()
        with suppress(OSError):
            process.stdin.close()
        process.stdout.close()
        process.wait()


def _start() -> "subprocess.Popen[bytes]":
    """Knows no secret: its environment is empty."""
    command = [sys.executable, "-I", "-m", "chassis.documents"]
    return subprocess.Popen(command, env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603


def _exchange(process: "subprocess.Popen[bytes]", manuscript: Manuscript) -> tuple[dict[str, Any], bytes]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(manuscript.to_json() + b"\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline() or b"null") or {}
    pdf = process.stdout.read(answer.get("size", 0))
    if not answer or len(pdf) != answer.get("size", 0):
        raise EOFError("it ended")
    return answer, pdf
