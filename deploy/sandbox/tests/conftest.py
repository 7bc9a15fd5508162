"""A running sandbox, a receiver for its webhooks, an S3 server and keys; all real, none shared with the platform."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from sandbox.settings import Settings
from sandbox.testing import Receiver, RunningSandbox

SECRET_KEY = "sk_test_0123456789abcdef"
RETRY_SECONDS = (60, 300)
REFUND_STEP_SECONDS = 10
BUCKET = "videos"
S3_KEY, S3_SECRET = "sandbox-access-key", "sandbox-secret-key"


@pytest.fixture(scope="session")
def receiver_running() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def receiver(receiver_running: Receiver) -> Receiver:
    """Takes webhooks and answers 200 unless told otherwise."""
    receiver_running.clear()
    return receiver_running


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real, file-backed S3 server."""
    root = tmp_path_factory.mktemp("s3")
    (root / BUCKET).mkdir()
    rclone = Path(sys.executable).parent / "rclone"
    process = subprocess.Popen(
        [rclone, "serve", "s3", root, "--addr", "127.0.0.1:0", "--auth-key", f"{S3_KEY},{S3_SECRET}"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    lines = []
    for line in process.stderr:
        lines.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            break
    else:
        pytest.fail(f"rclone did not start: {''.join(lines)}")
    yield found.group()
    process.terminate()
    process.wait(10)
    process.stderr.close()


@pytest.fixture(scope="session")
def s3(s3_endpoint: str) -> Any:
    """A client of the S3 server that is not the sandbox's."""
    return botocore.session.get_session().create_client(
        "s3",
        endpoint_url=s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id=S3_KEY,
        aws_secret_access_key=S3_SECRET,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


@pytest.fixture(scope="session")
def make_settings(
    tmp_path_factory: pytest.TempPathFactory, keys_dir: Path, receiver_running: Receiver
) -> Callable[..., Settings]:
    def make(**overrides: Any) -> Settings:
        values = {
            "data_dir": tmp_path_factory.mktemp("data"),
            "paystack_secret_key": SECRET_KEY,
            "webhook_url": receiver_running.url,
            "retry_seconds": RETRY_SECONDS,
            "refund_step_seconds": REFUND_STEP_SECONDS,
            "cdn_public_keys_dir": keys_dir,
            "log_level": "ERROR",
        }
        return Settings(**{**values, **overrides})

    return make


@pytest.fixture(scope="session")
def running(make_settings: Callable[..., Settings], s3_endpoint: str) -> Iterator[RunningSandbox]:
    s3 = {
        "s3_endpoint_url": s3_endpoint,
        "s3_access_key_id": S3_KEY,
        "s3_secret_access_key": S3_SECRET,
        "s3_bucket": BUCKET,
    }
    with RunningSandbox(lambda url: make_settings(public_url=url, **s3)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox, receiver: Receiver) -> RunningSandbox:
    """A sandbox that remembers nothing, at the present instant."""
    running.reset()
    receiver.clear()
    return running


class EdgeSigner:
    """Signs URLs with botocore's own code and publishes the public key to the sandbox."""

    def __init__(self, directory: Path, key_pair_id: str, private_key: Any, algorithm: Any = hashes.SHA1) -> None:
        self.key_pair_id = key_pair_id
        self.path = directory / f"{key_pair_id}.pem"
        self._private_key = private_key
        self._algorithm = algorithm
        self._signer = CloudFrontSigner(key_pair_id, self.sign)
        self.path.write_bytes(
            private_key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )

    def sign(self, message: bytes) -> bytes:
        if isinstance(self._private_key, rsa.RSAPrivateKey):
            return self._private_key.sign(message, padding.PKCS1v15(), self._algorithm())
        return self._private_key.sign(message, ec.ECDSA(self._algorithm()))

    def with_sha256(self) -> "EdgeSigner":
        return EdgeSigner(self.path.parent, self.key_pair_id, self._private_key, hashes.SHA256)

    def canned(self, url: str, expires: int) -> str:
        return self._signer.generate_presigned_url(url, date_less_than=_moment(expires))

    def custom(self, url: str, policy: str | dict[str, Any]) -> str:
        return self._signer.generate_presigned_url(url, policy=policy if isinstance(policy, str) else _compact(policy))

    def cookies(self, policy: dict[str, Any]) -> dict[str, str]:
        url = self.custom("https://any", policy)
        values = dict(part.split("=", 1) for part in url.split("?", 1)[1].split("&"))
        return {f"CloudFront-{name}": value for name, value in values.items()}


@pytest.fixture(scope="session", params=["rsa", "ecdsa"])
def signer(request: pytest.FixtureRequest, keys_dir: Path) -> EdgeSigner:
    """A signer with each kind of key that CloudFront takes."""
    if request.param == "rsa":
        return EdgeSigner(keys_dir, "KRSA2048", rsa.generate_private_key(65537, 2048))
    return EdgeSigner(keys_dir, "KECP256", ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="session")
def make_signer(keys_dir: Path) -> Callable[..., EdgeSigner]:
    def make(key_pair_id: str, private_key: Any = None) -> EdgeSigner:
        return EdgeSigner(keys_dir, key_pair_id, private_key or ec.generate_private_key(ec.SECP256R1()))

    return make


def _moment(epoch: int) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(epoch, UTC)


def _compact(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))


@pytest.fixture
def soon() -> int:
    """An epoch second a minute ahead."""
    return int(time.time()) + 60
