"""What the launcher and Compose give each process beside its environment: who goes first where processors are short."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from edxelera.launch import WORKERS_NICENESS
from edxelera.units import APPLICATIONS, WORKERS, Process

ROOT = Path(__file__).resolve().parents[3]
#: The launcher's last act replaced by one that tells how nice the process would be.
TOLD = "import os; from edxelera import launch; os.execvpe = lambda *_: print(os.nice(0)); launch.main()"


@pytest.mark.parametrize("which", APPLICATIONS, ids=lambda which: which.name)
def test_workers_let_apis_go_first(which: Process, tmp_path: Path) -> None:
    (tmp_path / "env").touch()
    command = [sys.executable, "-c", TOLD, which.name, "--port", "1", "--env-file", str(tmp_path / "env")]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert int(told) - os.nice(0) == (WORKERS_NICENESS if which in WORKERS else 0)


def test_so_they_do_between_containers() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert {name for name, service in services.items() if service.get("cpu_shares")} == {one.name for one in WORKERS}
