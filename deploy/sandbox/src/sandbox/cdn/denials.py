"""Every way in which the edge says no, as rows, in CloudFront's XML."""

from typing import NamedTuple
from xml.sax.saxutils import escape


class Denial(NamedTuple):
    """HTTP status, CloudFront's code and message."""

    http_status: int
    code: str
    message: str


DENIALS: dict[str, Denial] = {
    "missing_key": Denial(403, "MissingKey", "Missing Key-Pair-Id query parameter or cookie value"),
    "missing_signature": Denial(403, "AccessDenied", "Missing Signature query parameter or cookie value"),
    "missing_policy": Denial(403, "AccessDenied", "Missing Policy or Expires query parameter or cookie value"),
    "unknown_key": Denial(403, "InvalidKey", "Unknown Key"),
    "malformed_policy": Denial(403, "MalformedPolicy", "Malformed Policy"),
    "malformed_encoding": Denial(403, "AccessDenied", "Access denied: not CloudFront's base64"),
    "hash_algorithm": Denial(403, "AccessDenied", "Access denied: Hash-Algorithm is neither SHA1 nor SHA256"),
    "bad_signature": Denial(403, "AccessDenied", "Access denied: the signature does not fit the policy"),
    "expired": Denial(403, "AccessDenied", "Access denied: the policy has expired"),
    "too_early": Denial(403, "AccessDenied", "Access denied: the policy does not hold yet"),
    "other_address": Denial(403, "AccessDenied", "Access denied: the policy is for another IP address"),
    "other_resource": Denial(403, "AccessDenied", "Access denied: the policy is for another URL"),
    "bad_key": Denial(403, "AccessDenied", "Access denied: no object can have this key"),
    "method": Denial(403, "AccessDenied", "This distribution allows GET and HEAD only"),
    "no_such_object": Denial(404, "NoSuchKey", "The specified key does not exist."),
    "range": Denial(416, "InvalidRange", "The requested range is not satisfiable"),
    "origin_unconfigured": Denial(502, "OriginError", "The sandbox has no object store: set SANDBOX_S3_ENDPOINT_URL"),
    "origin_refused": Denial(
        502, "OriginError", "The object store refused the CDN: check SANDBOX_S3_* keys and bucket"
    ),
    "origin_down": Denial(502, "OriginError", "The object store did not answer"),
}


class Denied(Exception):
    """Raised to answer one row of DENIALS."""

    def __init__(self, name: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(name)
        self.name = name
        self.row = DENIALS[name]
        self.headers = headers or {}

    def document(self) -> str:
        """The answer's body."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f"<Error><Code>{self.row.code}</Code><Message>{escape(self.row.message)}</Message></Error>"
        )
