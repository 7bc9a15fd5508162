"""Who is calling, from where, and how the browser sees us: believed only from proxies that we trust. Pure."""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """The client's address, and the scheme and host it spoke to. ``chain`` is what X-Forwarded-For says onwards."""

    address: str
    scheme: str
    host: str
    chain: str


class ProxyTrust:
    """Takes forwarding headers from trusted networks, and from nobody else."""

    def __init__(self, networks: Sequence[str], public_url: str) -> None:
        self._networks = [ip_network(network, strict=False) for network in networks]
        self._default_host = urlsplit(public_url).netloc
        self._trusts = lru_cache(maxsize=4096)(self._is_trusted)

    def origin(self, scope: Scope) -> Origin:
        """Where the request in this ASGI scope comes from."""
        peer = (scope.get("client") or ("unknown",))[0]
        if not self._networks or not self._trusts(peer):
            return Origin(peer, scope["scheme"], _header(scope, b"host") or self._default_host, peer)
        return self._forwarded(scope, peer)

    def _forwarded(self, scope: Scope, peer: str) -> Origin:
        address = peer
        for hop in reversed([hop.strip() for hop in _header(scope, b"x-forwarded-for").split(",")]):
            if not _is_address(hop):
                break
            address = hop
            if not self._trusts(hop):
                break
        proto = _header(scope, b"x-forwarded-proto")
        host = _header(scope, b"x-forwarded-host") or _header(scope, b"host") or self._default_host
        chain = peer if address == peer else f"{address}, {peer}"
        return Origin(address, proto if proto in {"http", "https"} else scope["scheme"], host, chain)

    def _is_trusted(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


def _header(scope: Scope, name: bytes) -> str:
    """The header's lines as one."""
    return ",".join(value.decode("latin-1") for header, value in scope["headers"] if header == name)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def counted_as(address: str) -> str:
    """Under which name an address is counted: an IPv6 customer has a whole /64, so that is one caller."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found)
