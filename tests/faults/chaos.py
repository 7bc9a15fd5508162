"""Carries out a plan on a platform, and at the end takes everything back that would go on by itself."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import redis
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.faults.journeys import Load
from tests.faults.orders import FOLDER_KEY, INJECT
from tests.faults.plan import Act, Fault, Plan
from tests.faults.stage import Stage

from chassis.messaging.publisher import DATA_FIELD
from chassis.testing import eventually
from contracts.events import stream_of
from edxelera.supervisor import Supervisor

#: Until a process that was hit runs again, on a machine with other things to do besides.
_BACK_SECONDS = 240


@dataclass
class Chaos:
    """The faults of one run; ``done`` says in order what was done."""

    stage: Stage
    plan: Plan
    done: list[str] = field(default_factory=list)
    _twins: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    _skewed: set[str] = field(default_factory=set)
    _ordered: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._supervisor = Supervisor(self.stage.platform.home)
        self._dice = random.Random(f"{self.plan.seed}-chaos")
        self._later: list[threading.Timer] = []
        self._deeds: dict[Fault, Callable[[Act], None]] = {
            Fault.KILL: self._kill,
            Fault.DIE_AT: self._die_at,
            Fault.STOP: self._stop,
            Fault.EMPTY: self._empty,
            Fault.CUT: self._cut,
            Fault.FREEZE: self._freeze,
            Fault.DISORDER: self._disorder,
            Fault.DOUBLE: self._double,
            Fault.TWIN: self._twin,
            Fault.SKEW: self._skew,
            Fault.WEBHOOKS: self._webhooks,
            Fault.POSTPONE: lambda _: self.stage.orders.postpone_documents(),
        }

    def play(self, load: Load, say: Callable[[str], None]) -> None:
        """Do each act when its moment in the load has come, then set all clocks right; returns when that is done."""
        began = time.monotonic()
        for act in self.plan.acts:
            while load.begun < act.at and not load.is_over:
                time.sleep(0.05)
            self._deeds[act.fault](act)
            self.done.append(str(act))
            say(f"{time.monotonic() - began:6.1f} s  {act}")
        self._set_clocks_right()

    def never_passed(self) -> list[str]:
        """Points at which a process was to die and did not come by."""
        return [f"{name} never came {point}" for name, point in sorted(self._ordered) if self._waits(name, point)]

    def _waits(self, process: str, point: str) -> bool:
        return self.stage.orders.is_outstanding(process, point)

    def heal(self) -> None:
        """What went wrong goes wrong no more; what died is the platform's own affair."""
        for timer in self._later:
            timer.join()
        for name, point in self._ordered:
            self.stage.orders.withdraw(name, point)
        for twin in self._twins:
            _end(twin)
        self.stage.platform.sandbox.calm()

    def _set_clocks_right(self) -> None:
        for name in sorted(self._skewed):
            self.stage.orders.skew(name, 0)

    # --- processes ----------------------------------------------------------------------------------------------------

    def _pid(self, name: str) -> int:
        return int(self._supervisor.processes()[name]["pid"])

    def _hit(self, name: str, number: signal.Signals) -> int:
        """Signal the process as soon as it runs."""
        pid = eventually(lambda: self._pid(name), _BACK_SECONDS, what=f"a running {name}", every=0.25)
        with suppress(ProcessLookupError):  # it died of something else at this very moment
            os.kill(pid, number)
        return pid

    def _kill(self, act: Act) -> None:
        self._hit(act.target, signal.SIGKILL)

    def _die_at(self, act: Act) -> None:
        self._ordered.add((act.target, act.detail))
        self.stage.orders.die_at(act.target, act.detail)

    def _freeze(self, act: Act) -> None:
        pid = self._hit(act.target, signal.SIGSTOP)
        self._after(act.amount, lambda: _thaw(pid))

    def _after(self, seconds: float, work: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, work)
        timer.start()
        self._later.append(timer)

    def _skew(self, act: Act) -> None:
        self._skewed.add(act.target)
        self.stage.orders.skew(act.target, act.amount)

    def _twin(self, act: Act) -> None:
        """A second process of the same kind; the first to start is not told apart from the second by anything."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        home = self.stage.platform.home
        command = [sys.executable, "-m", "edxelera.launch", act.target, "--port", str(port)]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("EDX_", "SANDBOX_"))}
        with (home.logs / f"{act.target}-twin.log").open("wb") as log:
            twin = subprocess.Popen(
                [*command, "--env-file", str(home.env_file)],
                env={**environment, "PYTHONPATH": str(INJECT), FOLDER_KEY: str(self.stage.orders.folder)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._twins.append(twin)
        self.stage.platform.stack.callback(_end, twin)  # also when the run breaks off

    # --- servers ------------------------------------------------------------------------------------------------------

    def _stop(self, act: Act) -> None:
        self._supervisor.stop_processes([act.target])
        threading.Event().wait(act.amount)  # down for so long: that is the fault
        self._supervisor.start_processes([act.target])

    def _redis(self, stack: ExitStack, name: str) -> "redis.Redis":
        key = {"redis": "EDX_REDIS_URL", "redis-cache": "EDX_CACHE_REDIS_URL"}[name]
        client: redis.Redis = redis.Redis.from_url(self.stage.platform.env[key])
        stack.callback(client.close)
        eventually(lambda: _answers(client), _BACK_SECONDS, what=f"an answer of {name}", every=0.25)
        return client

    def _empty(self, act: Act) -> None:
        with ExitStack() as stack:
            self._redis(stack, act.target).flushall()

    def _cut(self, act: Act) -> None:
        if act.target == "redis":
            with ExitStack() as stack:
                client = self._redis(stack, "redis")
                for kind in ("normal", "pubsub"):
                    client.execute_command(  # type: ignore[no-untyped-call]
                        "CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"
                    )
            return
        eventually(lambda: self._cut_mysql(act.detail), _BACK_SECONDS, what="a connection to cut")

    def _cut_mysql(self, moment: str) -> int:
        """Kill the connections of our users, or those of them that are in a transaction; answers how many."""
        ours = "SELECT id FROM information_schema.processlist WHERE user LIKE 'edx\\_%'"
        if moment == "a transaction":
            ours += " AND id IN (SELECT trx_mysql_thread_id FROM information_schema.innodb_trx)"
        killed = 0
        with suppress_unreachable(), self.stage.admin_engine.connect() as connection:
            for number in connection.execute(text(ours)).scalars().all():
                with suppress_unreachable():  # it ended by itself
                    connection.exec_driver_sql(f"KILL CONNECTION {number}")
                    killed += 1
        return killed

    # --- deliveries ---------------------------------------------------------------------------------------------------

    def _disorder(self, act: Act) -> None:
        self.stage.orders.disorder(act.target, on=True)
        self._after(act.amount, lambda: self.stage.orders.disorder(act.target, on=False))

    def _double(self, act: Act) -> None:
        """Old entries of the stream once more, the newest of them first or last as it happens."""
        with ExitStack() as stack:
            client = self._redis(stack, "redis")
            stream = stream_of(act.target)
            entries: Any = client.xrevrange(stream, count=2000)
            chosen = self._dice.sample(entries, min(int(act.amount), len(entries)))
            for _, fields in chosen:
                client.xadd(stream, {DATA_FIELD: fields[DATA_FIELD]})

    def _webhooks(self, act: Act) -> None:
        order = {"next": int(act.amount), "event": act.target}
        if act.detail == "delay":
            order["seconds"] = 5
        eventually(lambda: self._order(act.detail, order), _BACK_SECONDS, what="an answer of the sandbox", every=0.25)

    def _order(self, kind: str, order: dict[str, object]) -> bool:
        with suppress(httpx.TransportError):
            self.stage.platform.sandbox.disturb(kind, **order)
            return True
        return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _thaw(pid: int) -> None:
    with suppress(ProcessLookupError):  # a plan may kill what is frozen
        os.kill(pid, signal.SIGCONT)


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def suppress_unreachable() -> suppress:
    """While MySQL restarts there is nothing to cut."""
    return suppress(DBAPIError)
