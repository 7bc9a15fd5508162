"""What Compose's one-shot jobs do: draw secrets into the shared volume, make schemas and users."""

import time
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL

from edxelera import environment
from edxelera.console import console
from edxelera.credentials import load_or_draw
from edxelera.failure import Failure
from edxelera.home import Home, write_private
from edxelera.schemas import answers, bootstrap_url
from edxelera.units import DEFAULT_PORTS, UNITS

#: What Compose publishes on the host, unless its ``.env`` says otherwise; the containers among themselves use names.
PUBLISHED = {"EDX_PUBLIC_URL": 8080, "SANDBOX_PUBLIC_URL": 8090, "EDX_S3_PUBLIC_ENDPOINT_URL": 8191}
#: Where volumes are mounted.
DATA = Path("/var/lib/edxelera")


def container_addresses(outside: Mapping[str, str]) -> environment.Addresses:
    """Every container by its service's name; ``outside`` may name the addresses that the browser uses."""
    public = {key: outside.get(key) or f"http://127.0.0.1:{port}" for key, port in PUBLISHED.items()}
    return environment.Addresses(
        public_url=public["EDX_PUBLIC_URL"],
        sandbox_public_url=public["SANDBOX_PUBLIC_URL"],
        s3_public_url=public["EDX_S3_PUBLIC_ENDPOINT_URL"],
        sandbox_url=f"http://sandbox:{DEFAULT_PORTS['sandbox']}",
        s3_url=f"http://s3:{DEFAULT_PORTS['s3']}",
        units={unit: f"http://{unit}-api:{DEFAULT_PORTS[f'{unit}-api']}" for unit in UNITS},
        mysql="mysql:3306",
        redis="redis:6379",
        redis_cache="redis-cache:6379",
    )


def write_keys(home: Home, outside: Mapping[str, str]) -> None:
    """Secrets once, the environment every time (an address may have changed)."""
    credentials = load_or_draw(home.secrets)
    env = environment.build(
        container_addresses(outside), credentials.values, credentials.folder, DATA / "sandbox", DATA / "mail" / "mails"
    )
    write_private(home.env_file, environment.render(env))
    # for the entrypoints of MySQL and Redis, which begin as root
    for name in ("database_admin", "redis"):
        write_private(home.secrets / name, credentials[name])
    console.print(f"secrets and environment are in {home.local}")


def bootstrap(home: Home, admin_url: str | None, seconds: float = 60) -> None:
    """Schemas and users on the server of ``admin_url``, by default Compose's."""
    credentials = load_or_draw(home.secrets)
    url = admin_url or URL.create(
        "mysql+pymysql", "root", credentials["database_admin"], "mysql", 3306, query={"charset": "utf8mb4"}
    ).render_as_string(hide_password=False)
    deadline = time.monotonic() + seconds
    while not answers(url):
        if time.monotonic() > deadline:
            raise Failure(f"The database server did not let the administrator in within {seconds:.0f} s.")
        time.sleep(0.5)
    bootstrap_url(url, credentials.values)
    console.print(f"schemas and users of {', '.join(UNITS)} are in place")
