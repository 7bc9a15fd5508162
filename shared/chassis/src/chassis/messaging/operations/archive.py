"""The archive: every event that services have published, read out of their outboxes a page at a time.

The process that rebuilds asks, in lines of JSON; a process of the service that owns the events answers, each answer
ended by an empty line; the operator's command stands between them. So no process holds two services' passwords.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, Protocol
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.tables import outbox

#: Events in an answer.
PAGE = 500

_EVENT = select(outbox.c.position, outbox.c.id, outbox.c.type, outbox.c.envelope)


@dataclass(frozen=True, slots=True)
class Archived:
    """An event as its owner's outbox has it; whether the envelope can be read is another question."""

    position: int
    id: UUID
    type: str
    envelope: bytes

    def line(self) -> bytes:
        """For a pipe. A line break can only stand between the tokens of an envelope, where a space says the same."""
        return f"{self.position} {self.id} {self.type} ".encode() + self.envelope.replace(b"\n", b" ")

    @classmethod
    def of(cls, line: bytes) -> "Archived":
        """What ``line`` wrote."""
        position, id_, type_, envelope = line.split(b" ", 3)
        return cls(int(position), UUID(id_.decode()), type_.decode(), envelope)


class Archive(Protocol):
    """Where a rebuild gets events from. Positions are those of the source's outbox."""

    def count(self, source: str, types: Sequence[str]) -> int:
        """How many events of these types the source has."""

    def page(self, source: str, types: Sequence[str], after: int) -> list[Archived]:
        """The next events of these types after a position."""

    def some(self, source: str, ids: Sequence[UUID]) -> list[Archived]:
        """Those of these events that the source has."""


class OwnArchive:
    """Reads the outboxes themselves, where somebody has them at hand."""

    def __init__(self, databases: dict[str, Database]) -> None:
        self._databases = databases

    def count(self, source: str, types: Sequence[str]) -> int:
        """See ``Archive``."""
        with self._databases[source].begin() as session:
            return session.scalar(select(func.count()).where(outbox.c.type.in_(types))) or 0

    def page(self, source: str, types: Sequence[str], after: int) -> list[Archived]:
        """See ``Archive``."""
        with self._databases[source].begin() as session:
            return _page(session, types, after)

    def some(self, source: str, ids: Sequence[UUID]) -> list[Archived]:
        """See ``Archive``."""
        with self._databases[source].begin() as session:
            return [Archived(*row) for row in session.execute(_EVENT.where(outbox.c.id.in_(ids)))]


def _page(session: Session, types: Sequence[str], after: int) -> list[Archived]:
    chosen = _EVENT.where(outbox.c.position > after, outbox.c.type.in_(types))
    return [Archived(*row) for row in session.execute(chosen.order_by(outbox.c.position).limit(PAGE))]


class AskedArchive:
    """Asks whoever reads ``questions``, and reads the answers."""

    def __init__(self, questions: IO[bytes], answers: IO[bytes]) -> None:
        self._questions = questions
        self._answers = answers

    def count(self, source: str, types: Sequence[str]) -> int:
        """See ``Archive``."""
        return int(next(self._ask(source, count=list(types))))

    def page(self, source: str, types: Sequence[str], after: int) -> list[Archived]:
        """See ``Archive``."""
        return [Archived.of(line) for line in self._ask(source, types=list(types), after=after)]

    def some(self, source: str, ids: Sequence[UUID]) -> list[Archived]:
        """See ``Archive``."""
        return [Archived.of(line) for line in self._ask(source, ids=[str(each) for each in ids])]

    def _ask(self, source: str, **question: Any) -> Iterator[bytes]:
        self._questions.write(orjson.dumps({"ask": source, **question}, option=orjson.OPT_APPEND_NEWLINE))
        self._questions.flush()
        lines = []
        while (line := self._answers.readline()) != b"\n":
            if not line:
                raise EOFError(f"the archive of {source} ended in the middle of an answer")
            lines.append(line.rstrip(b"\n"))
        return iter(lines)


def answer_questions(database: Database, questions: IO[bytes], answers: IO[bytes]) -> None:
    """The owner's side: answer every line until there are no more."""
    for line in questions:
        asked = orjson.loads(line)
        own = OwnArchive({asked["ask"]: database})
        if "count" in asked:
            found = [str(own.count(asked["ask"], asked["count"])).encode()]
        elif "ids" in asked:
            found = [each.line() for each in own.some(asked["ask"], [UUID(each) for each in asked["ids"]])]
        else:
            found = [each.line() for each in own.page(asked["ask"], asked["types"], asked["after"])]
        answers.write(b"".join(each + b"\n" for each in found) + b"\n")
        answers.flush()
