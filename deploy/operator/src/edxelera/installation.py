"""One local installation from nothing to ready, and back: what ``up``, ``down`` and ``migrate`` do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from edxelera import environment, ports
from edxelera.console import console, step
from edxelera.credentials import Credentials, load_or_draw
from edxelera.failure import Failure
from edxelera.home import Home, write_private
from edxelera.private_servers import CACHE, STREAMS, mariadb_admin_url, prepare_mariadb, prepare_redis
from edxelera.readiness import PortTaken, health_of_all, wait_until_ready
from edxelera.schemas import bootstrap_url
from edxelera.servers import Servers
from edxelera.state import MIGRATIONS, SOURCES, State, digest_of, digest_of_files
from edxelera.supervisor import Supervisor
from edxelera.supervisor_config import commands, render
from edxelera.units import APPLICATIONS, DEFAULT_PORTS, SERVERS, UNITS

_SERVERS = [server.name for server in SERVERS]
APPLICATION_NAMES = [application.name for application in APPLICATIONS]


@dataclass(frozen=True)
class Installation:
    """Everything that is known before the first process starts."""

    home: Home
    supervisor: Supervisor
    ports: dict[str, int]
    credentials: Credentials
    env: dict[str, str]

    def health(self, names: Sequence[str]) -> dict[str, str]:
        """``ok`` or what is the matter, by process."""
        return health_of_all(self.home, self.supervisor, names, self.ports, self.credentials["redis"])


def bring_up(home: Home, servers: Servers, attempts: int = 3) -> Installation:
    """Prepare and start; with other ports when somebody took one in the meantime."""
    while True:
        installation = prepare(home, servers)
        try:
            start(installation)
        except PortTaken as taken:
            attempts -= 1
            if not attempts:
                raise
            console.print(f"[yellow]![/yellow] {taken} Choosing again.")
            installation.supervisor.shut_down()
        else:
            return installation


def prepare(home: Home, servers: Servers) -> Installation:
    """Choose ports, draw secrets, write the environment and every configuration; harmless while it runs."""
    home.make()
    supervisor = Supervisor(home)
    remembered = ports.load(home.ports_file)
    if supervisor.is_running() and remembered.keys() != DEFAULT_PORTS.keys():
        supervisor.shut_down()
    if supervisor.is_running():
        chosen = remembered
    else:
        left = supervisor.clear_up()
        if left:
            console.print(f"[dim]ended {left} processes that an earlier run left behind[/dim]")
        chosen = ports.choose(remembered, search_from=ports.search_start(home.local))
        ports.save(home.ports_file, chosen)
    credentials = load_or_draw(home.secrets)
    env = compose_environment(home, chosen, credentials)
    write_private(home.env_file, environment.render(env))
    own = {
        "mariadb": prepare_mariadb(home, servers, chosen["mariadb"]),
        "redis": prepare_redis(home, servers, "redis", chosen["redis"], credentials["redis"], STREAMS),
        "redis-cache": prepare_redis(home, servers, "redis-cache", chosen["redis-cache"], credentials["redis"], CACHE),
    }
    write_private(supervisor.configuration, render(home, commands(home, sys.executable, chosen, own)))
    return Installation(home, supervisor, chosen, credentials, env)


def attach(home: Home) -> Installation:
    """The installation that runs now; raises ``Failure`` when none does."""
    supervisor = Supervisor(home)
    if not supervisor.is_running():
        raise Failure("Nothing is running here. Start it with 'make up'.")
    credentials = load_or_draw(home.secrets)
    return Installation(home, supervisor, ports.load(home.ports_file), credentials, environment.read(home.env_file))


def environment_of(home: Home) -> dict[str, str]:
    """The environment of an installation that was started before, by ``up`` or by Compose."""
    env = environment.read(home.env_file)
    if not env:
        raise Failure(f"{home.env_file} does not exist yet. Start the platform with 'make up' first.")
    return env


def restart(installation: Installation, names: Sequence[str]) -> None:
    """Stop and start these, and wait for them."""
    with step(f"restarting {', '.join(names)}") as running:
        installation.supervisor.stop_processes(names)
        installation.supervisor.start_processes(names)
        wait_until_ready(installation.supervisor, names, installation.health, running)


def compose_environment(home: Home, chosen: Mapping[str, int], credentials: Credentials) -> dict[str, str]:
    """What we decide, and on top of it what the person wrote into ``.env``."""
    sandbox = home.data("sandbox")
    sandbox.mkdir(parents=True, exist_ok=True)
    built = environment.build(
        environment.local_addresses(chosen), credentials.values, credentials.folder, sandbox, sandbox / "mails"
    )
    return built | {key: value for key, value in environment.read(home.root / ".env").items() if value}


def start(installation: Installation) -> None:
    """Servers, schemas, migrations, then everything of ours; only what is not as it should be."""
    supervisor = installation.supervisor
    with step("starting MariaDB, Redis and S3") as running:
        if supervisor.is_running():
            supervisor.reload()
        else:
            supervisor.start()
        supervisor.start_processes(_SERVERS)
        wait_until_ready(supervisor, _SERVERS, installation.health, running)
    bring_schemas_up_to_date(installation)
    stop_what_changed(installation)
    with step("starting the services, the gateway and the sandbox") as running:
        supervisor.start_processes(APPLICATION_NAMES)
        wait_until_ready(supervisor, APPLICATION_NAMES, installation.health, running)
    State(installation.home).remember("processes", _process_digest(installation))


def _process_digest(installation: Installation) -> str:
    return digest_of(environment.render(installation.env), digest_of_files(installation.home.root, SOURCES))


def stop_what_changed(installation: Installation) -> None:
    """Processes that were loaded from other code or another environment are started anew."""
    if not State(installation.home).is_current("processes", _process_digest(installation)):
        installation.supervisor.stop_processes(APPLICATION_NAMES)


def bring_schemas_up_to_date(installation: Installation) -> None:
    """Schemas, users and migrations, unless nothing changed since they last succeeded."""
    state = State(installation.home)
    secrets = digest_of(*(f"{key}={value}" for key, value in sorted(installation.credentials.values.items())))
    digest = digest_of(secrets, digest_of_files(installation.home.root, MIGRATIONS))
    if state.is_current("schemas", digest):
        return
    with step("making schemas and users"):
        bootstrap_url(mariadb_admin_url(installation.home), installation.credentials.values)
    migrate(installation.env)
    state.remember("schemas", digest)


def migrate(env: Mapping[str, str], units: tuple[str, ...] = UNITS) -> None:
    """Bring each unit's tables to the newest revision, some at a time."""
    with step("migrating") as running, ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        for done, (unit, result) in enumerate(pool.map(lambda unit: (unit, _migrate_one(env, unit)), units), 1):
            running.show(f"{done} of {len(units)}")
            if result.returncode:
                tail = "\n  ".join((result.stdout + result.stderr).strip().splitlines()[-6:])
                raise Failure(f"Migrating {unit} failed:\n  {tail}")
        running.note(f"[dim]{', '.join(units)}[/dim]")


def _migrate_one(env: Mapping[str, str], unit: str) -> subprocess.CompletedProcess[str]:
    keys = (f"EDX_{unit.upper()}_MIGRATION_DATABASE_URL", f"EDX_{unit.upper()}_DATABASE_URL")
    return subprocess.run(
        [sys.executable, "-m", "chassis.migrate", unit],
        env={**os.environ, **{key: env[key] for key in keys if key in env}},
        capture_output=True,
        text=True,
        check=False,
    )


def stop(home: Home, wipe: bool = False) -> None:
    """Stop every process; with ``wipe`` remove all that this installation made."""
    supervisor = Supervisor(home)
    with step("stopping"):
        supervisor.shut_down()
    if wipe and home.local.exists():
        with step(f"removing {home.local}"):
            shutil.rmtree(home.local)
            shutil.rmtree(home.run, ignore_errors=True)
