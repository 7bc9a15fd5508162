"""The rounds of all contenders, and what they come to: for people, with the ratios that travel."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table
from tests.bench.events import bare, ours
from tests.bench.events.bare import Run
from tests.bench.events.stage import Stage

Contender = Callable[[Stage], Run]
#: By contender, one run for each round.
Runs = Mapping[str, Sequence[Run]]

CONTENDERS: Mapping[str, Contender] = {
    "bare batched commits": bare.commits,
    "bare commits, two statements": bare.commits_of_two_statements,
    "bare XADD": bare.xadd,
    "bare XREADGROUP and XACK": bare.xreadgroup,
    "bare relay": bare.relay,
    "bare consumer": bare.consumer,
    "relay": ours.relay,
    "consumer": ours.consumer,
    "consumer, expressions": ours.consumer_of_expressions,
    "two consumers": ours.two_consumers,
    "outbox to effect": ours.whole_way,
}

#: What is compared with what; a platform part against each of its counterparts.
RATIOS = (
    ("relay", "bare relay"),
    ("relay", "bare XADD"),
    ("consumer", "bare batched commits"),
    ("consumer", "bare consumer"),
    ("consumer, expressions", "bare batched commits"),
    ("consumer", "bare commits, two statements"),
    ("consumer", "bare XREADGROUP and XACK"),
    ("two consumers", "consumer"),
    ("two consumers", "bare batched commits"),
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """Of rates: the median of the ratios of each round, and the extremes. ``processor`` is that of the processor times
    for one event, which hardly depend on the neighbours.
    """

    part: str
    counterpart: str
    median: float
    lowest: float
    highest: float
    processor: float


def run(stage: Stage, rounds: int, tell: Callable[[str], None]) -> Runs:
    """Every contender once in each round, in turn."""
    runs: dict[str, list[Run]] = {name: [] for name in CONTENDERS}
    for number in range(1, rounds + 1):
        for name, contender in CONTENDERS.items():
            tell(f"round {number} of {rounds}: {name}")
            stage.reset()
            runs[name].append(contender(stage))
    return runs


def ratios(runs: Runs) -> list[Ratio]:
    """Each round's own, so that a slow minute of the machine slows both sides; then their median."""
    one_after_the_other = [
        Run(relay.events, relay.seconds + consumer.seconds, relay.processor + consumer.processor)
        for relay, consumer in zip(runs["bare relay"], runs["bare consumer"], strict=True)
    ]
    return [
        *(_ratio(part, other, runs[part], runs[other]) for part, other in RATIOS),
        _ratio("outbox to effect", "bare relay, then bare consumer", runs["outbox to effect"], one_after_the_other),
    ]


def _ratio(part: str, counterpart: str, ours: Sequence[Run], others: Sequence[Run]) -> Ratio:
    pairs = list(zip(ours, others, strict=True))
    rates = sorted(run.rate / other.rate for run, other in pairs)
    processor = statistics.median(run.processor / max(other.processor, 0.001) for run, other in pairs)
    return Ratio(part, counterpart, statistics.median(rates), rates[0], rates[-1], processor)


def rates_table(runs: Runs) -> Table:
    """Absolute figures: this machine's, now."""
    table = Table("what", "events a second", "CPU µs an event", "how", title="Rates (medians)", title_justify="left")
    for name, each in runs.items():
        rate = statistics.median(run.rate for run in each)
        processor = statistics.median(run.microseconds for run in each)
        how = " ".join((CONTENDERS[name].__doc__ or "").split())
        table.add_row(name, f"{rate:,.0f}", f"{processor:,.0f}", how)
    return table


def ratios_table(found: Sequence[Ratio]) -> Table:
    """What travels to other machines."""
    table = Table("what", "beside", "rate", "from", "to", "CPU", title="Ratios", title_justify="left")
    for each in found:
        figures = (each.median, each.lowest, each.highest, each.processor)
        table.add_row(each.part, each.counterpart, *(f"{figure:.2f}" for figure in figures))
    return table
