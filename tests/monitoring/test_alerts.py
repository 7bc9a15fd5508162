"""Prometheus' configuration, the alerts and the dashboard, checked by Prometheus' own tool."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from edxelera.main import app
from edxelera.units import APIS, DEFAULT_PORTS, WORKERS

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
RULES = yaml.safe_load((FOLDER / "rules.yml").read_text())
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
#: Words of an action that look like a log line's name and are none.
_NO_EVENTS = {"trace_id"}


def promtool(*arguments: str, folder: Path = FOLDER) -> str:
    """What promtool says; fails with it."""
    program = shutil.which("promtool")
    assert program, "promtool is missing: install Debian's package prometheus (as root: apt install prometheus)."
    ran = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"promtool {' '.join(arguments)}:\n{ran.stdout}{ran.stderr}"
    return ran.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The folder as it is used, with a token."""
    for name in ("prometheus.yml", "rules.yml", "rules.test.yml"):
        shutil.copyfile(FOLDER / name, tmp_path / name)
    (tmp_path / "metrics-token").write_text("a-token")
    return tmp_path


def test_prometheus_accepts_the_configuration_and_its_rules(copy: Path) -> None:
    promtool("check", "config", "prometheus.yml", folder=copy)
    assert f"{len(ALERTS)} rules found" in promtool("check", "rules", "--lint=all", "--lint-fatal", "rules.yml")


def test_each_alert_fires_for_what_is_wrong_and_for_nothing_beside_it() -> None:
    promtool("test", "rules", "rules.test.yml")


def test_each_alert_has_a_test() -> None:
    cases = yaml.safe_load((FOLDER / "rules.test.yml").read_text())["tests"]
    assert [case["name"] for case in cases] == sorted(ALERTS, key=list(ALERTS).index)


def test_the_tests_miss_every_alert_that_never_fires(copy: Path) -> None:
    document = yaml.safe_load((copy / "rules.yml").read_text())
    for rule in (rule for group in document["groups"] for rule in group["rules"]):
        rule["expr"] = "vector(0) > 1"
    (copy / "rules.yml").write_text(yaml.safe_dump(document))
    with pytest.raises(AssertionError) as missed:
        promtool("test", "rules", "rules.test.yml", folder=copy)
    assert {alert for alert in ALERTS if f'alertname="{alert}"' not in str(missed.value)} == set()


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_happened_and_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"].keys() == {"summary", "description", "action"}
    assert all(rule["annotations"].values())


def test_the_log_lines_that_actions_name_are_written() -> None:
    named = {
        word
        for rule in ALERTS.values()
        for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", rule["annotations"]["action"])
    }
    folders = [*ROOT.glob("services/*/src"), ROOT / "gateway" / "src", *ROOT.glob("shared/*/src")]
    code = "\n".join(file.read_text() for folder in folders for file in folder.rglob("*.py"))
    assert named - _NO_EVENTS
    assert {name for name in named - _NO_EVENTS if f'"{name}"' not in code} == set()


def test_the_commands_that_actions_name_exist() -> None:
    for alert, rule in ALERTS.items():
        for line in re.findall(r"`edxelera ([a-z -]+)", rule["annotations"]["action"]):
            command: Any = get_command(app)
            for word in line.split():
                if hasattr(command, "commands"):
                    assert word in command.commands, f"{alert}: there is no command 'edxelera {line}'"
                    command = command.commands[word]


def test_every_process_is_scraped_where_compose_runs_it() -> None:
    document = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    found = {
        one["labels"]["process"]: one["targets"]
        for scraped in document["scrape_configs"]
        for one in scraped["static_configs"]
    }
    names = [process.name for process in (*APIS, *WORKERS)]
    assert found == {name: [f"{name}:{DEFAULT_PORTS[name]}"] for name in names}


def test_the_dashboard_is_whole() -> None:
    dashboard = json.loads((FOLDER / "grafana" / "edxelera.json").read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert panel["type"] == "row" or panel["targets"], panel["title"]
    covered = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels]
    assert len(set(covered)) == len(covered), "two panels lie in one place"
