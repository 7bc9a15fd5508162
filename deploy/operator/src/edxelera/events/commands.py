"""The commands under ``edxelera events``. Whatever changes something wants to know why, and is written down."""

import json
from typing import Annotated, Any

import typer

from edxelera.console import console
from edxelera.events import projections, tables
from edxelera.events.asking import Services, unit_of, whoami
from edxelera.failure import Failure
from edxelera.home import Home
from edxelera.units import UNITS

app = typer.Typer(no_args_is_help=True, help="Events between the services: look, retry, discard, replay, rebuild.")
dead = typer.Typer(no_args_is_help=True, help="Dead letters: events that a consumer gave up on.")
app.add_typer(dead, name="dead")
for command in (projections.projections, projections.rebuild, projections.verify):
    app.command()(command)

AsJson = Annotated[bool, typer.Option("--json", help="for scripts")]
Why = Annotated[str, typer.Option(help="the reason, for the record")]
Who = Annotated[str, typer.Option(default_factory=whoami, show_default="you", help="for the record")]
Letters = Annotated[list[str] | None, typer.Argument(help="as 'dead list' names them: learning/12")]
Unit = Annotated[str | None, typer.Option(help="only this service's")]
Consumer = Annotated[str | None, typer.Option(help="only this consumer's: learning.grant_access")]
Type = Annotated[str | None, typer.Option("--type", help="only this type: EnrollmentActivated or its wire name")]
All = Annotated[bool, typer.Option("--all", help="all that the other options leave")]


def _services() -> Services:
    from edxelera import installation

    return Services(installation.environment_of(Home()))


def _show(answer: Any, table: Any, as_json: bool) -> None:
    if as_json:
        print(json.dumps(answer))
    else:
        console.print(table)


def _options(**given: str | None) -> list[str]:
    return [part for name, value in given.items() if value is not None for part in (f"--{name}", value)]


@app.command()
def streams(as_json: AsJson = False) -> None:
    """Every stream with its length, its groups, how far they are behind, and what they are owed: events that were
    trimmed before they had them, and that are published again for them.
    """
    services = _services()
    found = tables.with_owed(services.ask(UNITS[0], "streams"), services.ask_each(UNITS, "owed"))
    _show(found, tables.streams(found), as_json)


@app.command()
def outbox(as_json: AsJson = False) -> None:
    """How many events of each service wait for the relay, and since when."""
    found = list(_services().ask_each(UNITS, "outbox").values())
    _show(found, tables.outboxes(found), as_json)


@app.command()
def actions(unit: Unit = None, limit: int = 20, as_json: AsJson = False) -> None:
    """What operators did to events: who, when, why."""
    found = _services().ask_each([unit_of(unit)] if unit else UNITS, "actions", "--limit", str(limit))
    _show(found, tables.actions(found), as_json)


@dead.command("list")
def list_letters(
    unit: Unit = None,
    consumer: Consumer = None,
    type_: Type = None,
    retrying: Annotated[bool, typer.Option(help="instead those that are still being tried")] = False,
    limit: Annotated[int, typer.Option(help="of each service")] = 100,
    as_json: AsJson = False,
) -> None:
    """Dead letters of every service, the oldest first."""
    options = _options(state="retrying" if retrying else "dead", consumer=consumer, type=type_, limit=str(limit))
    found = _services().ask_each(_units(unit, consumer), "failures", *options)
    _show(found, tables.letters(found), as_json)
    if not as_json and not any(found.values()):
        console.print("[dim]none[/dim]")


@dead.command()
def show(letter: Annotated[str, typer.Argument(help="learning/12")], as_json: AsJson = False) -> None:
    """One in full: the event as it came, and the traceback."""
    unit, number = _parsed(letter)
    found = _services().ask(unit, "failure", number)
    if as_json:
        print(json.dumps(found))
        return
    console.print(tables.letters({unit: [{**found, "error": ""}]}))
    console.print(f"\n{found['envelope']}\n\n{found['error']}", markup=False)


@dead.command()
def retry(
    why: Why,
    who: Who,
    letters: Letters = None,
    unit: Unit = None,
    consumer: Consumer = None,
    type_: Type = None,
    all_: All = False,
    as_json: AsJson = False,
) -> None:
    """Have the workers try these again at once, with all their attempts before them."""
    _decide("retry", letters, unit, _options(consumer=consumer, type=type_), all_, who, why, as_json)


@dead.command()
def discard(
    why: Why,
    who: Who,
    letters: Letters = None,
    unit: Unit = None,
    consumer: Consumer = None,
    type_: Type = None,
    all_: All = False,
    as_json: AsJson = False,
) -> None:
    """Give these up: they never take effect at that consumer, unless replayed with --again."""
    _decide("discard", letters, unit, _options(consumer=consumer, type=type_), all_, who, why, as_json)


def _decide(
    action: str,
    letters: list[str] | None,
    unit: str | None,
    chosen: list[str],
    all_: bool,
    who: str,
    why: str,
    as_json: bool,
) -> None:
    if bool(letters) == bool(chosen or all_):
        raise Failure(f"Say which dead letters to {action}: their names, or --consumer, --type or --all.")
    wanted = _by_unit(letters or [])
    if not letters:
        consumer = chosen[1] if chosen[:1] == ["--consumer"] else None
        wanted = {each: ["--all", *chosen] for each in _units(unit, consumer)}
    services = _services()
    done = {each: services.ask(each, action, *which, "--who", who, "--why", why) for each, which in wanted.items()}
    _show(done, tables.letters(done), as_json)
    if not as_json:
        number = sum(len(each) for each in done.values())
        console.print(f"[green]✓[/green] {action}: {number} dead letter{'' if number == 1 else 's'}")
        if taken_in := sum(letter["taken_in"] for each in done.values() for letter in each):
            console.print(f"{taken_in} of their events had taken effect by a later delivery, and stay in effect")


@app.command()
def replay(
    source: Annotated[str, typer.Argument(help="the service that published the events")],
    to: Annotated[str, typer.Option(help="a consumer (learning.grant_access), or 'all': the stream once more")],
    who: Who,
    type_: Annotated[list[str] | None, typer.Option("--type", help="of this type")] = None,
    subject: Annotated[list[str] | None, typer.Option(help="about this thing")] = None,
    id_: Annotated[list[str] | None, typer.Option("--id", help="this event")] = None,
    since: Annotated[str | None, typer.Option(help="not older: 2026-11-22T14:00 (UTC), 90m, 2h, 7d")] = None,
    until: Annotated[str | None, typer.Option(help="older than that")] = None,
    all_: Annotated[bool, typer.Option("--all", help="everything it ever published")] = False,
    again: Annotated[bool, typer.Option(help="also what the consumer took in before: a second effect")] = False,
    dry_run: Annotated[bool, typer.Option(help="only count the events")] = False,
    why: Annotated[str, typer.Option(help="the reason, for the record")] = "",
    as_json: AsJson = False,
) -> None:
    """Send a span of a service's outbox once more, to one consumer or to all. Inboxes pass over what they have."""
    unit_of(source)
    span = [part for name, values in (("type", type_), ("subject", subject), ("id", id_))
            for value in values or [] for part in (f"--{name}", value)]  # fmt: skip
    span += [*_options(since=since, until=until), *(["--all"] if all_ else [])]
    services = _services()
    if dry_run:
        found = services.ask(source, "count", *span)
    elif to == "all":
        if again:
            raise Failure("--again is for one consumer: name it with --to.")
        found = services.ask(source, "publish-again", *span, "--who", who, "--why", why)
    else:
        found = services.carry(source, span, to, ["--who", who, "--why", why, *(["--again"] if again else [])])
    _show(found, ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in found.items()), as_json)


def _units(unit: str | None, consumer: str | None) -> list[str]:
    named = unit or consumer
    return [unit_of(named)] if named else list(UNITS)


def _parsed(letter: str) -> tuple[str, str]:
    unit, _, number = letter.partition("/")
    if not number.isdigit():
        raise Failure(f"{letter!r} is no dead letter's name; 'edxelera events dead list' names them: learning/12.")
    return unit_of(unit), number


def _by_unit(letters: list[str]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for unit, number in map(_parsed, letters):
        named.setdefault(unit, []).append(number)
    return named
