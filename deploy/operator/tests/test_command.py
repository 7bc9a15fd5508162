"""The command itself: failures are sentences with an exit code, and stamps know what changed."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from edxelera import tail
from edxelera.home import REPOSITORY, Home
from edxelera.main import app
from edxelera.overview import memory_of
from edxelera.state import State, digest_of, digest_of_files
from edxelera.units import PROCESSES, process


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation that was never started."""
    monkeypatch.setenv("EDXELERA_LOCAL", str(tmp_path / "local"))
    return tmp_path / "local"


@pytest.mark.parametrize("command", [["seed"], ["migrate"], ["restart"], ["create-admin", "--email", "a@b.example"]])
def test_without_an_installation_a_sentence_says_what_to_do(nowhere: Path, command: list[str]) -> None:
    ran = CliRunner().invoke(app, command, input="a password of mine\n")
    assert ran.exit_code == 1
    assert "make up" in ran.output
    assert "Traceback" not in ran.output


def test_status_of_nothing_is_not_well(nowhere: Path) -> None:
    ran = CliRunner().invoke(app, ["status"])
    assert ran.exit_code == 1
    assert "Nothing is running here" in ran.output


def test_stopping_what_does_not_run_is_no_error(nowhere: Path) -> None:
    nowhere.mkdir()
    assert CliRunner().invoke(app, ["down", "--wipe"]).exit_code == 0
    assert not nowhere.exists()


def test_an_unknown_unit_is_answered_with_the_known_ones(nowhere: Path) -> None:
    ran = CliRunner().invoke(app, ["logs", "learnign"])
    assert ran.exit_code == 1
    assert "learning-api" in ran.output


def test_a_unit_means_its_api_and_its_worker() -> None:
    assert tail.names_of("learning") == ["learning-api", "learning-worker"]
    assert tail.names_of("redis") == ["redis"]
    assert len(tail.names_of(None)) == len(PROCESSES)
    with pytest.raises(KeyError, match="there are"):
        process("nothing")


def test_the_end_of_a_log(tmp_path: Path) -> None:
    home = Home(root=tmp_path, local=tmp_path)
    home.make()
    (home.logs / "sandbox.log").write_text("one\ntwo\nthree\n")
    written: list[str] = []
    tail.show(home, ["sandbox"], 2, written.append)
    tail.show(home, ["mariadb"], 2, written.append)
    assert written == ["two", "three"]


def test_a_step_is_current_until_what_it_depends_on_changes(tmp_path: Path) -> None:
    state = State(Home(root=tmp_path, local=tmp_path))
    before = digest_of("a", "b")
    assert not state.is_current("schemas", before)
    state.remember("schemas", before)
    assert state.is_current("schemas", before)
    assert not state.is_current("schemas", digest_of("ab"))


def test_an_edited_file_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    before = digest_of_files(tmp_path, ["*.py"])
    assert digest_of_files(tmp_path, ["*.py"]) == before
    (tmp_path / "a.py").write_text("12")
    assert digest_of_files(tmp_path, ["*.py"]) != before


def test_memory_of_a_process_that_is_gone_is_nothing() -> None:
    assert memory_of(2**22 - 1) == 0


def test_every_package_of_the_repository_is_installed() -> None:
    listed = {
        line[3:] for line in (REPOSITORY / "deploy" / "workspace.txt").read_text().splitlines() if line[:3] == "-e "
    }
    found = {str(file.parent.relative_to(REPOSITORY)) for file in REPOSITORY.glob("*/*/pyproject.toml")} | {"gateway"}
    assert listed == found


def test_compose_runs_every_process_with_the_port_of_the_table() -> None:
    import yaml

    from edxelera.units import DEFAULT_PORTS

    services = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
    for which in PROCESSES:
        if which.name in ("mariadb", "redis", "redis-cache"):
            continue
        command = services[which.name]["command"]
        assert command[3] == which.name
        assert command[command.index("--port") + 1] == str(DEFAULT_PORTS[which.name])
        assert f":{DEFAULT_PORTS[which.name]}/" in services[which.name]["healthcheck"]["test"][-1]
