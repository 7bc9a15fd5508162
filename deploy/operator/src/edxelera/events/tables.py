"""The answers as people read them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.markup import escape
from rich.table import Table


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


def _table(*columns: str) -> Table:
    """A leading ``>`` aligns a column to the right."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for title in columns:
        shown.add_column(title.removeprefix(">"), justify="right" if title.startswith(">") else "left")
    return shown


def _wrong(text: str, wrong: bool) -> str:
    return f"[red]{text}[/red]" if wrong else text


def streams(found: Iterable[Mapping[str, Any]]) -> Table:
    """A line for each group of each stream."""
    shown = _table("stream", ">length", ">oldest", "group", ">members", ">lag", ">pending", ">oldest pending")
    for stream in found:
        first = (stream["stream"], str(stream["length"]), age(stream["oldest_seconds"]))
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
    )


def outboxes(found: Iterable[Mapping[str, Any]]) -> Table:
    """A line for each service."""
    shown = _table("service", ">waiting", ">oldest")
    for outbox in found:
        oldest = age(outbox["oldest_seconds"]) if outbox["depth"] else ""
        shown.add_row(outbox["service"], str(outbox["depth"]), _wrong(oldest, outbox["oldest_seconds"] > 60))
    return shown


def letters(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """Failed events of several services; their names are what ``show``, ``retry`` and ``discard`` take."""
    shown = _table("letter", "consumer", "event", "subject", ">tries", ">first", ">last", "error")
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
    shown = _table("when", "service", "who", "action", "why", "what")
    rows = [(action["at"], unit, action) for unit, actions_ in found.items() for action in actions_]
    for at, unit, action in sorted(rows, key=lambda row: row[0], reverse=True):
        what = escape(_what(action["details"]))
        shown.add_row(at[:19], unit, escape(action["who"]), action["action"], escape(action["why"]), what)
    return shown


def _what(details: Mapping[str, Any]) -> str:
    if letters_ := details.get("letters"):
        return ", ".join(f"{short(each['type'])} {each['event_id']} at {each['consumer']}" for each in letters_)
    events = details.get("events")
    number = len(events) if isinstance(events, list) else events
    return f"{number} events to {details.get('consumer', 'all')}" + (" again" if details.get("again") else "")
