"""The operator's demo as a process of its own, whose steps can be watched while it walks."""

import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

from tests.platform.callers import Staff
from tests.platform.installation import edxelera, environment_for

_DONE = "✓"


@dataclass
class Demo:
    """One run of ``edxelera demo`` for a student of its own."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @classmethod
    def start(cls, local: Path, program: str, instructor: Staff, folder: Path) -> "Demo":
        """Begin; ``instructor`` teaches the program and pins."""
        command = [edxelera(), "demo", "--program", program, "--save", str(folder / "certificate.pdf"),
                   "--staff-email", instructor.email, "--staff-password", instructor.password]  # fmt: skip
        return cls(
            subprocess.Popen(
                command, env=environment_for(local), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        )

    def reach(self, step: int) -> None:
        """Return when so many steps are done, or the walk is over."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if sum(line.startswith(_DONE) for line in self.lines) >= step:
                return

    def finish(self, seconds: float = 120) -> int:
        """Wait for the end; the exit code."""
        assert self.process.stdout is not None
        killer = threading.Timer(seconds, self.process.kill)
        killer.start()
        try:
            self.lines += self.process.stdout
            return self.process.wait()
        finally:
            killer.cancel()
            self.process.stdout.close()

    @property
    def text(self) -> str:
        """What it printed."""
        return "".join(self.lines)
