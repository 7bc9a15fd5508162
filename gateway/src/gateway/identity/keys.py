"""The keys that sign access tokens. The first signs, all are published, so that keys can be replaced in the open."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key


class UnusableKey(ValueError):
    """A signing key file cannot be used; the message names the file and what to do."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An ES256 private key; ``kid`` is the RFC 7638 thumbprint of its public part."""

    kid: str
    private: ec.EllipticCurvePrivateKey
    public_jwk: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Also the ``KeySource`` of the gateway's own token verifier: no HTTP to oneself."""

    keys: Sequence[SigningKey]

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self.keys[0]

    def fetch(self) -> dict[str, Any]:
        """The JWKS document."""
        return {"keys": [dict(key.public_jwk) for key in self.keys]}


def load_keys(paths: Sequence[str]) -> SigningKeys:
    """Read the PEM files; raises ``UnusableKey``."""
    return SigningKeys([_load(Path(path)) for path in paths])


def _load(path: Path) -> SigningKey:
    hint = "make one with: openssl ecparam -name prime256v1 -genkey -noout -out key.pem"
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise UnusableKey(f"EDX_GATEWAY_SIGNING_KEY_PATH: {path} cannot be read ({error.strerror}); {hint}") from error
    except (ValueError, TypeError) as error:
        raise UnusableKey(f"EDX_GATEWAY_SIGNING_KEY_PATH: {path} is not an unencrypted PEM key; {hint}") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise UnusableKey(f"EDX_GATEWAY_SIGNING_KEY_PATH: {path} is not a P-256 key; {hint}")
    public: dict[str, str] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key()))
    kid = thumbprint(public)
    return SigningKey(kid, private, {**_required(public), "kid": kid, "use": "sig", "alg": "ES256"})


def _required(jwk: Mapping[str, str]) -> dict[str, str]:
    return {name: jwk[name] for name in ("crv", "kty", "x", "y")}


def thumbprint(jwk: Mapping[str, str]) -> str:
    """RFC 7638: SHA-256 over the required members, in order, without white space."""
    canonical = json.dumps(_required(jwk), separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
