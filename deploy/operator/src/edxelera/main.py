"""The ``edxelera`` command: what an operator does with an installation. What it does is in the modules it imports."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from edxelera.console import console, errors
from edxelera.events import commands as events
from edxelera.failure import Failure
from edxelera.home import Home
from edxelera.units import UNITS


class Commands(TyperGroup):
    """Says a failure in a sentence instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a ``Failure`` ends it with exit code 1."""
        try:
            return super().invoke(ctx)
        except Failure as failure:
            errors.print(f"[red]✗[/red] {_plain(failure)}")
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def _plain(failure: Failure) -> str:
    """Brackets in a message are no markup."""
    return str(failure).replace("[", r"\[")


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Run EdXelera: start it, look at it, fill it, try it.")  # fmt: skip
database = typer.Typer(no_args_is_help=True, help="The database server itself.")
app.add_typer(database, name="db")
app.add_typer(events.app, name="events")


@app.command()
def up(seed: Annotated[bool, typer.Option(help="load the seed programs")] = True) -> None:
    """Install what is missing, start everything, fill it, wait until it is ready. Again: only what is missing."""
    from edxelera import installation, servers, welcome

    home = Home()
    running = installation.bring_up(home, servers.ensure())
    if seed:
        welcome.fill(running, datetime.now(UTC).date())
    welcome.greet(running)


@app.command()
def down(wipe: Annotated[bool, typer.Option(help="also remove all data, secrets and logs")] = False) -> None:
    """Stop everything; the data stays."""
    from edxelera import installation

    installation.stop(Home(), wipe)


@app.command()
def status() -> None:
    """Every process with its state, memory, port and health; exit code 1 when something is not well."""
    from edxelera import overview

    if not overview.show(Home()):
        raise typer.Exit(1)


@app.command()
def logs(
    unit: Annotated[str | None, typer.Argument(help="a process (learning-api) or a unit (learning); all")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until interrupted")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="how many of each")] = 20,
) -> None:
    """The last lines of the logs."""
    from edxelera import tail

    home, names = Home(), tail.names_of(unit)
    tail.show(home, names, lines, print)
    if follow:
        tail.follow(home, names, lambda line: print(line, flush=True))


@app.command()
def restart(
    unit: Annotated[str | None, typer.Argument(help="a process or a unit; everything of ours")] = None,
) -> None:
    """Start processes anew and wait until they are ready."""
    from edxelera import installation, tail

    running = installation.attach(Home())
    installation.restart(
        running, [name for name in tail.names_of(unit) if unit or name in installation.APPLICATION_NAMES]
    )


@app.command()
def migrate(
    units: Annotated[list[str] | None, typer.Argument(help="only these units")] = None,
) -> None:
    """Bring the tables of every unit to the newest revision."""
    from edxelera import installation

    installation.migrate(installation.environment_of(Home()), tuple(units or UNITS))


@app.command("create-admin")
def create_admin(
    email: Annotated[str, typer.Option(help="the administrator's address")],
    name: Annotated[str, typer.Option(help="as other people see it")] = "Administrator",
    generate: Annotated[bool, typer.Option(help="draw a password and print it instead of asking")] = False,
) -> None:
    """Make an administrator. Asks for the password, reads it from a pipe, or draws one with --generate."""
    import secrets

    from edxelera import accounts, installation

    if generate:
        password = secrets.token_urlsafe(15)
    elif sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    accounts.create_admin(installation.environment_of(Home()), email, name, password)
    console.print(f"[green]✓[/green] {email} is an administrator" + (f", password {password}" if generate else ""))


@app.command()
def seed() -> None:
    """Load the seed programs through the gateway's API; what exists already stays as it is."""
    from edxelera import installation, welcome

    home = Home()
    welcome.load(home, installation.environment_of(home))


@app.command()
def demo(
    url: Annotated[str | None, typer.Option(envvar="EDX_DEMO_URL", help="the gateway; found when left out")] = None,
    program: Annotated[str | None, typer.Option(help="its slug; the first on offer")] = None,
    staff_email: Annotated[str | None, typer.Option(envvar="EDX_DEMO_STAFF_EMAIL", help="an instructor")] = None,
    staff_password: Annotated[str | None, typer.Option(envvar="EDX_DEMO_STAFF_PASSWORD", help="theirs")] = None,
    save: Annotated[Path | None, typer.Option(help="where the certificate's PDF goes")] = None,
) -> None:
    """Walk a new student from registration to a verified certificate, each step with its time."""
    from edxelera.journey import walk
    from edxelera.journey.target import find_target

    home = Home()
    target = find_target(home, url, staff_email, staff_password)
    walk.walk(target, program, save or home.local / "demo" / "certificate.pdf")


@app.command()
def servers(
    for_tests: Annotated[bool, typer.Option(help="also what tests look with; no servers if containers serve")] = False,
) -> None:
    """Find or install MariaDB and Redis without starting them; with --for-tests what the tests need."""
    from edxelera import servers as programs

    if for_tests:
        programs.ensure_test_programs()
        if programs.tests_have_backends():
            return
    found = programs.ensure()
    console.print(f"[dim]{found.mariadbd}, {found.redis}[/dim]")


@app.command("monitoring")
def monitor(
    run: Annotated[bool, typer.Option(help="also start Prometheus, in the foreground")] = False,
    address: Annotated[str, typer.Option(help="where Prometheus listens")] = "127.0.0.1:9090",
) -> None:
    """Write Prometheus' configuration for the platform that runs here, and say how to start it."""
    from edxelera import installation, monitoring

    home = Home()
    running = installation.attach(home)
    written = monitoring.write(home, running.ports, running.credentials["metrics_token"])
    if run:
        monitoring.run(written, address)
    console.print(f"Written to {written.parent}. Start it with:\n{' '.join(monitoring.command(written, address))}")


@app.command()
def keys() -> None:
    """Draw the installation's secrets and write its environment, for containers (once; again it changes nothing)."""
    import os

    from edxelera import containers

    containers.write_keys(Home(), os.environ)


@app.command("show-accounts")
def show_accounts() -> None:
    """The seed accounts of this installation and their password, as JSON."""
    import json

    from edxelera import welcome

    print(json.dumps(welcome.accounts_of(Home())))


@database.command()
def bootstrap(
    admin_url: Annotated[
        str | None, typer.Option(envvar="EDX_DATABASE_ADMIN_URL", help="a user who may create schemas and users")
    ] = None,
) -> None:
    """Make each unit's schema with its two users, who can reach no other schema. Harmless when they exist."""
    from edxelera import containers

    containers.bootstrap(Home(), admin_url)
