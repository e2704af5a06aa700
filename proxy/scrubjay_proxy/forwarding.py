"""Forward mode: origins that clients name, looked up, checked and pinned."""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from scrubjay_proxy.answers import OriginError
from scrubjay_proxy.http.messages import Request
from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.routes import Route
from scrubjay_proxy.upstream import Address, Origin

_MOST = 1024
# Prefixes before an IPv4 address: NAT64 (RFC 6052; RFC 8215) and the obsolete "compatible".
_EMBEDDING = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/96", "::/96")))
_PORTS = {"http": 80, "https": 443}

MakeOrigin = Callable[[Address, str], Origin]


class NotAllowed(Exception):
    """What this proxy must not be used for, with the status that says so."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.reason = status, reason


class ForwardOrigins:
    """A pool for each origin that clients asked for lately, the least recent closed first.

    The address that was checked is the one connected to, so that a name cannot point
    elsewhere in between. `allowed` are authorities exempt from the check.
    """

    def __init__(
        self, make: MakeOrigin, rules: Rules, *, private: bool, allowed: frozenset[str]
    ) -> None:
        self._make, self._rules = make, rules
        self._private, self._allowed = private, allowed
        self._origins: OrderedDict[tuple[Address, str], Origin] = OrderedDict()

    async def route(self, asked: Request) -> Route:
        """The route to the authority that was asked for. Raises NotAllowed, OriginError."""
        where = address_of(asked.scheme, asked.host)
        pinned = await self.resolve(where)
        key = (where, pinned)
        origin = self._origins.get(key)
        if origin is None:
            origin = self._origins[key] = self._make(where, pinned)
            if len(self._origins) > _MOST:
                self._origins.popitem(last=False)[1].close()
        self._origins.move_to_end(key)
        return Route("forward", origin, self._rules)

    async def resolve(self, where: Address) -> str:
        """An address of the host that may be connected to."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise OriginError("connect", f"{where.host} is not known: {error}") from error
        addresses = [str(one[4][0]) for one in found]
        if self._private or where.authority in self._allowed:
            return addresses[0]
        for address in addresses:
            if is_public(address):
                return address
        detail = f"{where.host} is a private address (proxy.forward_private allows it)"
        raise NotAllowed(403, "Forbidden", detail)

    def close(self) -> None:
        """Close every pool."""
        for origin in self._origins.values():
            origin.close()


def address_of(scheme: str, authority: str) -> Address:
    """Scheme and authority as an address; the port defaults by scheme."""
    host, colon, port = authority.rpartition(":")
    if not colon or not port.isdigit() or authority.endswith("]"):
        host, port = authority, str(_PORTS[scheme])
    return Address(scheme, host.strip("[]").lower(), int(port))


def is_public(address: str) -> bool:
    """Whether an address is on the public internet, seen through every embedding of IPv4."""
    one = ip_address(address.partition("%")[0])
    if isinstance(one, IPv6Address):
        inner = one.ipv4_mapped or one.sixtofour or (one.teredo and one.teredo[1])
        if any(one in network for network in _EMBEDDING):
            inner = IPv4Address(int(one) & 0xFFFF_FFFF)
        if inner:
            return inner.is_global and not inner.is_multicast
    return one.is_global and not one.is_multicast
