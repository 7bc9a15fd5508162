"""One bounded run of everything that can go wrong at once, and a platform that heals by itself."""

import os
import sys

import pytest
from tests.faults.plan import CONSUMERS, POINTS, TOKEN_CHECKERS, Fault, Plan
from tests.faults.run import run

from chassis.clock import LEEWAY_SECONDS
from edxelera.units import PROCESSES

#: Another number is another plan, and 2000 students find rarer things than the suite has time for (``make faults``).
SEED = int(os.environ.get("EDX_FAULTS_SEED", "1"))
JOURNEYS = int(os.environ.get("EDX_FAULTS_JOURNEYS", "300"))
#: Some go no further than to pay: so many more students, and the events are those of JOURNEYS.
STUDENTS = JOURNEYS * 104 // 100


def say(line: str) -> None:
    """The plan and what was done of it, in the report of a test that fails."""
    sys.stderr.write(f"{line}\n")


def test_a_plan_is_its_seeds_and_has_every_fault() -> None:
    plan = Plan.drawn(7, 2000)
    assert str(plan) == str(Plan.drawn(7, 2000))
    assert str(plan) != str(Plan.drawn(8, 2000))
    assert {act.fault for act in plan.acts} == set(Fault)
    assert {act.target for act in plan.acts if act.fault is Fault.KILL} == {process.name for process in PROCESSES}
    assert {(act.detail, act.target) for act in plan.acts if act.fault is Fault.DIE_AT} == {
        (point, name) for point, names in POINTS.items() for name in names
    }
    assert [act.at for act in plan.acts] == sorted(act.at for act in plan.acts)
    assert {act.target for act in plan.acts if act.fault is Fault.TWIN} < set(CONSUMERS)


@pytest.mark.parametrize("seed", range(20))
def test_nobody_is_frozen_before_another_can_take_the_work(seed: int) -> None:
    acts = Plan.drawn(seed, 2000).acts
    frozen = next(place for place, act in enumerate(acts) if act.fault is Fault.FREEZE)
    assert acts[frozen].target in {act.target for act in acts[:frozen] if act.fault is Fault.TWIN}


@pytest.mark.parametrize("seed", range(20))
def test_clocks_of_services_are_as_far_apart_as_tokens_are_believed_and_no_further(seed: int) -> None:
    skews = [act for act in Plan.drawn(seed, 2000).acts if act.fault is Fault.SKEW]
    wrong = [act.amount for act in skews if act.target in TOKEN_CHECKERS]
    assert LEEWAY_SECONDS * 0.75 < max(wrong) - min(wrong) < LEEWAY_SECONDS


@pytest.mark.platform
@pytest.mark.timeout(1800)  # minutes when the machine has nothing else to do
def test_whatever_breaks_nothing_promised_is_lost_and_nothing_happens_twice() -> None:
    outcome = run(Plan.drawn(SEED, STUDENTS), say)
    say(str(outcome))
    assert outcome.complaints == []
    assert outcome.events >= JOURNEYS * outcome.per_journey
