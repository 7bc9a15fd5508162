"""Secrets and keys of one installation: drawn once, kept in files that only their owner may read."""

import json
import secrets
import string
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edxelera.home import write_private
from edxelera.units import UNITS

_CAPITALS = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class Credentials:
    """Everything secret, and where the key files lie."""

    folder: Path
    values: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    @property
    def signing_key(self) -> Path:
        """The gateway's ES256 key, PEM."""
        return self.folder / "gateway-signing-key.pem"

    @property
    def credential_key(self) -> Path:
        """Signs Open Badges credentials, PEM."""
        return self.folder / "credential-signing-key.pem"

    @property
    def cdn_private_key(self) -> Path:
        """Signs playback URLs; only the media service reads it."""
        return self.folder / "cdn-private-key.pem"

    @property
    def cdn_public_keys(self) -> Path:
        """What the CDN knows: ``<KEY_PAIR_ID>.pem``."""
        return self.folder / "cdn-public-keys"


def _draw() -> dict[str, str]:
    return {
        "service_token": secrets.token_urlsafe(36),
        "metrics_token": secrets.token_urlsafe(24),
        "database_admin": secrets.token_urlsafe(24),
        **{f"database_{unit}": secrets.token_urlsafe(24) for unit in UNITS},
        **{f"database_{unit}_migrator": secrets.token_urlsafe(24) for unit in UNITS},
        "redis": secrets.token_urlsafe(24),
        # the mark makes EDX_ENV=production refuse it
        "paystack": f"sk_test_sandbox{secrets.token_hex(20)}",
        "s3_access_key_id": "EDX" + "".join(secrets.choice(_CAPITALS) for _ in range(17)),
        "s3_secret_access_key": secrets.token_urlsafe(30),
        "cdn_key_pair_id": "K" + "".join(secrets.choice(_CAPITALS) for _ in range(13)),
        "accounts": "-".join(secrets.token_hex(3) for _ in range(3)),
    }


def load_or_draw(folder: Path) -> Credentials:
    """The installation's credentials; what is missing is drawn and kept, what exists stays as it is."""
    store = folder / "secrets.json"
    known = json.loads(store.read_text()) if store.exists() else {}
    values = _draw() | known
    if values != known:
        write_private(store, json.dumps(values, indent=1) + "\n")
    credentials = Credentials(folder, values)
    for path in (credentials.signing_key, credentials.credential_key, credentials.cdn_private_key):
        _ensure_key(path)
    public = credentials.cdn_public_keys / f"{credentials['cdn_key_pair_id']}.pem"
    if not public.exists():
        write_private(public, _public_half(credentials.cdn_private_key))
    return credentials


def _ensure_key(path: Path) -> None:
    if path.exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(
        path,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def _public_half(private: Path) -> bytes:
    key = serialization.load_pem_private_key(private.read_bytes(), password=None)
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
