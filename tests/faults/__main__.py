"""``python -m tests.faults``: longer runs for people, one seed after another; exit code 1 when a promise was broken."""

import argparse
import random
import sys
import time

from tests.faults.plan import Plan
from tests.faults.run import run


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def main() -> int:
    """Parse, run, tell."""
    parser = argparse.ArgumentParser(prog="make faults", description="Break the platform and see whether it heals.")
    parser.add_argument("--minutes", type=float, default=20, help="begin no new run after so long (20)")
    parser.add_argument(
        "--journeys", type=int, default=2060, help="students in one run (2060: the events of 2000 plain ones)"
    )
    parser.add_argument("--seed", type=int, help="of the first run; the next ones count on from it (drawn)")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.randrange(10_000)
    deadline, broken = time.monotonic() + 60 * given.minutes, 0
    while True:
        outcome = run(Plan.drawn(seed, given.journeys), _say)
        _say(f"\n{outcome}\n")
        broken += bool(outcome.complaints)
        seed += 1
        if time.monotonic() > deadline:
            return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
