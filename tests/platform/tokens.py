"""Tokens that must not be believed: expired, for somebody else, forged in every way that has worked somewhere."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from tests.platform.installation import Platform


class Forger:
    """Begins from a good token and, where that is the point, from the platform's own signing key."""

    def __init__(self, platform: Platform, good: str) -> None:
        path = platform.env["EDX_GATEWAY_SIGNING_KEY_PATH"].split(",")[0]
        self._own: Any = load_pem_private_key(Path(path).read_bytes(), password=None)
        self._header: dict[str, Any] = jwt.get_unverified_header(good)
        self._claims: dict[str, Any] = jwt.decode(good, options={"verify_signature": False})
        self._good = good

    def _signed(self, key: Any = None, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        payload = {name: value for name, value in {**self._claims, **claims}.items() if value is not None}
        return jwt.encode(payload, key or self._own, algorithm="ES256", headers={**self._header, **(headers or {})})

    def honest(self) -> str:
        """Signed as the gateway signs: shows that the others fail for their fault alone."""
        return self._signed()

    def expired(self) -> str:
        """An hour ago."""
        return self._signed(iat=int(time.time()) - 4200, exp=int(time.time()) - 3600)

    def for_another_audience(self) -> str:
        """Meant for another platform."""
        return self._signed(aud="somebody-else")

    def of_another_issuer(self) -> str:
        """Claims another origin."""
        return self._signed(iss="https://evil.example")

    def without_subject(self) -> str:
        """Says nothing about who it is."""
        return self._signed(sub=None)

    def without_expiry(self) -> str:
        """Would be good for ever."""
        return self._signed(exp=None)

    def with_a_strange_subject(self) -> str:
        """Its subject is no account id."""
        return self._signed(sub="admin' OR 1=1 --")

    def signed_by_another_key(self) -> str:
        """The right key id, another key."""
        return self._signed(ec.generate_private_key(ec.SECP256R1()))

    def with_an_unknown_key(self) -> str:
        """A key id that nobody published."""
        return self._signed(ec.generate_private_key(ec.SECP256R1()), {"kid": "unknown"})

    def with_a_key_of_its_own(self) -> str:
        """Brings the key to check it with."""
        key = ec.generate_private_key(ec.SECP256R1())
        jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
        return self._signed(key, {"jwk": jwk, "jku": "https://evil.example/jwks.json"})

    def unsigned(self) -> str:
        """``alg: none``."""
        return jwt.encode(self._claims, None, algorithm="none", headers={"kid": self._header["kid"]})

    def signed_with_the_public_key(self) -> str:
        """HS256 with what everybody can read."""
        public = self._own.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return _hs256({**self._header, "alg": "HS256"}, self._claims, public)

    def promoted(self) -> str:
        """A good signature under other claims."""
        head, _, signature = self._good.split(".")
        return f"{head}.{_encoded({**self._claims, 'roles': ['admin']})}.{signature}"

    def truncated(self) -> str:
        """Half of a good one."""
        return self._good[: len(self._good) // 2]

    def rubbish(self) -> str:
        """No token at all."""
        return "a.b.c"


#: Every way of forging, by name.
FORGERIES: dict[str, Callable[[Forger], str]] = {
    name: method for name, method in vars(Forger).items() if not name.startswith("_") and name != "honest"
}


def _encoded(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def _hs256(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    signed = f"{_encoded(header)}.{_encoded(claims)}"
    signature = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
