"""The service under measure: it consumes what it publishes, and writes one row for each event."""

import os
import time
from pathlib import Path
from typing import ClassVar

from sqlalchemy import BINARY, BigInteger, Column, DateTime, MetaData, String, Table, event, insert
from sqlalchemy.orm import Session
from starlette.types import ASGIApp
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
_INSERT = insert(_effects)


class BenchSettings(ServiceSettings):
    """Of the service under measure."""

    service: ClassVar[str] = SERVICE


def create_app() -> ASGIApp:
    """Its worker."""
    consumers = Consumers(SERVICE)
    notes = os.environ.get(NOTES)
    sink = Path(notes).open("a", buffering=1) if notes else None  # noqa: SIM115  (as long as the process)

    @consumers.on(VideoReady, as_=CONSUMER)
    def note(session: Session, video: VideoReady) -> None:
        row = {
            "video_id": video.video_id.bytes,
            "number": video.sequence,
            "program_slug": video.program_slug,
            "at": utc_now().replace(tzinfo=None),
        }
        session.execute(_INSERT, row)
        if sink is not None:

            def committed(_: Session) -> None:
                sink.write(f"{video.sequence} {time.monotonic()}\n")

            event.listen(session, "after_commit", committed, once=True)

    return create_worker(BenchSettings(), consumers)
