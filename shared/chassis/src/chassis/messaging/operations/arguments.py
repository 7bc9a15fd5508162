"""The command line of ``python -m chassis.messaging.operations``."""

import argparse
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chassis.messaging.failures import State
from chassis.messaging.operations.audit import Operator
from chassis.messaging.operations.dead_letters import Selection
from chassis.messaging.operations.outbox import Span, wire_type

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AN_ID = "0197b0a0-0000-7000-8000-000000000001"
#: Rows that an answer may have.
_MOST = 1_000_000
_AGO = re.compile(r"(\d{1,6})([smhd])")


def moment(text: str, now: datetime) -> datetime:
    """An instant in ISO form (UTC unless it says otherwise), or how long ago: ``90m``, ``2h``, ``7d``. ``ValueError``
    with a sentence for anything else.
    """
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is outside of the years 1 to 9999") from None
    except ValueError:
        raise ValueError(f"{text!r} is neither a time like 2026-11-22T14:00 nor an age like 90m, 2h or 7d") from None


def _event_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError(f"{text!r} is no event id; one looks like {_AN_ID}") from None


def limit_of(given: argparse.Namespace) -> int:
    """How many rows at most."""
    limit: int = given.limit
    if not 1 <= limit <= _MOST:
        raise ValueError(f"--limit is a number from 1 to {_MOST}, not {limit}")
    return limit


def parser() -> argparse.ArgumentParser:
    """Everything that can be asked for; the answers are JSON."""
    root = argparse.ArgumentParser(prog="python -m chassis.messaging.operations", description="Operate on events.")
    root.add_argument("service", help="whose schema; its EDX_<SERVICE>_DATABASE_URL must be set")
    actions = root.add_subparsers(dest="action", required=True)
    actions.add_parser("streams", help="every stream and its groups (EDX_REDIS_URL)")
    actions.add_parser("outbox", help="what waits for the relay")
    failed = actions.add_parser("failures", help="dead letters, or what is being retried")
    failed.add_argument("--state", choices=[state.value for state in State], default=State.DEAD.value)
    failed.add_argument("--consumer")
    failed.add_argument("--type")
    failed.add_argument("--limit", type=int, default=100)
    actions.add_parser("failure", help="one of them in full").add_argument("id", type=int)
    for name in ("retry", "discard"):
        decided = actions.add_parser(name, help=f"{name} dead letters")
        decided.add_argument("ids", type=int, nargs="*")
        decided.add_argument("--consumer")
        decided.add_argument("--type")
        decided.add_argument("--all", action="store_true")
        _accountable(decided)
    _spanning(actions.add_parser("count", help="what a span of the outbox holds"))
    _spanning(actions.add_parser("span", help="its events, a line each"))
    _accountable(_spanning(actions.add_parser("publish-again", help="a span once more for all consumers")))
    taking = actions.add_parser("take-in", help="events from standard input, a line each, into one consumer")
    taking.add_argument("consumer")
    taking.add_argument("--again", action="store_true", help="also what it has taken in before")
    _accountable(taking)
    actions.add_parser("owed", help="events that were trimmed before a group had them")
    actions.add_parser("archive", help="answer a rebuild's questions, asked on standard input")
    actions.add_parser("projections", help="what can be rebuilt")
    for name, what in (("rebuild", "from the archive, and swap"), ("verify", "compare with the archive")):
        built = actions.add_parser(name, help=f"{what}: asks on standard output (EDX_<SERVICE>_MIGRATION_DATABASE_URL)")
        built.add_argument("projections", nargs="*")
        built.add_argument("--all", action="store_true")
        if name == "rebuild":
            built.add_argument("--from-nothing", action="store_true", help="the inbox was lost as well")
            built.add_argument("--incomplete", action="store_true", help="although the archive lacks events")
            _accountable(built)
    actions.add_parser("actions", help="what operators did").add_argument("--limit", type=int, default=50)
    return root


def _accountable(to: argparse.ArgumentParser) -> None:
    to.add_argument("--who", required=True)
    to.add_argument("--why", required=True)


def _spanning(to: argparse.ArgumentParser) -> argparse.ArgumentParser:
    for name in ("type", "subject", "id"):
        to.add_argument(f"--{name}", action="append", default=[])
    to.add_argument("--since")
    to.add_argument("--until")
    to.add_argument("--all", action="store_true", help="the whole outbox")
    return to


def operator_of(given: argparse.Namespace) -> Operator:
    """Who and why."""
    return Operator(given.who, given.why)


def selection_of(given: argparse.Namespace) -> Selection:
    """Which dead letters."""
    return Selection(tuple(given.ids), given.consumer, wire_type(given.type) if given.type else None, given.all)


def chosen_of(given: argparse.Namespace) -> list[str]:
    """The projections' names; none means all, which must be said."""
    if bool(given.projections) == given.all:
        raise ValueError("say which projections: their names, or all")
    return list(given.projections)


def span_of(given: argparse.Namespace, now: datetime) -> Span:
    """Which events; the whole outbox only when that is said."""
    span = Span(
        types=tuple(wire_type(name) for name in given.type),
        subjects=tuple(given.subject),
        ids=tuple(_event_id(text) for text in given.id),
        since=moment(given.since, now) if given.since else None,
        until=moment(given.until, now) if given.until else None,
    )
    if span.is_everything and not given.all:
        raise ValueError("say which events: a type, a subject, an id, since, until, or all")
    return span
