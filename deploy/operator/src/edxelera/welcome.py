"""After everything runs: the seeds, and a few lines that say where to look."""

from collections.abc import Mapping
from datetime import date

from edxelera import accounts
from edxelera.console import console, step
from edxelera.credentials import load_or_draw
from edxelera.gateway_api import GatewayApi
from edxelera.home import Home
from edxelera.installation import Installation
from edxelera.ports import moved
from edxelera.seeding.files import load_people
from edxelera.seeding.load import load_seeds
from edxelera.seeding.upload import Route
from edxelera.state import SEEDS, State, digest_of, digest_of_files


def fill(installation: Installation, today: date) -> None:
    """Load the seeds, unless the same ones were loaded today (their cohorts are relative to the day)."""
    state, home = State(installation.home), installation.home
    digest = digest_of(digest_of_files(home.root, SEEDS), today.isoformat(), installation.credentials["accounts"])
    if not state.is_current("seeds", digest):
        load(home, installation.env)
        state.remember("seeds", digest)


def load(home: Home, env: Mapping[str, str]) -> None:
    """Make the seed administrator and load everything as that person."""
    password = load_or_draw(home.secrets)["accounts"]
    with step("loading the seed programs") as running:
        running.show("the administrator")
        accounts.create_admin(env, accounts.ADMIN_EMAIL, accounts.ADMIN_NAME, password)
        api = GatewayApi(env["EDX_GATEWAY_URL"])
        api.login(accounts.ADMIN_EMAIL, password)
        route = Route(env["EDX_S3_PUBLIC_ENDPOINT_URL"], env["EDX_S3_ENDPOINT_URL"])
        running.note(f"[dim]{load_seeds(api, home.seeds, password, route, running.show)}[/dim]")


def accounts_of(home: Home) -> dict[str, object]:
    """Who can sign in after seeding, and with which password."""
    people = [{"email": accounts.ADMIN_EMAIL, "roles": ["admin"], "teaches": []}, *load_people(home.seeds)]
    return {"password": load_or_draw(home.secrets)["accounts"], "people": people}


def greet(installation: Installation) -> None:
    """Where everything is and what to do next."""
    env, password = installation.env, installation.credentials["accounts"]
    console.print("\n[bold green]EdXelera is ready.[/bold green]\n")
    for name, value in (
        ("API", env["EDX_PUBLIC_URL"]),
        ("documentation", f"{env['EDX_PUBLIC_URL']}/docs"),
        ("sandbox", f"{env['SANDBOX_PUBLIC_URL']}  (Paystack and CDN)"),
        ("administrator", accounts.ADMIN_EMAIL),
        *(("instructor", person["email"]) for person in load_people(installation.home.seeds)[:1]),
        ("password", f"{password}  (of all seed accounts)"),
        ("data and logs", str(installation.home.local)),
    ):
        console.print(f"  {name:<14} {value}", markup=False)
    elsewhere = moved(installation.ports)
    if elsewhere:
        console.print("\n  Some usual ports were taken; these are in use instead:")
        for name, port in elsewhere.items():
            console.print(f"    {name:<20} {port}")
    console.print("\n  next: [bold]make demo[/bold] · make status · make logs · make down\n")
