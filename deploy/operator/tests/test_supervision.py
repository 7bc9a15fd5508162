"""supervisord: its configuration, a real one that keeps a process alive, and what a killed one leaves behind."""

import configparser
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edxelera.home import Home, write_private
from edxelera.supervisor import Supervisor, end, orphans, wait_for
from edxelera.supervisor_config import commands, render
from edxelera.units import APPLICATIONS, DEFAULT_PORTS, PROCESSES

SERVER_COMMANDS = {"mariadb": ["mariadbd"], "redis": ["redis-server"], "redis-cache": ["redis-server"]}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(root=tmp_path, local=tmp_path / "local")
    made.make()
    return made


def parsed(home: Home) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_string(render(home, commands(home, sys.executable, DEFAULT_PORTS, SERVER_COMMANDS)))
    return parser


def test_every_process_is_a_program_that_is_kept_alive_and_logs_to_its_own_file(home: Home) -> None:
    configuration = parsed(home)
    for which in PROCESSES:
        program = dict(configuration[f"program:{which.name}"])
        assert program["autorestart"] == "true"
        assert program["stdout_logfile"] == str(home.logs / f"{which.name}.log")


def test_the_socket_is_its_owners_alone(home: Home) -> None:
    assert parsed(home)["unix_http_server"]["chmod"] == "0700"


def test_no_secret_stands_in_the_configuration(home: Home) -> None:
    commands_of_ours = [parsed(home)[f"program:{which.name}"]["command"] for which in APPLICATIONS]
    assert all("--env-file" in command for command in commands_of_ours)
    assert "environment" not in render(home, {})


def test_spaces_and_percent_signs_in_a_path_survive(tmp_path: Path) -> None:
    home = Home(root=tmp_path, local=tmp_path / "100% local")
    text = render(home, commands(home, sys.executable, DEFAULT_PORTS, SERVER_COMMANDS))
    assert f'--env-file "{tmp_path}/100%% local/env"' in text


@pytest.fixture
def supervisor(home: Home) -> Iterator[Supervisor]:
    """A real supervisord whose programs are all the same patient process."""
    patient = f"{sys.executable} -c 'import signal; signal.pause()'"
    made = Supervisor(home)
    write_private(made.configuration, render(home, {which.name: patient for which in PROCESSES}))
    yield made
    made.shut_down()


def running(supervisor: Supervisor, name: str) -> int:
    """Its pid, once it runs."""
    assert wait_for(lambda: supervisor.processes()[name]["statename"] == "RUNNING", 20)
    return int(supervisor.processes()[name]["pid"])


def test_it_starts_keeps_alive_and_stops(supervisor: Supervisor) -> None:
    assert not supervisor.is_running()
    supervisor.start()
    supervisor.start_processes(["sandbox", "learning-api"])
    first = running(supervisor, "sandbox")
    os.kill(first, signal.SIGKILL)
    assert wait_for(lambda: supervisor.processes()["sandbox"]["pid"] not in (0, first), 20)
    supervisor.stop_processes(["sandbox"])
    assert supervisor.processes()["sandbox"]["statename"] == "STOPPED"
    supervisor.shut_down()
    assert not supervisor.is_running()
    assert orphans(supervisor.home.local) == []


def test_a_changed_entry_is_taken_over_without_touching_the_others(supervisor: Supervisor) -> None:
    supervisor.start()
    supervisor.start_processes(["sandbox", "learning-api"])
    untouched, changed = running(supervisor, "sandbox"), running(supervisor, "learning-api")
    text = supervisor.configuration.read_text()
    head, tail = text.split("[program:learning-api]")
    write_private(supervisor.configuration, f"{head}[program:learning-api]{tail.replace('pause()', 'pause() ', 1)}")
    supervisor.reload()
    supervisor.start_processes(["sandbox", "learning-api"])
    assert running(supervisor, "learning-api") != changed
    assert running(supervisor, "sandbox") == untouched


def test_what_a_killed_supervisor_leaves_behind_is_found_and_ended(supervisor: Supervisor) -> None:
    supervisor.start()
    supervisor.start_processes(["sandbox"])
    left = running(supervisor, "sandbox")
    boss = int((supervisor.home.run / "supervisor.pid").read_text())
    os.kill(boss, signal.SIGKILL)
    assert wait_for(lambda: not supervisor.is_running(), 10)
    assert left in orphans(supervisor.home.local)
    assert supervisor.clear_up() >= 1
    assert orphans(supervisor.home.local) == []
    supervisor.start()
    assert supervisor.is_running()


def test_processes_of_another_installation_are_left_alone(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start()
    supervisor.start_processes(["sandbox"])
    running(supervisor, "sandbox")
    assert orphans(tmp_path / "elsewhere") == []


def test_ending_a_process_that_is_gone_is_no_error() -> None:
    end(2**22 - 1, signal.SIGTERM)
