"""`PURGE /path` on the control port: whose path is meant."""

from __future__ import annotations

from scrubjay_proxy.control.guard import is_local
from scrubjay_proxy.control.running import Purge


def purge_of(*, host: str, own_port: int, target: str, kind: str, tags: tuple[str, ...]) -> Purge:
    """With the Host of a site, that site's path; with this port's own, the path on every host.

    `kind` is the Purge-Type field: `soft` marks stale, `prefix` takes all below; named tags win
    over the path, as on the proxy port. Raises ValueError where that is not one site's prefix.
    """
    soft = "soft" in kind.lower()
    if tags:
        return Purge(tags=tags, soft=soft)
    own = is_own(host, own_port)
    if "prefix" in kind.lower():
        if own:
            raise ValueError("a prefix is one site's: name the site in Host")
        return Purge(prefixes=(f"http://{host}{target}",), soft=soft)
    return Purge(urls=(target if own else f"http://{host}{target}",), soft=soft)


def is_own(host: str, own_port: int) -> bool:
    """Host names this very port, not a site behind the proxy."""
    return not host or (is_local(host) and host.endswith(f":{own_port}"))
