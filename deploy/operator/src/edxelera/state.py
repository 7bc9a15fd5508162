"""What was done already: digests of what a step depended on when it last succeeded."""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from edxelera.home import Home, write_private


class State:
    """Kept beside the data, so that it is wiped with it."""

    def __init__(self, home: Home) -> None:
        self._file = home.local / "data" / "state.json"

    def _read(self) -> dict[str, str]:
        with suppress(OSError, ValueError):
            return dict(json.loads(self._file.read_text()))
        return {}

    def is_current(self, name: str, digest: str) -> bool:
        """Whether that step succeeded with exactly this before."""
        return self._read().get(name) == digest

    def remember(self, name: str, digest: str) -> None:
        """It succeeded."""
        write_private(self._file, json.dumps({**self._read(), name: digest}, indent=1) + "\n")


def digest_of(*parts: str) -> str:
    """One digest of all of them."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def digest_of_files(root: Path, patterns: Iterable[str]) -> str:
    """Of names, sizes and times: quick, and changed by every edit and checkout."""
    files = sorted({file for pattern in patterns for file in root.glob(pattern) if file.is_file()})
    facts = ((file, file.stat()) for file in files)
    return digest_of(*(f"{file.relative_to(root)} {stat.st_size} {stat.st_mtime_ns}" for file, stat in facts))


#: What a running process of ours was loaded from.
SOURCES = ("requirements.lock", "services/*/src/**/*.py", "gateway/src/**/*.py", "shared/*/src/**/*.py",
           "deploy/sandbox/src/**/*")  # fmt: skip
MIGRATIONS = (
    "services/*/migrations/**/*.py",
    "gateway/migrations/**/*.py",
    "shared/chassis/src/chassis/migrations/**/*.py",
)
SEEDS = ("deploy/seeds/**/*.yaml", "deploy/seeds/**/*.mp4")
