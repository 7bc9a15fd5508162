"""``make bench-events`` measures every part on real servers and worker processes, and says what beside what."""

import io
from collections.abc import Iterator
from contextlib import ExitStack
from unittest.mock import patch

import httpx
import pytest
from pymysql.cursors import Cursor
from rich.console import Console
from tests.bench.events import bare
from tests.bench.events.__main__ import measure
from tests.bench.events.ours import drained, frozen, worker
from tests.bench.events.report import CONTENDERS, RATIOS
from tests.bench.events.stage import Stage
from tests.bench.processes import Server

from chassis.testing.backends import Backends
from chassis.testing.waiting import eventually


@pytest.fixture
def stage(backends: Backends, redis_url: str) -> Iterator[Stage]:
    stage = Stage(backends, redis_url, events=120)
    yield stage
    stage.close()


def test_it_prints_every_rate_every_ratio_and_the_latency(stage: Stage) -> None:
    printed = io.StringIO()
    measure(stage, rounds=1, latencies=10, console=Console(file=printed, width=300))
    lines = printed.getvalue().splitlines()
    for name in CONTENDERS:
        assert any(name in line for line in lines)
    for part, counterpart in (*RATIOS, ("outbox to effect", "bare relay, then bare consumer")):
        assert any(part in line and counterpart in line for line in lines)
    assert "Publish to effect at 50 events/s, commit to commit, 10 events: p50 " in lines[-1]


@pytest.mark.parametrize("contender", [bare.commits, bare.commits_of_two_statements, bare.consumer])
def test_the_bare_counterparts_write_what_a_consumer_must(contender: object, stage: Stage) -> None:
    stage.reset()
    contender(stage)  # type: ignore[operator]
    assert sorted(stage.effects()) == [(number, 1) for number in range(1, 121)]
    assert stage.count("SELECT COUNT(*) FROM inbox") == 120


def test_two_worker_processes_share_the_work_and_one_of_them_relays(stage: Stage) -> None:
    stage.reset()
    with ExitStack() as stack:
        servers = [stack.enter_context(worker(stage, EDX_CONSUMER_BATCH="5")) for _ in range(2)]
        eventually(lambda: all("edx_stream_lag{" in _metrics(server) for server in servers), what="two readers")
        with frozen([server.pid for server in servers]):
            stage.fill_outbox()
        eventually(lambda: drained(stage, 120), 60)
        handled = [_metric(server, 'edx_events_total{consumer="media.bench",outcome="handled"') for server in servers]
        relays = [_metric(server, "edx_relay_active") for server in servers]
        published = [_metric(server, "edx_relay_published_events_total") for server in servers]
    assert sum(handled) == 120
    assert min(handled) > 0
    assert sorted(relays) == [0, 1]
    assert sorted(published) == [0, 120]
    assert {count for _, count in stage.effects()} == {1}


def _metric(server: Server, name: str) -> float:
    lines = _metrics(server).splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def _metrics(server: Server) -> str:
    return httpx.get(f"{server.url}/metrics", timeout=30).text


def test_the_bare_two_statements_are_two_a_batch(stage: Stage) -> None:
    """PyMySQL sends row by row, without a word, what it cannot make one statement of."""
    stage.reset()
    with patch.object(Cursor, "_query", autospec=True, side_effect=Cursor._query) as sent:
        bare.commits_of_two_statements(stage)
    inserts = [call for call in sent.call_args_list if call.args[1][:6] in ("INSERT", b"INSERT")]
    assert len(inserts) == 2 * 2, "two batches"


def test_the_bare_relay_leaves_nothing_unpublished(stage: Stage) -> None:
    stage.reset()
    bare.relay(stage)
    assert stage.count("SELECT COUNT(*) FROM outbox WHERE stream_id IS NULL") == 0
    with stage.redis() as client:
        assert client.xlen("edxelera.media") == 120
