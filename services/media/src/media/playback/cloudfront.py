"""CloudFront signatures: canned policies for a file, custom policies as cookies for a folder (HLS).

Source: Amazon CloudFront Developer Guide, "Serve private content with signed URLs and signed cookies". Written on
``cryptography`` alone because importing botocore's signer costs every process 19 MiB; a test compares the two.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

HashName = Literal["SHA1", "SHA256"]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

#: CloudFront's own base64 alphabet for URLs.
_TO_URL = str.maketrans("+=/", "-_~")


class KeyUnusable(ValueError):
    """CloudFront takes RSA-2048 and ECDSA P-256 keys."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one key pair. SHA-256 is announced with ``Hash-Algorithm``; SHA-1 is CloudFront's default."""

    key_pair_id: str
    key: PrivateKey
    hash_name: HashName = "SHA256"

    @classmethod
    def from_file(cls, key_pair_id: str, path: Path, hash_name: HashName) -> Self:
        """The signer of a PEM file; raises ``KeyUnusable`` or ``OSError``."""
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except ValueError as error:
            raise KeyUnusable(f"{path} is not a PEM private key") from error
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size == 2048:
            return cls(key_pair_id, key, hash_name)
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls(key_pair_id, key, hash_name)
        raise KeyUnusable(f"{path} is neither RSA-2048 nor ECDSA P-256")

    def signed_url(self, url: str, expires_at: datetime) -> str:
        """``url`` with a canned policy: it answers until ``expires_at`` (whole seconds)."""
        expires = int(expires_at.timestamp())
        query = {"Expires": str(expires), "Signature": self._sign(canned_policy(url, expires)), **self._names()}
        return f"{url}{'&' if '?' in url else '?'}" + "&".join(f"{name}={value}" for name, value in query.items())

    def cookies(self, resource: str, expires_at: datetime) -> dict[str, str]:
        """Cookies with a custom policy for ``resource``, in which ``*`` stands for anything."""
        policy = canned_policy(resource, int(expires_at.timestamp()))
        values = {"Policy": _encoded(policy), "Signature": self._sign(policy), **self._names()}
        return {f"CloudFront-{name}": value for name, value in values.items()}

    def _names(self) -> dict[str, str]:
        names = {"Key-Pair-Id": self.key_pair_id}
        return names if self.hash_name == "SHA1" else {**names, "Hash-Algorithm": self.hash_name}

    def _sign(self, policy: bytes) -> str:
        algorithm = SHA1() if self.hash_name == "SHA1" else SHA256()  # noqa: S303  (CloudFront's default)
        if isinstance(self.key, rsa.RSAPrivateKey):
            return _encoded(self.key.sign(policy, padding.PKCS1v15(), algorithm))
        return _encoded(self.key.sign(policy, ec.ECDSA(algorithm)))


def canned_policy(resource: str, expires: int) -> bytes:
    """The policy text that is signed: this key order, no white space."""
    condition = {"DateLessThan": {"AWS:EpochTime": expires}}
    return orjson.dumps({"Statement": [{"Resource": resource, "Condition": condition}]})


def _encoded(raw: bytes) -> str:
    return b64encode(raw).decode().translate(_TO_URL)
