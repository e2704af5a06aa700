"""Where a Redis listens, and what it wants to hear before it answers."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field, replace
from typing import Any

from redis.asyncio.connection import SSLConnection, parse_url

_KNOWN = "ssl_ca_certs, ssl_certfile, ssl_keyfile, ssl_check_hostname or ssl_cert_reqs=none"


@dataclass(frozen=True, slots=True)
class Address:
    """A host and port, or the path of a socket; nothing of it shows a password."""

    host: str = ""
    port: int = 6379
    path: str = ""
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    db: int = 0
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str) -> Address:
        """From redis://, rediss:// or unix://. Raises ValueError, or OSError for certificates."""
        parts: dict[str, Any] = dict(parse_url(url))
        secure = parts.pop("connection_class", None) is SSLConnection
        tls = _context(parts) if secure else None
        try:
            address = cls(**parts, tls=tls)
        except TypeError:
            raise ValueError(f"what may stand after the ? of a Redis URL is {_KNOWN}") from None
        return replace(address, host=address.host or "localhost")

    def at(self, host: str, port: int) -> Address:
        """Another server that is spoken to in the same way."""
        return replace(self, host=host, port=port, path="")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.path or f"{host}:{self.port}"

    def greeting(self) -> list[tuple[bytes | str | int, ...]]:
        """Commands that open a connection; every answer to them must be a good one."""
        commands: list[tuple[bytes | str | int, ...]] = []
        if self.password:
            who = (self.username,) if self.username else ()
            commands.append((b"AUTH", *who, self.password))
        if self.db:
            commands.append((b"SELECT", self.db))
        return commands


def _context(parts: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=parts.pop("ssl_ca_certs", None))
    unchecked = parts.pop("ssl_cert_reqs", "required") == "none"
    context.check_hostname = parts.pop("ssl_check_hostname", True) and not unchecked
    if unchecked:
        context.verify_mode = ssl.CERT_NONE
    certificate, key = parts.pop("ssl_certfile", None), parts.pop("ssl_keyfile", None)
    if certificate:
        context.load_cert_chain(certificate, key)
    return context
