"""Listening sockets; a taken port is one clear error that names the flag to change."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from scrubjay_proxy.errors import PortTaken, ScrubjayError
from scrubjay_proxy.quantities import Address

BACKLOG = 1024


def open_listener(address: Address, *, flag: str, shared: bool = False) -> socket.socket:
    """A bound TCP socket that listens; `shared`: others that say so too may have the same port
    (SO_REUSEPORT), and the system spreads connections over them."""
    bound = _bound(address, flag=flag, shared=shared)
    with _told(bound, address, flag):
        bound.listen(BACKLOG)
    return bound


def reserve(address: Address, *, flag: str) -> socket.socket:
    """A socket that holds a port for those that share it, without listening.

    Two proxies of one user could share a port unawares, so it must be free to begin with.
    """
    if address.port:
        open_listener(address, flag=flag).close()
    return _bound(address, flag=flag, shared=True)


def _bound(address: Address, *, flag: str, shared: bool) -> socket.socket:
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except socket.gaierror as error:
        raise ScrubjayError(
            f"cannot listen on {address}: {error.strerror}", hint=f"give {flag} HOST:PORT"
        ) from error
    with _told(bound, address, flag):
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(where)
        bound.setblocking(False)
    return bound


@contextmanager
def _told(opened: socket.socket, address: Address, flag: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        opened.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(str(address), flag=flag) from error
        raise ScrubjayError(
            f"cannot listen on {address}: {error.strerror}", hint=f"give {flag} HOST:PORT"
        ) from error
