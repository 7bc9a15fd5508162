"""Prometheus' configuration for a local platform: every process, where it really listens."""

from pathlib import Path

import pytest
import yaml

from edxelera import monitoring, servers
from edxelera.failure import Failure
from edxelera.home import Home
from edxelera.units import APIS, DEFAULT_PORTS, WORKERS

PORTS = {name: port + 1000 for name, port in DEFAULT_PORTS.items()}


def test_every_process_is_scraped_at_the_port_it_has(tmp_path: Path) -> None:
    written = monitoring.write(Home(local=tmp_path), PORTS, "the-token")
    document = yaml.safe_load(written.read_text())
    targets = {
        one["labels"]["process"]: one["targets"]
        for scraped in document["scrape_configs"]
        for one in scraped["static_configs"]
    }
    assert targets == {process.name: [f"127.0.0.1:{PORTS[process.name]}"] for process in (*APIS, *WORKERS)}
    assert (written.parent / "rules.yml").exists()


def test_only_the_owner_reads_the_token(tmp_path: Path) -> None:
    token = monitoring.write(Home(local=tmp_path), PORTS, "the-token").parent / "metrics-token"
    assert (token.read_text(), token.stat().st_mode & 0o777) == ("the-token", 0o600)


def test_without_prometheus_one_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "find_program", lambda *_: None)
    with pytest.raises(Failure, match="apt install prometheus"):
        monitoring.command(tmp_path / "prometheus.yml", "127.0.0.1:9090")


def test_make_test_installs_promtool_where_it_is_missing() -> None:
    assert servers.TEST_PROGRAMS["promtool"] == "prometheus"
