"""The answers as people read them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from rich.console import JustifyMethod
from rich.markup import escape
from rich.table import Table

#: Unreadable events that a table names.
_NAMED = 3


def age(seconds: float | None) -> str:
    """``12 s``, ``5 min``, ``3 h``, ``2 d``; nothing for None."""
    if seconds is None:
        return ""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def since(moment: str, now: datetime | None = None) -> str:
    """How long ago an instant of an answer is."""
    return age(((now or datetime.now(UTC)) - datetime.fromisoformat(moment)).total_seconds())


def short(wire_type: str | None) -> str:
    """``payment_verified`` of ``edxelera.enrollment.payment_verified.v1``."""
    return ".".join(wire_type.split(".")[2:]).removesuffix(".v1") if wire_type else "unreadable"


def _table(*columns: str, whole: Collection[str] = ()) -> Table:
    """A leading ``>`` aligns a column to the right. What is too long goes on in the next line, except in ``whole``."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        title, side = column.removeprefix(">"), "right" if column.startswith(">") else "left"
        shown.add_column(title, justify=cast(JustifyMethod, side), overflow="fold", no_wrap=title in whole)
    return shown


def _wrong(text: str, wrong: bool) -> str:
    return f"[red]{text}[/red]" if wrong else text


def streams(found: Iterable[Mapping[str, Any]]) -> Table:
    """A line for each group of each stream; a stream is called by the service whose events it has."""
    numbers = (">workers", ">lag", ">pending", ">oldest pending", ">owed")
    shown = _table("stream", ">length", ">oldest", "group", *numbers, whole=("stream", "group"))
    for stream in found:
        first = (stream["stream"].partition(".")[2], str(stream["length"]), age(stream["oldest_seconds"]))
        for group in stream["groups"] or [None]:
            shown.add_row(*first, *(_group(group) if group else ("[dim]no group[/dim]",)))
            first = ("", "", "")
    return shown


def _group(group: Mapping[str, Any]) -> tuple[str, ...]:
    lag, oldest = group["lag"], group["oldest_pending_seconds"]
    return (
        group["group"],
        _wrong(str(group["consumers"]), group["consumers"] == 0),
        "?" if lag is None else str(lag),
        str(group["pending"]),
        _wrong(age(oldest), (oldest or 0) > 60),
        str(group["owed"] or ""),
    )


def with_owed(found: Sequence[Mapping[str, Any]], owed: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """The streams, each group with the number of events that it is owed; also groups that Redis does not have now."""
    shown = []
    for stream in found:
        left = dict(owed.get(stream["stream"].partition(".")[2], {}))
        groups = [{**group, "owed": left.pop(group["group"], 0)} for group in stream["groups"]]
        absent = {"consumers": 0, "lag": None, "pending": 0, "oldest_pending_seconds": None}
        groups += [{"group": name, **absent, "owed": events} for name, events in sorted(left.items())]
        shown.append({**stream, "groups": groups})
    return shown


def built(service: str, found: Iterable[Mapping[str, Any]]) -> Table:
    """What was rebuilt, and what its workers have yet to be given."""
    shown = _table("projection", ">events", "rows", "never taken in", "cannot be read", whole=["projection"])
    for each in found:
        rows = ", ".join(f"{table} {number}" for table, number in each["rows"].items())
        name, never, unreadable = f"{service} {each['projection']}", _never(each["not_taken_in"]), _unreadable(each)
        shown.add_row(name, str(each["events"]), rows, never, unreadable)
    return shown


def verdicts(service: str, found: Iterable[Mapping[str, Any]]) -> Table:
    """Whether projections are what the archive tells."""
    shown = _table("projection", ">events", "rows", "is", "never taken in", "cannot be read", whole=["projection"])
    for each in found:
        rows = ", ".join(f"{table['table']} {table['rows']}" for table in each["tables"])
        number = sum(table["differing"] for table in each["tables"])
        verdict = "[green]as the archive tells[/green]" if each["equal"] else f"[red]different in {number} rows[/red]"
        if each["not_in_archive"]:
            verdict += f", {each['not_in_archive']} events are not in the archive"
        name = f"{service} {each['projection']}"
        shown.add_row(name, str(each["events"]), rows, verdict, _never(each["not_taken_in"]), _unreadable(each))
    return shown


def _never(consumers: Mapping[str, int]) -> str:
    """Events that only a replay brings."""
    return ", ".join(f"{consumer} {number}" for consumer, number in consumers.items())


def _unreadable(built_: Mapping[str, Any]) -> str:
    """The first of them by type and id, and how many more there are."""
    found = [f"{short(each['type'])} {each['id']}" for each in built_.get("unreadable", ())]
    more = [f"and {len(found) - _NAMED} more"] if len(found) > _NAMED else []
    return ", ".join([*found[:_NAMED], *more])


def differences(found: Iterable[Mapping[str, Any]]) -> Table:
    """A line for each column that differs, and for each row that is missing or extra."""
    shown = _table("table", "row", "what", "column", "live", "archive")
    for difference in (each for verdict in found for table in verdict["tables"] for each in table["differences"]):
        key = escape(", ".join(str(value) for value in difference["key"].values()))
        first = (difference["table"], key, difference["kind"])
        for column, (live, archive) in (difference["columns"] or {"": ("", "")}).items():
            shown.add_row(*first, column, escape(str(live)), escape(str(archive)))
            first = ("", "", "")
    return shown


def outboxes(found: Iterable[Mapping[str, Any]]) -> Table:
    """A line for each service."""
    shown = _table("service", ">waiting", ">oldest")
    for outbox in found:
        oldest = age(outbox["oldest_seconds"]) if outbox["depth"] else ""
        shown.add_row(outbox["service"], str(outbox["depth"]), _wrong(oldest, outbox["oldest_seconds"] > 60))
    return shown


def letters(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """Failed events of several services; their names are what ``show``, ``retry`` and ``discard`` take."""
    shown = _table("letter", "consumer", "event", "subject", ">tries", ">first", ">last", "error", whole=["letter"])
    for unit, letters_ in found.items():
        for letter in letters_:
            shown.add_row(
                f"{unit}/{letter['id']}",
                letter["consumer"],
                short(letter["type"]),
                escape(letter["subject"] or ""),
                str(letter["attempts"]),
                since(letter["first_at"]),
                since(letter["last_at"]),
                escape(letter["error"]),
            )
    return shown


def actions(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """What operators did, the last first."""
    shown = _table("when", "service", "who", "action", "why", "what", whole=("when", "service", "action"))
    rows = [(action["at"], unit, action) for unit, actions_ in found.items() for action in actions_]
    for at, unit, action in sorted(rows, key=lambda row: row[0], reverse=True):
        what = escape(_what(action["details"]))
        shown.add_row(
            at[:19].replace("T", " "), unit, escape(action["who"]), action["action"], escape(action["why"]), what
        )
    return shown


def _what(details: Mapping[str, Any]) -> str:
    if letters_ := details.get("letters"):
        return ", ".join(f"{short(each['type'])} {each['event_id']} at {each['consumer']}" for each in letters_)
    if projection := details.get("projection"):
        return f"{projection} from {details['events']} events"
    events = details.get("events")
    number = len(events) if isinstance(events, list) else events
    return f"{number} events to {details.get('consumer', 'all')}" + (" again" if details.get("again") else "")
