"""A gateway with its own signing key, in front of real services on real ports."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.settings import GatewaySettings

#: So many calls that no limit is met by chance.
_PLENTY = {name: "100000/minute" for name in GatewaySettings.model_fields if name.startswith("limit_")}


def write_key(path: Path) -> str:
    """A new P-256 key in a PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(path)


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The gateway's signing key."""
    return write_key(tmp_path_factory.mktemp("keys") / "gateway.pem")


@pytest.fixture
def gateway_settings(settings_for: Callable[..., Any], key_file: str) -> Callable[..., GatewaySettings]:
    """``gateway_settings(limit_login_account="2/minute")``: cheap hashes, and limits that nobody meets by chance."""

    def settings(**overrides: Any) -> GatewaySettings:
        values = {
            "gateway_signing_key_path": key_file,
            "password_hash_memory_kib": 64,
            "password_hash_time_cost": 1,
            "jwks_url": None,
            **_PLENTY,
            **overrides,
        }
        found: GatewaySettings = settings_for(GatewaySettings, **values)
        return found

    return settings
