"""What rules and dashboard ask for is there: in every process's /metrics, and in a Prometheus that scrapes them."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.platform.installation import Platform, edxelera, environment_for

from chassis.testing import eventually
from chassis.testing.backends import free_port
from edxelera import ports
from edxelera.units import APIS, WORKERS

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "monitoring"
#: Who tells of which saga.
SAGAS = {
    ("enrollment", "paid_not_enrolled"),
    ("enrollment", "enrollment_unknown"),
    ("learning", "completed_not_certified"),
    ("certificates", "completed_not_certified"),
    ("certificates", "certificate_without_document"),
}
#: Labels that Prometheus adds to whatever it scrapes, or functions make.
TARGET = {"process", "job", "instance", "le", "service"}
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",), "summary": ("",)}

Exposed = dict[str, set[str]]


def expressions() -> dict[str, str]:
    """Everything that is asked of Prometheus, by who asks."""
    rules = yaml.safe_load((FOLDER / "rules.yml").read_text())
    asked = {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}
    dashboard = json.loads((FOLDER / "grafana" / "edxelera.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            expr = target["expr"].replace("$__rate_interval", "1m").replace("$service", ".*")
            asked[f"{panel['title']} {target['refId']}"] = expr
    return asked


@pytest.fixture(scope="module")
def scraped(platform: Platform) -> dict[str, str]:
    """The /metrics of every process."""
    found = ports.load(platform.home.ports_file)
    token = {"authorization": f"Bearer {platform.env['EDX_METRICS_TOKEN']}"}
    texts = {}
    for process in (*APIS, *WORKERS):
        headers = token if process.name == "gateway-api" else {}
        answer = httpx.get(f"http://127.0.0.1:{found[process.name]}/metrics", headers=headers)
        assert answer.status_code == 200, process.name
        texts[process.name] = answer.text
    return texts


@pytest.fixture(scope="module")
def exposed(scraped: dict[str, str]) -> Exposed:
    """Every name that a query can use, with its labels."""
    found: Exposed = {}
    for text in scraped.values():
        for family in text_string_to_metric_families(text):
            labels = {name for sample in family.samples for name in sample.labels}
            for suffix in _SUFFIXES.get(family.type, ("",)):
                found.setdefault(family.name + suffix, set()).update(labels)
    return found


def test_every_name_that_is_asked_for_is_exposed(exposed: Exposed) -> None:
    names = {name for expr in expressions().values() for name in re.findall(r"\b(?:edx|process)_[a-z_]+\b", expr)}
    assert len(names) > 20
    assert names - exposed.keys() == set()


def test_every_label_that_is_asked_for_is_there(exposed: Exposed) -> None:
    known = exposed
    for who, expr in expressions().items():
        for name, selected in re.findall(r"\b(edx_[a-z_]+)\{([^}]*)\}", expr):
            labels = set(re.findall(r"([a-z_]+)(?:=|!)", selected)) - TARGET
            assert labels <= known[name], f"{who}: {name} has no {labels - known[name]}"
        of_all = set().union(*(known[name] for name in re.findall(r"\bedx_[a-z_]+\b", expr) if name in known))
        grouped = {label.strip() for labels in re.findall(r"\bby \(([^)]*)\)", expr) for label in labels.split(",")}
        assert grouped <= of_all | TARGET, f"{who} groups by {grouped - of_all - TARGET}"


def test_our_names_are_of_one_kind(scraped: dict[str, str]) -> None:
    for process, text in scraped.items():
        for family in text_string_to_metric_families(text):
            if family.name.startswith("process_"):
                continue
            assert family.name.startswith("edx_"), f"{process}: {family.name}"
            assert family.documentation, f"{process}: {family.name} says nothing of itself"
            for sample in family.samples:
                assert "service" in sample.labels, f"{process}: {sample}"
                assert not {"job", "instance"} & sample.labels.keys(), f"{process}: Prometheus would rename a label"


def test_the_readme_tells_of_every_metric(exposed: Exposed) -> None:
    told = set(re.findall(r"`(edx_[a-z_]+)`", (FOLDER / "README.md").read_text()))
    ours = {re.sub(r"_(bucket|count|sum)$", "", name) for name in exposed if name.startswith("edx_")}
    assert ours - told == set()
    assert told - ours == set()


@pytest.mark.parametrize("name", ["edx_saga_open", "edx_saga_repaired_total"])
def test_every_saga_is_told_of_and_explained(scraped: dict[str, str], name: str) -> None:
    found = {
        (sample.labels["service"], sample.labels["saga"])
        for text in scraped.values()
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }
    assert found == SAGAS
    readme = (FOLDER / "README.md").read_text()
    assert {(service, saga) for service, saga in SAGAS if f"| `{saga}` | {service} |" not in readme} == set()


def test_the_gateway_tells_its_numbers_to_no_stranger(platform: Platform) -> None:
    assert platform.stranger().send("GET", "/metrics").status_code == 401


@pytest.fixture(scope="module")
def prometheus(platform: Platform) -> Iterator[Callable[..., Any]]:
    """A Prometheus that the operator's own command started; ``prometheus(path, **params)`` is its API's data."""
    assert shutil.which("prometheus"), "prometheus is missing: install it (as root: apt install prometheus)."
    address = f"127.0.0.1:{free_port()}"
    running = subprocess.Popen(
        [edxelera(), "monitoring", "--run", "--address", address],
        env=environment_for(platform.home.local),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def ask(path: str, **params: str) -> Any:
        assert running.poll() is None, "Prometheus ended"
        with suppress(httpx.TransportError):
            answer = httpx.get(f"http://{address}/api/v1/{path}", params=params, timeout=30)
            return answer.json()["data"] if answer.status_code == 200 else None
        return None

    try:
        yield ask
    finally:
        running.terminate()
        running.wait(30)


def test_prometheus_reaches_every_process(prometheus: Callable[..., Any]) -> None:
    def up() -> set[str]:
        targets = (prometheus("targets") or {"activeTargets": []})["activeTargets"]
        return {one["labels"]["process"] for one in targets if one["health"] == "up"}

    everyone = {process.name for process in (*APIS, *WORKERS)}
    eventually(lambda: up() == everyone, 60, what="every process scraped")


def test_prometheus_evaluates_every_rule_and_every_panel(prometheus: Callable[..., Any]) -> None:
    def evaluated() -> list[dict[str, Any]]:
        rules = [rule for group in (prometheus("rules") or {"groups": []})["groups"] for rule in group["rules"]]
        return rules if rules and all(rule["health"] != "unknown" for rule in rules) else []

    rules = eventually(evaluated, 60, what="every rule evaluated")
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}
    for who, expr in expressions().items():
        eventually(
            lambda expr=expr: prometheus("query", query=expr), 30, what=f"an answer to the query of {who}: {expr}"
        )


def test_nothing_is_wrong_with_a_platform_that_just_runs(prometheus: Callable[..., Any]) -> None:
    alerts = eventually(lambda: prometheus("alerts"), 30, what="the list of alerts")["alerts"]
    assert {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"} == set()
    parts = eventually(lambda: prometheus("query", query="min by (process, part) (edx_part_ok)"), 30, what="the parts")
    assert parts["result"]
