"""``make bench``: needs a running platform (``make up``). Prints requests a second, latencies, and ratios."""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
from rich.console import Console
from rich.table import Table
from tests.bench import load, processes, webhooks
from tests.bench.effects import publish_to_effect
from tests.bench.processes import Server
from tests.bench.students import Registrar, Student

from edxelera import environment
from edxelera.home import Home
from edxelera.units import process

CONNECTIONS = 32
COMPLETING = 8
#: Webhooks a second: more than Paystack sends to any school.
WEBHOOKS = 50
#: Limits are lifted for the instance under measure only.
_UNLIMITED = "1000000000/minute"
#: Cases that end by themselves may take this long (seconds).
_UNTIL_DONE = 120.0


@dataclass(frozen=True)
class Bench:
    """One run: the platform's environment, the program and the cohort that runs."""

    env: Mapping[str, str]
    registrar: Registrar
    program: str
    cohort: str
    seconds: float

    def drive(self, requests: list[Iterator[bytes]], *servers: Server, warm_up: bool = True) -> load.Outcome:
        """One case: the first of ``servers`` is asked, all of them are measured."""
        if warm_up:
            asyncio.run(load.drive(servers[0].url, requests, min(1.0, self.seconds)))
        pids = [server.pid for server in servers]
        before = processes.processor_seconds(*pids)
        outcome = asyncio.run(load.drive(servers[0].url, requests, self.seconds if warm_up else _UNTIL_DONE))
        outcome.processor = processes.processor_seconds(*pids) - before
        return outcome


def running_cohort(client: httpx.Client) -> tuple[str, str]:
    """A program and its cohort that students can join today."""
    for program in client.get("/v1/programs").raise_for_status().json()["programs"]:
        found = client.get(f"/v1/programs/{program['slug']}/can-enroll").json()
        if found["allowed"]:
            return program["slug"], found["cohort"]["slug"]
    raise SystemExit("No cohort is open; run 'make seed' and try again.")


def hub_requests(base: str, bench: Bench, students: list[Student]) -> list[Iterator[bytes]]:
    """Each connection is a student who reads the first week again and again."""
    url = f"{base}/v1/programs/{bench.program}/weeks/1"
    return [load.forever(load.request_bytes("GET", url, student.headers)) for student in students]


def completions(base: str, bench: Bench, students: list[Student], connections: int) -> list[Iterator[bytes]]:
    """Each student completes the lessons of the first week in the order that unlocks them."""
    hub = (
        httpx.get(f"{base}/v1/programs/{bench.program}/weeks/1", headers=students[0].headers).raise_for_status().json()
    )
    lessons = [(lesson["courseSlug"], lesson["slug"]) for lesson in hub["lessons"]]

    def requests(mine: list[Student]) -> Iterator[bytes]:
        for student in mine:
            for course, lesson in lessons:
                url = f"{base}/v1/courses/{course}/lessons/{lesson}/complete"
                yield load.request_bytes("POST", url, student.headers)

    return [requests(students[index::connections]) for index in range(connections)]


def run(bench: Bench) -> list[tuple[str, load.Outcome]]:
    """All cases, in the order of the report."""
    results = []
    students = bench.registrar.enrolled(CONNECTIONS, bench.program, bench.cohort)
    learners = bench.registrar.enrolled(CONNECTIONS * 2, bench.program, bench.cohort)
    with ExitStack() as stack:

        def start(application: str, env: Mapping[str, str], *, factory: bool, health: str) -> Server:
            return stack.enter_context(processes.served(application, env, factory=factory, health=health))

        yardstick = start("tests.bench.yardstick:app", {}, factory=False, health="/empty")
        quiet = {"EDX_LOG_LEVEL": "WARNING"}
        learning_env = environment.for_process(bench.env, process("learning-api")) | quiet
        learning = start("learning.main:create_app", learning_env, factory=True, health="/readyz")
        gateway_env = environment.for_process(bench.env, process("gateway-api")) | quiet
        gateway_env |= {"EDX_LEARNING_URL": learning.url, "EDX_LIMIT_DEFAULT": _UNLIMITED}
        gateway = start("gateway.main:create_app", gateway_env, factory=True, health="/livez")
        processes.pin_load()

        empty = load.request_bytes("GET", f"{yardstick.url}/empty")
        hub = hub_requests(learning.url, bench, students)
        hub_outside = hub_requests(gateway.url, bench, students)
        todo = completions(learning.url, bench, learners, COMPLETING)
        results.append(("empty FastAPI endpoint", bench.drive([load.forever(empty)] * CONNECTIONS, yardstick)))
        results.append(("week hub, cached, at the service", bench.drive(hub, learning)))
        results.append(("the same through the gateway", bench.drive(hub_outside, gateway, learning)))
        results.append(("complete a lesson", bench.drive(todo, learning, warm_up=False)))
    effects = publish_to_effect(bench.env, bench.registrar, bench.cohort, events=100, rate=20)
    results.append(("publish to effect (20 events/s)", effects))
    results.extend(webhooks_at_a_rate(bench))
    return results


def webhooks_at_a_rate(bench: Bench) -> list[tuple[str, load.Outcome]]:
    """Of paid checkouts, to the running platform, whose worker settles them meanwhile; first to an empty endpoint."""
    count = int(WEBHOOKS * max(5.0, bench.seconds))
    students = [bench.registrar.account() for _ in range(count)]
    sandbox = bench.env["EDX_PAYSTACK_BASE_URL"].removesuffix("/paystack")
    with httpx.Client(base_url=bench.env["EDX_ENROLLMENT_URL"]) as enrollment, httpx.Client(base_url=sandbox) as bank:
        references = webhooks.references_of(enrollment, bench.program, [one.headers for one in students])
        for reference in references:
            bank.post(f"/sandbox/transactions/{reference}/pay", json={"announce": False}).raise_for_status()
    secret = bench.env["EDX_PAYSTACK_SECRET_KEYS"].split(",")[0]
    posts = list(webhooks.deliveries(secret, references))
    with processes.served("tests.bench.yardstick:app", {}, factory=False, health="/empty") as yardstick:
        processes.go_first()
        empty = asyncio.run(webhooks.paced(f"{yardstick.url}/empty", posts, WEBHOOKS))
    taken = asyncio.run(webhooks.paced(f"{bench.env['EDX_GATEWAY_URL']}{webhooks.PATH}", posts, WEBHOOKS))
    return [
        (f"empty endpoint ({WEBHOOKS} posts/s)", empty),
        (f"Paystack's webhook, all the way ({WEBHOOKS}/s)", taken),
    ]


def report(results: list[tuple[str, load.Outcome]]) -> Table:
    """For people: absolute figures belong to this machine, ratios travel."""
    yardstick = results[0][1]
    table = Table("case", "per second", "of the yardstick", "CPU µs each", "p50 ms", "p99 ms", "answers")
    for name, outcome in results:
        paced = not outcome.processor
        table.add_row(
            name,
            "-" if paced else f"{outcome.per_second:,.0f}",
            "-" if paced else f"{outcome.per_second / yardstick.per_second:.2f}",
            "-" if paced else f"{outcome.microseconds:,.0f} ({outcome.microseconds / yardstick.microseconds:.1f}×)",
            f"{outcome.percentile(0.5):.1f}",
            f"{outcome.percentile(0.99):.1f}",
            ", ".join(f"{status}: {count}" for status, count in sorted(outcome.statuses.items())),
        )
    return table


def main() -> int:
    """The command: exit code 1 when any answer was not 200."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each case runs")
    seconds = parser.parse_args().seconds
    env = environment.read(Home().env_file)
    if not env:
        print("The platform is not set up here: run 'make up' first.", file=sys.stderr)  # noqa: T201
        return 2
    with httpx.Client(base_url=env["EDX_GATEWAY_URL"]) as client:
        program, cohort = running_cohort(client)
    results = run(Bench(env, Registrar(env), program, cohort, seconds))
    Console(width=120).print(report(results))
    failed = [name for name, outcome in results if set(outcome.statuses) != {200}]
    if failed:
        print(f"Not every answer was 200: {', '.join(failed)}", file=sys.stderr)  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
