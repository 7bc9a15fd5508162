"""One run: a platform, its load, its faults, and the verdict."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.faults.chaos import Chaos
from tests.faults.client import summed
from tests.faults.facts import World, count_events, read_world
from tests.faults.journeys import Load
from tests.faults.model import Ledger
from tests.faults.plan import Plan
from tests.faults.rest import wait_for_rest
from tests.faults.stage import Stage, set_up
from tests.faults.verdict import complaints

#: Students under way at the same time. Most of them wait: for what was hit, or for the key of a request that died.
TOGETHER = 160


@dataclass
class Outcome:
    """What a run came to."""

    plan: Plan
    ledger: Ledger
    world: World
    #: Events of one student whom nothing disturbed.
    per_journey: int
    #: Events committed by all others.
    events: int
    faults: int
    seconds: float
    complaints: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"{self.ledger.finished} of {self.plan.journeys} students came through, {self.ledger.answers} answers",
            f"{self.events} events committed: {self.events / self.per_journey:.0f} journeys' worth of"
            f" {self.per_journey} each; {self.world.effects} effects",
            f"{self.faults} faults in {self.seconds:.0f} s; not answered as asked: {summed(self.ledger.refusals)}",
            *(self.complaints or ["nothing lost, nothing twice, everything healed"]),
        ]
        return "\n".join(lines)


def run(plan: Plan, say: Callable[[str], None]) -> Outcome:
    """Start a platform, play the plan, wait for rest, judge."""
    began = time.monotonic()
    say(f"{datetime.now(UTC):%H:%M:%S} {plan}")
    with set_up() as stage:
        say(f"the platform runs after {time.monotonic() - began:.0f} s, in {stage.local}")
        per_journey = _events_of(stage, Load(stage, plan.seed, 1, 1, plain=True))
        before = _count(stage)
        load, chaos = Load(stage, plan.seed, plan.journeys, _together(plan)), Chaos(stage, plan)
        load.start()
        chaos.play(load, say)
        load.wait()
        say(f"the load is over after {time.monotonic() - began:.0f} s")
        missed = chaos.never_passed()
        chaos.heal()
        found = [*missed, *filter(None, [wait_for_rest(stage, say)])]
        say(f"at rest after {time.monotonic() - began:.0f} s")
        world = read_world(stage)
        found += complaints(load.ledger, world, stage.course)
        return Outcome(
            plan, load.ledger, world, per_journey, world.events - before, len(chaos.done),
            time.monotonic() - began, found,
        )  # fmt: skip


def _together(plan: Plan) -> int:
    """Fewer in a short run, or most of its students would be on their way before the first fault."""
    return max(12, min(TOGETHER, plan.journeys // 12))


def _events_of(stage: Stage, load: Load) -> int:
    """How many events this load commits while nothing is wrong."""
    before = _count(stage)
    load.start()
    load.wait()
    wait_for_rest(stage)
    return _count(stage) - before


def _count(stage: Stage) -> int:
    with stage.admin_engine.connect() as connection:
        return count_events(connection)
