"""Prometheus on a local platform: deploy/monitoring's configuration with the ports that the processes really have."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml

from edxelera.failure import Failure
from edxelera.home import Home, write_private
from edxelera.servers import find_program

CONFIGURATION, RULES, TOKEN = "prometheus.yml", "rules.yml", "metrics-token"


def write(home: Home, ports: Mapping[str, int], token: str) -> Path:
    """Write the configuration, the rules and the gateway's token into ``.local/monitoring``; the configuration."""
    shipped, folder = home.root / "deploy" / "monitoring", home.local / "monitoring"
    folder.mkdir(parents=True, exist_ok=True)
    document = yaml.safe_load((shipped / CONFIGURATION).read_text(encoding="utf-8"))
    for scraped in document["scrape_configs"]:
        for one in scraped["static_configs"]:
            one["targets"] = [f"127.0.0.1:{ports[one['labels']['process']]}"]
    written = folder / CONFIGURATION
    written.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    shutil.copyfile(shipped / RULES, folder / RULES)
    write_private(folder / TOKEN, token)
    return written


def command(configuration: Path, address: str) -> list[str]:
    """How to run Prometheus on it; raises ``Failure`` where there is none."""
    program = find_program("prometheus")
    if program is None:
        raise Failure("There is no Prometheus here: run 'apt install prometheus' as root and try again.")
    return [
        program,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={configuration.parent / 'data'}",
        f"--web.listen-address={address}",
    ]


def run(configuration: Path, address: str) -> None:
    """Become Prometheus; returns only when that fails."""
    arguments = command(configuration, address)
    os.execv(arguments[0], arguments)  # noqa: S606
