"""Each step on one line with its time; the first that fails ends the walk and says why."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from edxelera.console import console
from edxelera.failure import Failure

Value = TypeVar("Value")


class StepFailed(Failure):
    """A step of the journey did not do what it must."""


class Line:
    """What stands behind a step's time."""

    def __init__(self) -> None:
        self.note = ""
        self.milliseconds: float | None = None


class Report:
    """The lines of one walk."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.lines: list[tuple[str, float, str]] = []

    @contextmanager
    def step(self, title: str) -> Iterator[Line]:
        """Time the block; a failure in it names the step."""
        line, began = Line(), time.perf_counter()
        try:
            yield line
        except Failure as failure:
            raise StepFailed(f"step {len(self.lines) + 1}, {title}: {failure}") from failure
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise StepFailed(f"step {len(self.lines) + 1}, {title}: an answer lacks {error!r}") from error
        measured = (time.perf_counter() - began) * 1000 if line.milliseconds is None else line.milliseconds
        self.lines.append((title, measured, line.note))
        number = f"{len(self.lines):>2}"
        console.print(f"[green]✓[/green] [dim]{number}[/dim] {title:<46} [bold]{measured:>7.0f} ms[/bold]  ", end="")
        console.print(line.note, style="dim", markup=False)

    def total_seconds(self) -> float:
        """Since the walk began."""
        return time.perf_counter() - self.began


def require(condition: object, complaint: str) -> None:
    """The step's promise; ``complaint`` says what was seen instead."""
    if not condition:
        raise StepFailed(complaint)


def poll(
    ask: Callable[[], Value], until: Callable[[Value], object], what: str, seconds: float = 20
) -> tuple[Value, float]:
    """Ask until it is as wanted; the answer, and the milliseconds that took."""
    began = time.perf_counter()
    while True:
        answer = ask()
        elapsed = time.perf_counter() - began
        if until(answer):
            return answer, elapsed * 1000
        if elapsed > seconds:
            raise StepFailed(f"{what} did not happen within {seconds:.0f} s; the last answer was {answer}")
        time.sleep(0.02)
