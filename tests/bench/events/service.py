"""The service under measure: it consumes what it publishes, and writes one row for each event."""

import os
import time
from pathlib import Path
from typing import ClassVar

from sqlalchemy import BINARY, BigInteger, Column, DateTime, MetaData, String, Table, event, insert
from sqlalchemy.orm import Session
from starlette.types import ASGIApp
from tests.bench.events.bare import EFFECT
from tests.bench.events.stage import CONSUMER, SERVICE

from chassis.clock import utc_now
from chassis.messaging import Consumers, create_worker
from chassis.settings import ServiceSettings
from contracts.events import VideoReady

#: Names a file that gets a line for each effect once it is committed: the event's number, and the monotonic clock.
NOTES = "EDX_BENCH_NOTES"

_effects = Table(
    "effects",
    MetaData(),
    Column("video_id", BINARY(16)),
    Column("number", BigInteger),
    Column("program_slug", String(100)),
    Column("at", DateTime),
)
_COLUMNS = _effects.columns.keys()
_INSERT = insert(_effects)

#: Set: the handler's statement is an expression of SQLAlchemy's, not the text that the bare side sends.
EXPRESSIONS = "EDX_BENCH_EXPRESSIONS"


class BenchSettings(ServiceSettings):
    """Of the service under measure."""

    service: ClassVar[str] = SERVICE


def create_app() -> ASGIApp:
    """Its worker."""
    consumers = Consumers(SERVICE)
    expressions = bool(os.environ.get(EXPRESSIONS))
    notes = os.environ.get(NOTES)
    sink = Path(notes).open("a", buffering=1) if notes else None  # noqa: SIM115  (as long as the process)

    @consumers.on(VideoReady, as_=CONSUMER)
    def note(session: Session, video: VideoReady) -> None:
        row = (video.video_id.bytes, video.sequence, video.program_slug, utc_now().replace(tzinfo=None))
        if expressions:
            session.execute(_INSERT, dict(zip(_COLUMNS, row, strict=True)))
        else:
            session.connection().exec_driver_sql(EFFECT, row)
        if sink is not None:

            def committed(_: Session) -> None:
                sink.write(f"{video.sequence} {time.monotonic()}\n")

            event.listen(session, "after_commit", committed, once=True)

    return create_worker(BenchSettings(), consumers)
