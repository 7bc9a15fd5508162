"""What the platform consists of: its units, their processes, and the ports they like best.

This table is the only one: the supervisor, the launcher of the containers, ``status`` and ``logs`` all read it.
Standard library only, because the launcher imports it before every process.
"""

from dataclasses import dataclass
from typing import Literal

UNITS = ("gateway", "enrollment", "learning", "media", "certificates", "discussion")

Kind = Literal["server", "sandbox", "api", "worker"]

#: The local ports, where free; ``ports.choose`` moves the others.
DEFAULT_PORTS = {
    "gateway-api": 8080,
    "sandbox": 8090,
    "enrollment-api": 8101,
    "learning-api": 8102,
    "media-api": 8103,
    "certificates-api": 8104,
    "discussion-api": 8105,
    "gateway-worker": 8110,
    "enrollment-worker": 8111,
    "learning-worker": 8112,
    "media-worker": 8113,
    "certificates-worker": 8114,
    "discussion-worker": 8115,
    "s3": 8191,
    "mariadb": 8192,
    "redis": 8193,
    "redis-cache": 8194,
}


@dataclass(frozen=True)
class Process:
    """One process of the platform."""

    name: str
    kind: Kind
    unit: str

    @property
    def is_ours(self) -> bool:
        """Written here, in Python; the others are servers that we configure."""
        return self.kind != "server"

    @property
    def application(self) -> str:
        """What uvicorn is to serve."""
        return f"{self.unit}.{'worker' if self.kind == 'worker' else 'main'}:create_app"


SERVERS = tuple(Process(name, "server", name) for name in ("mariadb", "redis", "redis-cache", "s3"))
SANDBOX = Process("sandbox", "sandbox", "sandbox")
APIS = tuple(Process(f"{unit}-api", "api", unit) for unit in UNITS)
WORKERS = tuple(Process(f"{unit}-worker", "worker", unit) for unit in UNITS)
APPLICATIONS = (*APIS, *WORKERS, SANDBOX)
PROCESSES = (*SERVERS, *APPLICATIONS)


def process(name: str) -> Process:
    """The process of that name; raises ``KeyError`` with the names there are."""
    for candidate in PROCESSES:
        if candidate.name == name:
            return candidate
    raise KeyError(f"there is no process {name!r}; there are {', '.join(p.name for p in PROCESSES)}")


def uvicorn(python: str, which: Process, host: str, port: int) -> list[str]:
    """The command line of a Python process of ours. Whom to believe about addresses is the gateway's own setting."""
    return [
        python, "-m", "uvicorn", which.application, "--factory", "--host", host, "--port", str(port),
        "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-server-header", "--no-proxy-headers",
    ]  # fmt: skip


def s3_server(rclone: str, folder: str, host: str, port: int) -> list[str]:
    """The command line of the S3 server; ``RCLONE_AUTH_KEY`` is in its environment, not in the process list."""
    # Short directory cache: what another process writes or wipes below the folder is seen within a second.
    return [rclone, "serve", "s3", folder, "--addr", f"{host}:{port}", "--dir-cache-time", "1s", "--config", ""]
