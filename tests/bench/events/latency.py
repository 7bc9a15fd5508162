"""Publish to effect: from one process's commit of an event to another process's commit of its effect."""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.events.ours import worker
from tests.bench.events.service import NOTES, BenchSettings
from tests.bench.events.stage import Stage, video

from chassis.app import connect_database
from chassis.messaging import emit
from chassis.testing.waiting import eventually

#: Emitted and taken in before anything is measured.
_WARM_UP = 50


@dataclass(frozen=True, slots=True)
class Latency:
    """In milliseconds."""

    events: int
    rate: float
    p50: float
    p99: float
    worst: float


def publish_to_effect(stage: Stage, *, events: int, rate: float) -> Latency:
    """``events`` single commits, by chance about ``rate`` a second (exponential pauses, as independent students make
    them), from an emitting process into a worker process. Both note the machine's monotonic clock: the emitter
    before its commit, the worker after that of the effect.
    """
    stage.reset()
    total = events + _WARM_UP
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "effects"
        notes.touch()
        with worker(stage, **{NOTES: str(notes)}):
            committed = _emitted_elsewhere(stage, total, rate)
            eventually(lambda: notes.read_bytes().count(b"\n") >= total, 30, what="every effect", every=0.2)
        effects = {int(number): float(at) for number, at in (line.split() for line in notes.read_text().splitlines())}
    return _summary([effects[number] - at for number, at in committed.items() if number > _WARM_UP], rate)


def _emitted_elsewhere(stage: Stage, events: int, rate: float) -> dict[int, float]:
    command = [sys.executable, "-m", "tests.bench.events.latency", str(events), str(rate)]
    found = subprocess.run(command, env={**os.environ, **stage.environment()}, check=True, stdout=subprocess.PIPE)
    return {int(number): at for number, at in json.loads(found.stdout).items()}


def _summary(seconds: Sequence[float], rate: float) -> Latency:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return Latency(len(seconds), rate, cuts[49] * 1000, cuts[98] * 1000, max(seconds) * 1000)


def _emit(events: int, rate: float) -> dict[int, float]:
    database = connect_database(BenchSettings())
    committed = {}
    due = time.monotonic()
    for number in range(1, events + 1):
        due += random.expovariate(rate)
        time.sleep(max(0.0, due - time.monotonic()))
        with database.begin() as session:
            emit(session, video(number))
            committed[number] = time.monotonic()
    database.dispose()
    return committed


if __name__ == "__main__":
    print(json.dumps(_emit(int(sys.argv[1]), float(sys.argv[2]))))  # noqa: T201
