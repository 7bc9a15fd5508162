"""What goes wrong in a run, and when: drawn from a seed, printed before anything happens."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edxelera.units import PROCESSES


class Fault(StrEnum):
    """What can be done to a platform; the values read on in a sentence with ``target``."""

    KILL = "kill -9"
    DIE_AT = "kill itself"
    STOP = "stop for a while"
    EMPTY = "empty"
    CUT = "cut the connections"
    FREEZE = "freeze for a while"
    DISORDER = "shuffle, double and hold back events of"
    DOUBLE = "deliver old events once more, shuffled, of"
    TWIN = "start a second"
    SKEW = "set the clock wrong of"
    WEBHOOKS = "disturb webhooks"
    #: No fault: two PDFs for each student would take a third of the processors from what is tested here.
    POSTPONE = "make no more PDFs in"


@dataclass(frozen=True)
class Act:
    """``target`` suffers ``fault`` once ``at`` (a share) of the students have begun.

    ``detail`` names a point in the code or a kind of disturbance; ``amount`` is seconds, or how many.
    """

    at: float
    fault: Fault
    target: str
    detail: str = ""
    amount: float = 0

    def __str__(self) -> str:
        amount = f" ({self.amount:g})" if self.amount else ""
        return f"at {self.at:5.1%} {self.fault} {self.target}{f' at {self.detail}' if self.detail else ''}{amount}"


#: Exact points at which a process kills itself, and who passes there in every run.
POINTS = {
    "after-commit": ("gateway-api", "enrollment-api", "learning-api", "discussion-api"),
    "before-stamp": (
        "gateway-worker", "enrollment-worker", "learning-worker", "certificates-worker", "discussion-worker",
    ),
    "before-ack": ("enrollment-worker", "learning-worker", "certificates-worker", "discussion-worker"),
}  # fmt: skip
RELAYS = POINTS["before-stamp"]
CONSUMERS = POINTS["before-ack"]
TOKEN_CHECKERS = ("gateway-api", "enrollment-api", "learning-api", "discussion-api")

#: Nothing begins before so many students are under way, nor so late that the load is over before it has healed.
_FIRST, _LAST = 0.03, 0.82
_WITHOUT_DOCUMENTS = Act(0.03, Fault.POSTPONE, "certificates-worker")
#: A frozen worker is taken for dead after 15 s; when it thaws it finds its work done by another.
_FREEZE_SECONDS = 18
#: One ahead, one behind: together still what tokens are believed at (``chassis.clock.LEEWAY_SECONDS``).
_SKEW_OF_SERVICES = 25


@dataclass(frozen=True)
class Plan:
    """The acts of one run, in their order."""

    seed: int
    journeys: int
    acts: Sequence[Act]

    @classmethod
    def drawn(cls, seed: int, journeys: int, *, worst_skew: int = 90) -> "Plan":
        """Every kind of fault at least once; which, where and when is the seed's."""
        dice = random.Random(f"{seed}-faults")
        acts = [*_kills(dice), *_servers(dice), *_deliveries(dice, journeys), *_replicas(dice, worst_skew)]
        dice.shuffle(acts)
        _put_the_twin_first(acts)
        step = (_LAST - _FIRST) / len(acts)
        timed = (Act(_FIRST + step * (place + dice.random()), *_what(act)) for place, act in enumerate(acts))
        return cls(seed, journeys, (_WITHOUT_DOCUMENTS, *timed) if journeys > 200 else tuple(timed))

    def __str__(self) -> str:
        lines = [f"seed {self.seed}: {self.journeys} journeys, {len(self.acts)} faults"]
        return "\n  ".join([*lines, *map(str, self.acts)])


def _put_the_twin_first(acts: list[Act]) -> None:
    """Of whoever is frozen: while it is, its twin takes its work."""
    frozen = next(place for place, act in enumerate(acts) if act.fault is Fault.FREEZE)
    twin = next(
        place for place, act in enumerate(acts) if act.fault is Fault.TWIN and act.target == acts[frozen].target
    )
    if frozen < twin:
        acts[frozen], acts[twin] = acts[twin], acts[frozen]


def _what(act: Act) -> tuple[Fault, str, str, float]:
    return act.fault, act.target, act.detail, act.amount


def _kills(dice: random.Random) -> Iterator[Act]:
    """Every process at some moment, and those that pass an exact point there."""
    for process in PROCESSES:
        yield Act(0, Fault.KILL, process.name)
    for point, processes in POINTS.items():
        for name in processes:
            yield Act(0, Fault.DIE_AT, name, point)


def _servers(dice: random.Random) -> Iterator[Act]:
    """MySQL and Redis stopped, restarted, emptied, and connections cut."""
    for name in ("mariadb", "redis", "redis-cache", "s3"):
        yield Act(0, Fault.STOP, name, amount=dice.randint(0, 4))
    for name in ("redis", "redis", "redis-cache"):
        yield Act(0, Fault.EMPTY, name)
    for _ in range(4):
        yield Act(0, Fault.CUT, "mariadb", "a transaction")
    yield Act(0, Fault.CUT, "mariadb", "any moment")
    yield Act(0, Fault.CUT, "redis", "any moment")


def _deliveries(dice: random.Random, journeys: int) -> Iterator[Act]:
    """Events and webhooks doubled, late, in another order."""
    for name in RELAYS:
        yield Act(0, Fault.DISORDER, name, amount=dice.randint(4, 8))
        yield Act(0, Fault.DOUBLE, name.removesuffix("-worker"), amount=dice.randint(50, 200))
    for kind in ("double", "delay", "reorder", "drop"):
        yield Act(0, Fault.WEBHOOKS, "charge.success", kind, max(2, journeys // 100))


def _replicas(dice: random.Random, worst_skew: int) -> Iterator[Act]:
    """Second workers, one that is taken for dead and is not, and clocks that are wrong."""
    twins = dice.sample(CONSUMERS, 3)
    for name in twins:
        yield Act(0, Fault.TWIN, name)
    yield Act(0, Fault.FREEZE, twins[0], amount=_FREEZE_SECONDS)
    ahead, behind = dice.sample(CONSUMERS, 2)
    yield Act(0, Fault.SKEW, ahead, amount=worst_skew)
    yield Act(0, Fault.SKEW, behind, amount=-worst_skew)
    fast, slow = dice.sample(TOKEN_CHECKERS, 2)
    yield Act(0, Fault.SKEW, fast, amount=_SKEW_OF_SERVICES)
    yield Act(0, Fault.SKEW, slow, amount=-_SKEW_OF_SERVICES)
