"""What is the case at the end of a run: read from every service's schema, and from the bank's books."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, text
from tests.faults.stage import LESSONS, Stage

from edxelera.environment import database_name
from edxelera.units import UNITS

#: How often the same thing may be said of the same subject in a run; everything else once.
_TELLINGS = {
    "edxelera.learning.lesson_completed.v1": len(LESSONS),
    "edxelera.learning.program_published.v1": 10,
    "edxelera.enrollment.cohort_scheduled.v1": 10,
    "edxelera.gateway.account_updated.v1": 10,
}
_TOLD = "SELECT type, subject, COUNT(*) FROM {schema}.outbox GROUP BY type, subject HAVING COUNT(*) > 1"
_CONSUMERS = Path(__file__).parents[2] / "shared" / "contracts" / "consumers.json"


@dataclass(frozen=True)
class Payment:
    """Our side of a reference."""

    student: str
    status: str
    enrollment: str


@dataclass(frozen=True)
class Enrollment:
    """Enrollment's own word on it; the other services have views of it."""

    student: str
    status: str


@dataclass
class World:
    """Ids are UUIDs in text; ``…`` of a student: by account id."""

    #: The bank: references that were charged, and those of which everything was given back.
    charged: set[str] = field(default_factory=set)
    given_back: set[str] = field(default_factory=set)
    payments: dict[str, Payment] = field(default_factory=dict)
    enrollments: dict[str, Enrollment] = field(default_factory=dict)
    #: By service: status by enrollment, as that service believes it.
    views: dict[str, dict[str, str]] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)
    #: Student and lesson.
    lessons: set[tuple[str, str]] = field(default_factory=set)
    #: Student and what is complete: a course's slug, or "" for the program.
    completed: set[tuple[str, str]] = field(default_factory=set)
    #: How many valid certificates, by student and course ("" for the program).
    certificates: Counter[tuple[str, str]] = field(default_factory=Counter)
    posts: set[str] = field(default_factory=set)
    #: Posts that learning counts.
    counted_posts: set[str] = field(default_factory=set)
    #: What became of events, in sentences; all empty when all is well.
    unpublished: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    told_twice: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    events: int = 0
    effects: int = 0


def read_world(stage: Stage) -> World:
    """All of it; the platform must have come to rest."""
    world = World()
    _ask_the_bank(stage, world)
    with stage.admin_engine.connect() as connection:
        _read_services(connection, world)
        for unit in UNITS:
            _read_events_of(connection, unit, world)
        for consumer, emitter, types in deliveries():
            _compare(connection, consumer, emitter, types, world)
    return world


def count_events(connection: Connection) -> int:
    """Events that have been committed, by whomever."""
    return sum(connection.scalar(text(f"SELECT COUNT(*) FROM {database_name(unit)}.outbox")) or 0 for unit in UNITS)


def _ask_the_bank(stage: Stage, world: World) -> None:
    [file] = Path(stage.platform.env["SANDBOX_DATA_DIR"]).glob("sandbox-*.sqlite3")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as bank:
        charged = "SELECT reference FROM transactions WHERE paid_at IS NOT NULL"
        world.charged = {reference for (reference,) in bank.execute(charged)}
        returned = (
            "SELECT t.reference FROM transactions t JOIN refunds r ON r.transaction_id = t.id"
            " WHERE r.status = 'processed' GROUP BY t.id HAVING SUM(r.amount) >= t.amount"
        )
        world.given_back = {reference for (reference,) in bank.execute(returned)}


def _read_services(connection: Connection, world: World) -> None:
    def rows(unit: str, query: str) -> Iterable[tuple[str, ...]]:
        for row in connection.execute(text(query.format(db=database_name(unit)))):
            yield tuple(str(UUID(bytes=each)) if isinstance(each, bytes) else each for each in row)

    for reference, *about in rows(
        "enrollment", "SELECT reference, student_id, status, enrollment_id FROM {db}.payments"
    ):
        world.payments[reference] = Payment(*about)
    for id_, *about in rows("enrollment", "SELECT id, student_id, status FROM {db}.enrollments"):
        world.enrollments[id_] = Enrollment(*about)
    for unit in ("learning", "discussion"):
        world.views[unit] = dict(rows(unit, "SELECT id, status FROM {db}.enrollments"))  # type: ignore[arg-type]
    revoked = "SELECT enrollment_id, IF(revoked_reason IS NULL, 'active', 'revoked') FROM {db}.enrollments"
    world.views["certificates"] = dict(rows("certificates", revoked))  # type: ignore[arg-type]
    world.accounts = {id_ for (id_,) in rows("gateway", "SELECT id FROM {db}.accounts")}
    world.lessons = set(rows("learning", "SELECT student_id, lesson_slug FROM {db}.lesson_completions"))  # type: ignore[arg-type]
    marks = "SELECT student_id, course_slug FROM {db}.progress_marks WHERE completed_at IS NOT NULL"
    world.completed = set(rows("learning", marks))  # type: ignore[arg-type]
    valid = "SELECT student_id, COALESCE(course_slug, '') FROM {db}.certificates WHERE status = 'issued'"
    world.certificates = Counter(rows("certificates", valid))  # type: ignore[arg-type]
    world.posts = {id_ for (id_,) in rows("discussion", "SELECT id FROM {db}.posts")}
    world.counted_posts = {id_ for (id_,) in rows("learning", "SELECT id FROM {db}.discussion_posts")}


def deliveries() -> Iterable[tuple[str, str, list[str]]]:
    """Every consumer, with the unit whose events it takes in and their types."""
    registry: Mapping[str, Mapping[str, list[str]]] = json.loads(_CONSUMERS.read_text())
    for consumers in registry.values():
        for consumer, types in consumers.items():
            for emitter in sorted({wire_type.split(".")[1] for wire_type in types}):
                yield consumer, emitter, [each for each in types if each.split(".")[1] == emitter]


def _read_events_of(connection: Connection, unit: str, world: World) -> None:
    schema = database_name(unit)
    world.events += connection.scalar(text(f"SELECT COUNT(*) FROM {schema}.outbox")) or 0
    waiting = connection.scalar(text(f"SELECT COUNT(*) FROM {schema}.outbox WHERE stream_id IS NULL")) or 0
    if waiting:
        world.unpublished[unit] = waiting
    for wire_type, subject, times in connection.execute(text(_TOLD.format(schema=schema))):
        if times > _TELLINGS.get(wire_type, 1):
            world.told_twice.append(f"{wire_type} of {subject}: {times} times")
    if invented := _invented(connection, unit):
        world.invented.append(f"{invented} effects at {unit} are of events that nobody has committed")
    failed = f"SELECT consumer, type, state, attempts, error FROM {schema}.event_failures"
    for consumer, wire_type, state, attempts, error in connection.execute(text(failed)):
        last = error.strip().splitlines()[-1] if error.strip() else ""
        world.failures.append(f"{consumer}: {wire_type} is {state} after {attempts} attempts: {last[:200]}")


def _compare(connection: Connection, consumer: str, emitter: str, types: list[str], world: World) -> None:
    """The emitter's outbox and the consumer's inbox name the same events."""
    outbox, inbox = database_name(emitter), database_name(consumer.split(".")[0])
    given = {"consumer": consumer, **{f"type{number}": each for number, each in enumerate(types)}}
    among = ", ".join(f":type{number}" for number in range(len(types)))
    taken = f"SELECT 1 FROM {inbox}.inbox i WHERE i.consumer = :consumer AND i.event_id = o.id"
    missing = f"FROM {outbox}.outbox o WHERE type IN ({among}) AND NOT EXISTS ({taken})"
    for wire_type, count in connection.execute(text(f"SELECT type, COUNT(*) {missing} GROUP BY type"), given):
        world.lost.append(f"{count} × {wire_type} had no effect at {consumer}")
    examples = f"SELECT id, type, subject, time, stream_id {missing} ORDER BY position LIMIT 5"
    for id_, wire_type, subject, at, stamp in connection.execute(text(examples), given):
        about = f"{UUID(bytes=id_)} of {subject}, committed {at:%H:%M:%S.%f}, published as {stamp}"
        world.lost.append(f"for example {wire_type.split('.')[2]} {about}")
    effects = f"SELECT COUNT(*) FROM {outbox}.outbox o WHERE type IN ({among}) AND EXISTS ({taken})"
    world.effects += connection.scalar(text(effects), given) or 0


def _invented(connection: Connection, unit: str) -> int:
    known = " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {database_name(other)}.outbox o WHERE o.id = i.event_id)" for other in UNITS
    )
    return connection.scalar(text(f"SELECT COUNT(*) FROM {database_name(unit)}.inbox i WHERE {known}")) or 0
