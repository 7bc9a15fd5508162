"""Trusted public keys: ``<KEY_PAIR_ID>.pem`` files, read again when they change."""

import re
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sandbox.cdn.denials import Denied

log = structlog.get_logger()

KEY_PAIR_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
HASHES: dict[str | None, type[hashes.HashAlgorithm]] = {None: hashes.SHA1, "SHA1": hashes.SHA1, "SHA256": hashes.SHA256}
"""SHA-1 unless the request names another: CloudFront's default."""


class TrustedKeys:
    """A directory of public keys: RSA, or ECDSA on P-256."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._read: dict[str, tuple[tuple[int, int], PublicKey | None]] = {}

    def get(self, key_pair_id: str) -> PublicKey:
        """The key with this id; denies an unknown or unusable one."""
        key = self._find(key_pair_id) if KEY_PAIR_ID.fullmatch(key_pair_id) else None
        if key is None:
            raise Denied("unknown_key")
        return key

    def ids(self) -> list[str]:
        """The ids of all keys in the directory."""
        if self._directory is None or not self._directory.is_dir():
            return []
        return sorted(path.stem for path in self._directory.glob("*.pem"))

    def _find(self, key_pair_id: str) -> PublicKey | None:
        if self._directory is None:
            return None
        path = self._directory / f"{key_pair_id}.pem"
        try:
            stat = path.stat()
            version = (stat.st_mtime_ns, stat.st_size)
            known = self._read.get(key_pair_id)
            if known is None or known[0] != version:
                known = (version, load_public_key(path.read_bytes(), key_pair_id))
                self._read[key_pair_id] = known
        except OSError:
            self._read.pop(key_pair_id, None)
            return None
        return known[1]


def load_public_key(pem: bytes, key_pair_id: str) -> PublicKey | None:
    """Read a public key that CloudFront would take; None, and a warning, for any other."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        log.warning("not a PEM public key", key_pair_id=key_pair_id)
        return None
    if isinstance(key, rsa.RSAPublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    log.warning("CloudFront takes RSA and ECDSA P-256 keys only", key_pair_id=key_pair_id)
    return None


def require_signature(key: PublicKey, signature: bytes, message: bytes, hash_algorithm: str | None) -> None:
    """Deny a signature that is not this key's; ECDSA signatures are DER."""
    if hash_algorithm not in HASHES:
        raise Denied("hash_algorithm")
    algorithm = HASHES[hash_algorithm]()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), algorithm)
        else:
            key.verify(signature, message, ec.ECDSA(algorithm))
    except InvalidSignature:
        raise Denied("bad_signature") from None
