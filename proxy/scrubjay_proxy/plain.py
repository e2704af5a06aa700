"""Plain requests, and what they are for."""

from __future__ import annotations

from typing import NamedTuple

from scrubjay_proxy.asking import interpret
from scrubjay_proxy.http.messages import Request
from scrubjay_proxy.ready import is_plain
from scrubjay_proxy.recent import Recent
from scrubjay_proxy.routes import Route, Routes
from scrubjay_proxy.searches import Searches
from scrubjay_proxy.wire.heads import RequestHead

_LONGEST = 2_048  # characters of a head that is remembered
_MOST = 1_024  # twice


class Plain(NamedTuple):
    """A request for a resource as a whole, its route, and the key that it has."""

    asked: Request
    route: Route
    key: str
    keys: int  # Searches.changes when the key was made


class Plains:
    """Reads plain requests; those read lately are remembered."""

    def __init__(self, routes: Routes, searches: Searches) -> None:
        self._routes, self._searches = routes, searches
        self._known: Recent[tuple[RequestHead, bool], Plain] = Recent(_MOST)

    def read(self, head: RequestHead, *, encrypted: bool) -> Plain | None:
        """What a request is for; None where it is not plain, or for no route. Raises BadMessage."""
        known = self._known.get((head, encrypted))
        if known is not None and known.keys == self._searches.changes:
            return known
        if not is_plain(head):
            return None
        asked = interpret(head, encrypted=encrypted)
        route = self._routes.find(asked.host, asked.target)
        if route is None or not asked.host:
            return None
        asked = route.keyed(asked)
        plain = Plain(asked, route, self._searches.key(asked), self._searches.changes)
        if len(head.target) + len(head.headers.text) <= _LONGEST:
            self._known.put((head, encrypted), plain)
        return plain
