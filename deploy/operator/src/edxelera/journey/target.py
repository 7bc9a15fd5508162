"""Which platform the demo walks through: the one named, else the local one, else the one in Compose."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edxelera import environment
from edxelera.failure import Failure
from edxelera.home import Home
from edxelera.readiness import http_health
from edxelera.servers import find_program
from edxelera.supervisor import Supervisor
from edxelera.welcome import accounts_of

#: Which of Compose's services knows the accounts.
_COMPOSE_SERVICE = "gateway-api"


@dataclass(frozen=True)
class Target:
    """A gateway, and who may pin there."""

    url: str
    staff: dict[str, list[tuple[str, str]]]

    def staff_of(self, program_slug: str) -> tuple[str, str]:
        """E-mail and password of an instructor of that program."""
        candidates = self.staff.get(program_slug) or self.staff.get("*")
        if not candidates:
            raise Failure(
                f"The demo knows no instructor of {program_slug} at {self.url}: "
                "name one with --staff-email and --staff-password."
            )
        return candidates[0]


def find_target(home: Home, url: str | None, staff_email: str | None, staff_password: str | None) -> Target:
    """The platform to walk through; raises ``Failure`` when none is running."""
    given = {"*": [(staff_email, staff_password)]} if staff_email and staff_password else None
    local = environment.read(home.env_file).get("EDX_PUBLIC_URL")
    if local and url in (None, local) and Supervisor(home).is_running():
        return Target(local, given or instructors(accounts_of(home)))
    compose = compose_gateway(home.root)
    if compose and url in (None, compose):
        return Target(compose, given or instructors(compose_accounts(home.root)))
    if url:
        return Target(url.rstrip("/"), given or {})
    raise Failure("Nothing is running: start it with 'make up' or 'docker compose up --wait', or name it with --url.")


def instructors(accounts: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Instructors by the program they teach."""
    found: dict[str, list[tuple[str, str]]] = {}
    for person in accounts["people"]:
        for program in person["teaches"] if "instructor" in person["roles"] else ():
            found.setdefault(program, []).append((person["email"], accounts["password"]))
    return found


def _compose(root: Path, *arguments: str) -> str | None:
    docker = find_program("docker")
    if docker is None or not (root / "docker-compose.yml").exists():
        return None
    ran = subprocess.run([docker, "compose", *arguments], cwd=root, capture_output=True, text=True, check=False)
    return ran.stdout.strip() if ran.returncode == 0 else None


def compose_gateway(root: Path) -> str | None:
    """The address at which Compose publishes its gateway, if that runs."""
    published = _compose(root, "port", _COMPOSE_SERVICE, "8080")
    url = f"http://{published}" if published else None
    return url if url and http_health(f"{url}/livez") == "ok" else None


def compose_accounts(root: Path) -> dict[str, Any]:
    """The seed accounts that were drawn inside."""
    told = _compose(root, "exec", "-T", _COMPOSE_SERVICE, "edxelera", "show-accounts")
    if not told:
        raise Failure("Compose's gateway does not tell its seed accounts; see 'docker compose logs seed'.")
    accounts: dict[str, Any] = json.loads(told)
    return accounts
