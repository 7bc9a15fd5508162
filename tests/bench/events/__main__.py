"""``make bench-events``: starts private servers (or takes those of EDX_TEST_*), measures, prints rates and ratios."""

import argparse
import sys
from contextlib import ExitStack

from rich.console import Console
from tests.bench.events import latency, report
from tests.bench.events.latency import Latency
from tests.bench.events.stage import Stage

from chassis.testing.backends import start_backends

#: What the platform promises at 50 events a second (milliseconds).
P50, P99 = 20.0, 100.0
RATE = 50.0


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="make bench-events", description=__doc__)
    parser.add_argument("--events", type=int, default=20_000, help="that each contender handles in each round")
    parser.add_argument("--rounds", type=int, default=5, help="how often the contenders take turns")
    parser.add_argument("--latencies", type=int, default=1500, help="events at 50 a second, from commit to effect")
    options = parser.parse_args()
    with ExitStack() as stack:
        backends = start_backends(stack)
        stage = Stage(backends, f"{backends.redis_url}/15", options.events)
        stack.callback(stage.close)
        measure(stage, options.rounds, options.latencies, Console(width=150))
    return 0


def measure(stage: Stage, rounds: int, latencies: int, console: Console) -> None:
    """Everything, and print it."""
    console.print(f"{len(stage.bodies):,} events a round, {len(stage.bodies[-1])} bytes each, on {stage.servers()}.\n")
    runs = report.run(stage, rounds, lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201
    console.print(report.rates_table(runs))
    console.print(report.ratios_table(report.ratios(runs)))
    console.print(sentence(latency.publish_to_effect(stage, events=latencies, rate=RATE)))


def sentence(found: Latency) -> str:
    """Publish to effect, in words."""
    return (
        f"Publish to effect at {found.rate:.0f} events/s, commit to commit, {found.events:,} events: "
        f"p50 {found.p50:.1f} ms (promised: {P50:.0f}), p99 {found.p99:.1f} ms (promised: {P99:.0f}), "
        f"worst {found.worst:.1f} ms."
    )


if __name__ == "__main__":
    sys.exit(main())
