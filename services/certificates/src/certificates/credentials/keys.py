"""Keys that sign credentials: ES256 or RS256, each published under a URL made of its own fingerprint (RFC 7638)."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class KeyUnusable(ValueError):
    """1EdTech's validators take RS256 and ES256, nothing else."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, its algorithm and its public half as a JWK."""

    key: PrivateKey
    algorithm: str
    fingerprint: str
    public_jwk: dict[str, Any]

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """The key of a PEM file; raises ``KeyUnusable`` or ``OSError``."""
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except ValueError as error:
            raise KeyUnusable(f"{path} is not a PEM private key") from error
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls._of(key, "ES256", json.loads(ECAlgorithm.to_jwk(key.public_key())), ("crv", "kty", "x", "y"))
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
            return cls._of(key, "RS256", json.loads(RSAAlgorithm.to_jwk(key.public_key())), ("e", "kty", "n"))
        raise KeyUnusable(f"{path} is neither ECDSA P-256 nor RSA of 2048 bits or more")

    @classmethod
    def _of(cls, key: PrivateKey, algorithm: str, jwk: dict[str, Any], members: Sequence[str]) -> Self:
        required = {name: jwk[name] for name in members}
        digest = sha256(json.dumps(required, separators=(",", ":"), sort_keys=True).encode()).digest()
        fingerprint = urlsafe_b64encode(digest).rstrip(b"=").decode()
        return cls(key, algorithm, fingerprint, {**required, "alg": algorithm, "use": "sig"})


class KeyRing:
    """All keys of the issuer: the first signs, all are published, so that keys can be rotated."""

    def __init__(self, keys: Sequence[SigningKey], base_url: str) -> None:
        self._keys = tuple(keys)
        self._base_url = base_url

    @classmethod
    def load(cls, paths: Sequence[Path], base_url: str) -> Self:
        """The ring of PEM files."""
        return cls([SigningKey.from_file(path) for path in paths], base_url)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def key_url(self, key: SigningKey) -> str:
        """Where the public half is."""
        return f"{self._base_url}/keys/{key.fingerprint}"

    def find_jwk(self, fingerprint: str) -> dict[str, Any] | None:
        """The public half of a key, under the id that credentials name it by."""
        key = next((key for key in self._keys if key.fingerprint == fingerprint), None)
        return None if key is None else {**key.public_jwk, "kid": self.key_url(key)}

    def jwks(self) -> dict[str, Any]:
        """All public halves."""
        return {"keys": [{**key.public_jwk, "kid": self.key_url(key)} for key in self._keys]}

    def sign(self, claims: dict[str, Any]) -> str:
        """A compact JWT with exactly the header members that Open Badges 3.0 asks for."""
        key = self._keys[0]
        return jwt.encode(claims, key.key, algorithm=key.algorithm, headers={"kid": self.key_url(key), "typ": "JWT"})
