"""What a person sees while something takes long: one moving line, and a line that stays for each thing done."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.status import Status

#: Of what is read in a file, or by the next program of a pipe: tables there are as wide as what they say.
_BROAD = 240


def console_for(stream: TextIO) -> Console:
    """As wide as the terminal; where there is none, as wide as tables need, not the 80 columns that rich assumes."""
    width = None if stream.isatty() or "COLUMNS" in os.environ else _BROAD
    return Console(stderr=stream is sys.stderr, highlight=False, soft_wrap=True, width=width)


console = console_for(sys.stdout)
errors = console_for(sys.stderr)


class Step:
    """A running step; ``show`` tells how far it is, ``note`` what came of it."""

    def __init__(self, title: str, line: Status | None) -> None:
        self.title = title
        self.result = ""
        self.began = time.monotonic()
        self._line = line

    def show(self, progress: str) -> None:
        """Replace the moving line; without a terminal nothing moves."""
        if self._line is not None:
            self._line.update(f"{self.title} [dim]{escape(progress)}[/dim]")

    def note(self, result: str) -> None:
        """Said at the end of the line that stays."""
        self.result = result


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show ``title`` while the block runs, then a line with its time."""
    if console.is_terminal:
        with console.status(title) as line:
            running = Step(title, line)
            yield running
    else:
        console.print(f"[dim]…[/dim] {title}")
        running = Step(title, None)
        yield running
    seconds = time.monotonic() - running.began
    console.print(f"[green]✓[/green] {title} [dim]{seconds:.1f} s[/dim] {running.result}".rstrip())
