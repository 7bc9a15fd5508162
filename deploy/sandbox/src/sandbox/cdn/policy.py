"""CloudFront policies: what they may say, and whether a request fulfils them. Pure."""

import json
import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from sandbox.cdn.denials import Denied

EPOCH = "AWS:EpochTime"
SOURCE_IP = "AWS:SourceIp"
CONDITIONS = frozenset({"DateLessThan", "DateGreaterThan", "IpAddress"})


@dataclass(frozen=True, slots=True)
class Policy:
    """One statement; instants are epoch seconds, ``resource`` may hold ``*`` and ``?``."""

    resource: str
    before: int
    after: int | None = None
    network: IPv4Network | IPv6Network | None = None

    def require(self, *, url: str, address: str, now: float) -> None:
        """Deny a request that the policy does not cover."""
        if now >= self.before:
            raise Denied("expired")
        if self.after is not None and now <= self.after:
            raise Denied("too_early")
        if self.network is not None and not _is_within(address, self.network):
            raise Denied("other_address")
        if not covers(self.resource, url):
            raise Denied("other_resource")


def canned(url: str, expires: str) -> bytes:
    """The canned policy's exact bytes: no white space, this order; it is never sent, only signed."""
    if not (expires.isascii() and expires.isdigit() and len(expires) < 16):
        raise Denied("malformed_policy")
    statement = {"Resource": url, "Condition": {"DateLessThan": {EPOCH: int(expires)}}}
    return json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()


def parse(text: bytes) -> Policy:
    """Read a policy; without a Resource it covers every URL of the distribution."""
    try:
        (statement,) = json.loads(text)["Statement"]
        condition = statement["Condition"]
        resource = statement.get("Resource", "*")
        if not isinstance(resource, str) or not set(condition) <= CONDITIONS:
            raise Denied("malformed_policy")
        return Policy(
            resource=resource,
            before=_epoch(condition["DateLessThan"]),
            after=_epoch(condition["DateGreaterThan"]) if "DateGreaterThan" in condition else None,
            network=ip_network(condition["IpAddress"][SOURCE_IP], strict=False) if "IpAddress" in condition else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Denied("malformed_policy") from None


def covers(pattern: str, url: str) -> bool:
    """``*`` stands for any run of characters, ``?`` for exactly one; everything else for itself."""
    parts = ({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in re.sub(r"\*+", "*", pattern))
    return re.fullmatch("".join(parts), url, re.DOTALL) is not None


def _epoch(value: Any) -> int:
    epoch = value[EPOCH]
    if not isinstance(epoch, int) or isinstance(epoch, bool):
        raise Denied("malformed_policy")
    return epoch


def _is_within(address: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        return ip_address(address) in network
    except ValueError:
        return False
