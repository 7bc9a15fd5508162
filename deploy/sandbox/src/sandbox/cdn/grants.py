"""The CloudFront grant that a request shows: read from its URL, else from its cookies."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.cdn.denials import Denied

RESERVED = ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")
COOKIE_PREFIX = "CloudFront-"


@dataclass(frozen=True, slots=True)
class Grant:
    """The parts of a signed URL or of signed cookies, still unverified."""

    key_pair_id: str
    signature: str
    policy: str | None
    expires: str | None
    hash_algorithm: str | None


def split_query(raw_query: str) -> tuple[dict[str, str], str]:
    """Take the reserved parameters out; the rest, as it was written, belongs to the signed resource."""
    reserved: dict[str, str] = {}
    own = []
    for part in raw_query.split("&") if raw_query else ():
        name, _, value = part.partition("=")
        if name in RESERVED:
            if name in reserved:
                raise Denied("malformed_policy")
            reserved[name] = unquote(value)
        else:
            own.append(part)
    return reserved, "&".join(own)


def read_grant(reserved: Mapping[str, str], cookies: Mapping[str, str]) -> Grant:
    """A signed URL wins over signed cookies, even if it turns out not to hold."""
    parts = reserved or _cookie_parts(cookies)
    key_pair_id = parts.get("Key-Pair-Id")
    if not key_pair_id:
        raise Denied("missing_key")
    policy, expires, signature = parts.get("Policy"), parts.get("Expires"), parts.get("Signature")
    if not signature:
        raise Denied("missing_signature")
    if policy is None and expires is None:
        raise Denied("missing_policy")
    return Grant(key_pair_id, signature, policy, expires, parts.get("Hash-Algorithm"))


def decode(text: str) -> bytes:
    """CloudFront's base64: ``-``, ``_`` and ``~`` stand for ``+``, ``=`` and ``/``."""
    try:
        return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")), validate=True)
    except (binascii.Error, ValueError):
        raise Denied("malformed_encoding") from None


def _cookie_parts(cookies: Mapping[str, str]) -> dict[str, str]:
    return {name: cookies[COOKIE_PREFIX + name] for name in RESERVED if cookies.get(COOKIE_PREFIX + name)}
