"""A killed sandbox carries on where it was."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.testing import PATIENCE, Receiver

SECRET_KEY = "sk_test_restart"


class Process:
    """The sandbox as it is run in earnest."""

    def __init__(self, data_dir: Path, webhook_url: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self._env = {
            **os.environ,
            "SANDBOX_PAYSTACK_SECRET_KEY": SECRET_KEY,
            "SANDBOX_DATA_DIR": str(data_dir),
            "SANDBOX_WEBHOOK_URL": webhook_url,
            "SANDBOX_RETRY_SECONDS": "0.2",
            "SANDBOX_REFUND_STEP_SECONDS": "0.2",
            "SANDBOX_LOG_LEVEL": "error",
        }
        self.api = httpx.Client(
            base_url=f"http://127.0.0.1:{self._port}",
            headers={"authorization": f"Bearer {SECRET_KEY}"},
            trust_env=False,
            timeout=PATIENCE,
        )

    def start(self) -> None:
        command = ["-m", "uvicorn", "sandbox.main:create_app", "--factory", "--host", "127.0.0.1"]
        self._process = subprocess.Popen(
            [sys.executable, *command, "--port", str(self._port)], env=self._env, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr
        assert any("Uvicorn running" in line for line in self._process.stderr)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE)
        assert self._process.stderr
        self._process.stderr.close()

    def post(self, path: str, body: object = None) -> None:
        self.api.post(path, json=body).raise_for_status()


@pytest.fixture
def process(tmp_path: Path, receiver: Receiver) -> Iterator[Process]:
    process = Process(tmp_path, receiver.url)
    process.start()
    yield process
    process.kill()
    process.api.close()


def test_webhooks_refunds_and_faults_survive_a_kill(process: Process, receiver: Receiver) -> None:
    receiver.answer(*[500] * 1000)
    process.post("/paystack/transaction/initialize", {"email": "a@b.co", "amount": 20_000, "reference": "edx-1"})
    process.post("/sandbox/transactions/edx-1/pay")
    process.post("/paystack/refund", {"transaction": "edx-1"})
    process.post("/sandbox/faults/api", {"kind": "down", "call": "list"})
    receiver.take()
    process.kill()
    receiver.clear()

    process.start()
    events = {receiver.take().event for _ in range(4)}
    assert events == {"charge.success", "refund.pending", "refund.processing", "refund.processed"}
    verified = process.api.get("/paystack/transaction/verify/edx-1").json()["data"]
    assert verified["status"] == "reversed"
    assert process.api.get("/paystack/transaction").status_code == 503
    assert process.api.get("/sandbox/deliveries/settled").json() == {"settled": True}
