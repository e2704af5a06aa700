"""What origins said about queries that make no difference (No-Vary-Search), by path."""

from __future__ import annotations

from scrubjay_proxy.http.keys import SearchRule, parse_no_vary_search, path_key, primary_key
from scrubjay_proxy.http.messages import Headers, Request, request_for

_MOST = 10_000


class Searches:
    """The latest No-Vary-Search rule of each path; bounded, the oldest goes first."""

    def __init__(self) -> None:
        self.changes = 0  # a key that was made before the last one may be another now
        self._rules: dict[str, SearchRule] = {}

    def key(self, asked: Request) -> str:
        """The primary key of a request, its query seen as its path's rule says."""
        if "?" not in asked.target and not self._rules:
            return primary_key(asked)
        return primary_key(asked, self._rules.get(path_key(asked)) if self._rules else None)

    def keys(self, url: str) -> tuple[str, ...]:
        """Every key that an absolute URL may be stored under."""
        asked = request_for(url)
        return tuple(dict.fromkeys((primary_key(asked), self.key(asked))))

    def learn(self, asked: Request, told: Headers) -> SearchRule | None:
        """Note what a response says of its path; the rule it is to be stored under."""
        text = told.get("no-vary-search")
        rule = parse_no_vary_search(text) if text else None
        path = path_key(asked)
        if rule != self._rules.get(path):
            self.changes += 1
        if rule is None:
            self._rules.pop(path, None)
            return None
        if len(self._rules) >= _MOST and path not in self._rules:
            del self._rules[next(iter(self._rules))]
        self._rules[path] = rule
        return rule
