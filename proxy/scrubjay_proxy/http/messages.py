"""Requests and response heads as frozen values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Pair = tuple[str, str]


class Headers:
    """An immutable list of header lines; names are matched without regard to case."""

    __slots__ = ("_hash", "_index", "_text", "pairs")

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self.pairs: tuple[Pair, ...] = tuple(pairs)
        self._index: dict[str, list[str]] | None = None
        self._hash: int | None = None
        self._text: str | None = None

    def _lines(self) -> dict[str, list[str]]:
        index = self._index
        if index is None:
            index = self._index = {}
            for name, value in self.pairs:
                lines = index.get(lower := name.lower())
                if lines is None:
                    index[lower] = [value]
                else:
                    lines.append(value)
        return index

    def all(self, name: str) -> list[str]:
        """Every line of that name, in order; `name` in lower case."""
        return (self._index or self._lines()).get(name, [])

    def get(self, name: str) -> str | None:
        """The combined value (RFC 9110, 5.3), or None where the field is absent."""
        lines = (self._index or self._lines()).get(name)
        if lines is None:
            return None
        return lines[0] if len(lines) == 1 else ", ".join(lines)

    def __contains__(self, name: str) -> bool:
        return name in (self._index or self._lines())

    def any(self, names: frozenset[str]) -> bool:
        """Whether one of these is there (lower case)."""
        return not names.isdisjoint(self._index or self._lines())

    @property
    def text(self) -> str:
        """The lines as they stand on the wire."""
        if self._text is None:
            self._text = "".join([f"{name}: {value}\r\n" for name, value in self.pairs])
        return self._text

    def has_any(self, names: frozenset[str]) -> bool:
        """Whether there is a line of any of these names (lower case)."""
        return not names.isdisjoint(self._lines())

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.pairs)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Headers) and self.pairs == other.pairs)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(self.pairs)
        return self._hash

    def __repr__(self) -> str:
        return f"Headers({list(self.pairs)!r})"

    def without(self, names: Iterable[str]) -> Headers:
        """The same lines but those named (lower case)."""
        dropped = frozenset(names)
        return Headers([pair for pair in self.pairs if pair[0].lower() not in dropped])

    def plus(self, *pairs: Pair) -> Headers:
        """The same lines and these behind them."""
        return Headers((*self.pairs, *pairs))

    def having(self, name: str, value: str) -> Headers:
        """The same lines with `name` set to this one value."""
        lower = name.lower()
        kept = [pair for pair in self.pairs if pair[0].lower() != lower]
        return Headers([*kept, (name, value)])


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for; `target` is the path and query as it stands on the wire."""

    method: str
    scheme: str
    host: str
    target: str
    headers: Headers

    @property
    def url(self) -> str:
        """The absolute target URI (RFC 9110, 7.1)."""
        return f"{self.scheme}://{self.host}{self.target}"

    def with_headers(self, headers: Headers) -> Request:
        """The same request with other header lines."""
        return Request(self.method, self.scheme, self.host, self.target, headers)


def request_for(url: str) -> Request:
    """A plain GET of an absolute URL; its fragment is the client's own business."""
    scheme, _, rest = url.partition("#")[0].partition("://")
    host = re.split("[/?]", rest, maxsplit=1)[0]
    target = rest[len(host) :]
    target = target if target.startswith("/") else f"/{target}"
    return Request("GET", scheme.lower(), host, target, Headers())


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and header lines of a response."""

    status: int
    reason: str
    headers: Headers

    def with_headers(self, headers: Headers) -> Head:
        """The same status with other header lines."""
        return Head(self.status, self.reason, headers)


@dataclass(frozen=True, slots=True)
class Exchange:
    """When a request left and its response head arrived, Unix seconds."""

    requested: float
    received: float


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored response as the HTTP rules see it; its body is the store's business.

    `parts` are the byte ranges held, as (first, beyond) pairs in order; `length` is the
    complete length of the representation; `expires` is when its lifetime ends, Unix
    seconds, which is all that eviction policies know of freshness. `invalid` was made so by
    an unsafe request and must be checked before it is used; `outdated` is merely stale. `held` is
    the lifetime in seconds that was learned for it, which counts where the origin states none;
    `tag` names its version for that.
    """

    id: int
    key: str
    head: Head
    times: Exchange
    selecting: tuple[Pair, ...] = ()
    length: int = 0
    parts: tuple[tuple[int, int], ...] = ((0, 0),)
    invalid: bool = False
    outdated: bool = False
    jitter: float = 1.0
    expires: float = 0.0
    generation: int = 0
    held: float | None = None
    tag: int = 0

    @property
    def complete(self) -> bool:
        """Whether the whole representation is held."""
        return self.parts == ((0, self.length),)
