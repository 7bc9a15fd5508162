"""``status``: what runs, since when, with how much memory, on which port, and whether it is well."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from edxelera import ports
from edxelera.console import console
from edxelera.credentials import load_or_draw
from edxelera.home import Home
from edxelera.readiness import health_of_all
from edxelera.supervisor import Supervisor
from edxelera.units import APPLICATIONS, PROCESSES, Process

_COLOURS = {"RUNNING": "green", "STOPPED": "dim", "STARTING": "yellow", "BACKOFF": "red", "FATAL": "red"}


def memory_of(pid: int, proc: Path = Path("/proc")) -> int:
    """Resident memory in bytes; 0 for a process that is gone."""
    try:
        lines = (proc / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB" if size else ""


def show(home: Home) -> bool:
    """Print the table; whether everything is well."""
    supervisor = Supervisor(home)
    if not supervisor.is_running():
        console.print("Nothing is running here. Start it with 'make up'.")
        return False
    states, known = supervisor.processes(), ports.load(home.ports_file)
    names = [which.name for which in PROCESSES]
    healths = health_of_all(home, supervisor, names, known, load_or_draw(home.secrets)["redis"])
    shown, python = table(states, known, healths)
    console.print(shown)
    console.print(f"\n{len(APPLICATIONS)} Python processes: {_mib(python)} together")
    return all(result == "ok" for result in healths.values())


def table(
    states: Mapping[str, Mapping[str, Any]], known: Mapping[str, int], healths: Mapping[str, str]
) -> tuple[Table, int]:
    """The table, and the memory of all Python processes together in bytes."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for title, justify in (("process", "left"), ("state", "left"), ("pid", "right"), ("memory", "right"),
                           ("port", "right"), ("health", "left")):  # fmt: skip
        shown.add_column(title, justify="right" if justify == "right" else "left")
    python = 0
    for which in PROCESSES:
        state = states.get(which.name, {"statename": "STOPPED", "pid": 0})
        memory = memory_of(state["pid"]) if state["pid"] else 0
        python += memory if which.is_ours else 0
        shown.add_row(*_row(which, state, memory, known, healths))
    return shown, python


def _row(
    which: Process, state: Mapping[str, Any], memory: int, known: Mapping[str, int], healths: Mapping[str, str]
) -> tuple[str, ...]:
    name, colour = str(state["statename"]), _COLOURS.get(str(state["statename"]), "yellow")
    health = healths.get(which.name, "")
    return (
        which.name,
        f"[{colour}]{name.lower()}[/{colour}]",
        str(state["pid"] or ""),
        _mib(memory),
        str(known.get(which.name, "")),
        f"[green]{health}[/green]" if health == "ok" else f"[red]{health}[/red]",
    )
