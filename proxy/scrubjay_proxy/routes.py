"""Which origin a request is for, and the rules that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scrubjay_proxy.http.keys import normal_target
from scrubjay_proxy.http.messages import Request
from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.upstream import Origin


@dataclass(frozen=True, slots=True)
class Route:
    """Requests of these hosts and paths go to this origin under these rules.

    `host` is a name, "*.example.com" or "*"; `path` a prefix of whole segments.
    """

    name: str
    origin: Origin
    rules: Rules
    host: str = "*"
    path: str = "/"
    keeps_host: bool = True  # the origin sees the client's Host, else its own name

    def fits(self, host: str, path: str) -> bool:
        """Whether a request is for this route; `host` in lower case, without a port."""
        return self._fits_host(host) and self._fits_path(path)

    def keyed(self, asked: Request) -> Request:
        """The request without the parameters that the rules drop."""
        target = normal_target(asked.target, self.rules.key)
        return asked if target == asked.target else replace(asked, target=target)

    def _fits_host(self, host: str) -> bool:
        if self.host.startswith("*."):
            return host.endswith(self.host[1:]) and len(host) > len(self.host) - 1
        return self.host in ("*", host)

    def _fits_path(self, path: str) -> bool:
        prefix = self.path.rstrip("/")
        return path == prefix or path.startswith((prefix + "/", prefix + "?"))


class Routes:
    """The first route that fits is taken, in the order of the configuration."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.all = tuple(routes)

    def find(self, host: str, path: str, *, named_only: bool = False) -> Route | None:
        """The route for a Host and target; `named_only` leaves out those for any host."""
        name = bare_host(host)
        for route in self.all:
            if route.fits(name, path) and not (named_only and route.host == "*"):
                return route
        return None


def bare_host(host: str) -> str:
    """Host without its port, in lower case."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
