"""What a person sees while something takes long: one moving line, and a line that stays for each thing done."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


class Step:
    """A running step; ``show`` tells how far it is, ``note`` what came of it."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.result = ""
        self.began = time.monotonic()
        self._status = console.status(title)

    def show(self, progress: str) -> None:
        """Replace the moving line; without a terminal nothing moves."""
        self._status.update(f"{self.title} [dim]{progress}[/dim]")

    def note(self, result: str) -> None:
        """Said at the end of the line that stays."""
        self.result = result


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show ``title`` while the block runs, then a line with its time."""
    running = Step(title)
    if not sys.stdout.isatty():
        console.print(f"[dim]…[/dim] {title}")
    with running._status:
        yield running
    seconds = time.monotonic() - running.began
    console.print(f"[green]✓[/green] {title} [dim]{seconds:.1f} s[/dim] {running.result}".rstrip())
