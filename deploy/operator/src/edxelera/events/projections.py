"""``edxelera events rebuild`` and ``verify``: projections from the archive of events, while the services run."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edxelera import installation
from edxelera.console import console
from edxelera.events import tables
from edxelera.events.asking import Services, unit_of, whoami
from edxelera.events.rebuilding import Progress as OnProgress
from edxelera.events.rebuilding import converse
from edxelera.home import Home
from edxelera.units import UNITS

Names = Annotated[list[str] | None, typer.Argument(help="of these; 'edxelera events projections' names them")]
Service = Annotated[str, typer.Argument(help="whose projections")]
All = Annotated[bool, typer.Option("--all", help="all of the service's projections")]
AsJson = Annotated[bool, typer.Option("--json", help="for scripts")]


def _nothing(*_: object) -> None:
    pass


@contextmanager
def _bars(as_json: bool) -> Iterator[OnProgress]:
    """A progress bar for each projection, unless a script reads along."""
    if as_json:
        yield _nothing
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console) as shown:
        tasks: dict[str, Any] = {}

        def update(projection: str, done: int, total: int) -> None:
            if projection not in tasks:
                tasks[projection] = shown.add_task(projection, total=total)
            shown.update(tasks[projection], completed=done, total=total)

        yield update


def _converse(service: str, arguments: list[str], as_json: bool) -> Any:
    services = Services(installation.environment_of(Home()))
    with _bars(as_json) as update:
        return converse(services, unit_of(service), arguments, update)


def rebuild(
    service: Service,
    why: Annotated[str, typer.Option(help="the reason, for the record")],
    who: Annotated[str, typer.Option(default_factory=whoami, show_default="you", help="for the record")],
    projections: Names = None,
    all_: All = False,
    from_nothing: Annotated[
        bool, typer.Option(help="the inbox was lost too: what is older than ten minutes counts as taken in")
    ] = False,
    incomplete: Annotated[bool, typer.Option(help="although the archive lacks events that were taken in")] = False,
    as_json: AsJson = False,
) -> None:
    """Build projections of a service from the archive, beside the live ones, and swap them in while it runs."""
    options = [("--all", all_), ("--from-nothing", from_nothing), ("--incomplete", incomplete)]
    arguments = ["rebuild", *(projections or []), *(option for option, given in options if given)]
    found = _converse(service, [*arguments, "--who", who, "--why", why], as_json)
    if as_json:
        print(json.dumps(found))
        return
    console.print(tables.built(service, found["built"]))
    if found["cache"] != "forgotten":
        console.print(f"[yellow]![/yellow] cached answers {found['cache']}")


def verify(service: Service, projections: Names = None, as_json: AsJson = False) -> None:
    """Compare projections of a service (all, unless some are named) with the archive; exit code 1 when they differ."""
    found = _converse(service, ["verify", *(projections or ["--all"])], as_json)
    if as_json:
        print(json.dumps(found))
    else:
        console.print(tables.verdicts(service, found))
        if any(not verdict["equal"] for verdict in found):
            console.print(tables.differences(found))
    if any(not verdict["equal"] for verdict in found):
        raise typer.Exit(1)


def projections(as_json: AsJson = False) -> None:
    """What can be rebuilt and verified, by service."""
    found = Services(installation.environment_of(Home())).ask_each(UNITS, "projections")
    if as_json:
        print(json.dumps(found))
        return
    for unit, names in found.items():
        if names:
            console.print(f"{unit}: {', '.join(names)}")
