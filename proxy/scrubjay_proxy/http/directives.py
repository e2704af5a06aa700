"""Cache-Control and its targeted siblings, read into one typed record.

RFC 9111, 5.2; RFC 9213 (targeted fields); RFC 5861; RFC 8246.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from scrubjay_proxy.http.messages import Headers
from scrubjay_proxy.http.structured import BareItem, parse_dictionary

_DIRECTIVE = re.compile(
    r"""[ \t,]*                                   # empty elements are allowed
        (?P<name>[!#$%&'*+\-.^_`|~0-9A-Za-z]+)
        (?:=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^\s,"]*)))?
        [ \t]*(?=,|$)""",
    re.VERBOSE,
)
_NAME = re.compile(r"[ \t,]*([!#$%&'*+\-.^_`|~0-9A-Za-z]*)")
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_ELEMENT = re.compile(rf'[ \t,]*(?:{_QUOTED}|[^,"])*+', re.DOTALL)
_CLOSED = re.compile(rf'(?:{_QUOTED}|[^"])*+', re.DOTALL)
_USUAL = 256  # characters; what is longer is read each time, or it would fill the memory
_DELTA_MAX = 2**31  # RFC 9111, 1.2.2
_NAMES = {
    "no-store", "no-cache", "private", "public", "must-revalidate", "proxy-revalidate",
    "must-understand", "immutable", "only-if-cached", "no-transform",
}  # fmt: skip
_PERMITS = {"public", "must-understand", "immutable"}


@dataclass(frozen=True, slots=True)
class Directives:
    """The directives a shared cache acts on; seconds, None where absent.

    A lifetime that cannot be read counts as 0: stale (RFC 9111, 4.2.1).
    """

    flags: frozenset[str] = frozenset()
    max_age: int | None = None
    s_maxage: int | None = None
    stale_while_revalidate: int | None = None
    stale_if_error: int | None = None
    min_fresh: int | None = None
    max_stale: int | None = None
    targeted: bool = False

    def __contains__(self, flag: str) -> bool:
        return flag in self.flags


NONE = Directives()


def delta_seconds(text: str | None) -> int | None:
    """Whole seconds, 2^31 where there are more (RFC 9111, 1.2.2); None where it is no number."""
    if text is None or not text.isascii() or not text.isdigit():
        return None
    return min(int(text.lstrip("0")[:12] or "0"), _DELTA_MAX)


def parse_cache_control(text: str) -> Directives:
    """Read the combined value of Cache-Control; the first of a repeated directive counts."""
    return _remembered(text) if len(text) <= _USUAL else _read(text)


@lru_cache(maxsize=4096)
def _remembered(text: str) -> Directives:
    return _read(text)


def _read(text: str) -> Directives:
    found: dict[str, str | None] = {}
    position, text = 0, _with_quotes_closed(text)
    while position < len(text):
        match = _DIRECTIVE.match(text, position)
        if match is None:
            # Better one refusal too many: of what is malformed the name counts all the same.
            name = _NAME.match(text, position)
            if name and name[1].lower() not in _PERMITS:
                found.setdefault(name[1].lower(), "")
            position = _beyond(_ELEMENT, text, position)
            continue
        value = match["token"] if match["quoted"] is None else match["quoted"]
        found.setdefault(match["name"].lower(), value)
        position = match.end()
    return _record(found)


def _with_quotes_closed(text: str) -> str:
    """The text without a quote that is never closed, so that it hides nothing behind it."""
    end = _beyond(_CLOSED, text, -1)
    return text[:end] + text[end:].replace('"', "'")


def _beyond(pattern: re.Pattern[str], text: str, position: int) -> int:
    """The end of what is found there, always further on."""
    found = pattern.match(text, max(position, 0))
    return max(found.end() if found else 0, position + 1)


def _record(found: dict[str, str | None], *, targeted: bool = False) -> Directives:
    def seconds(name: str) -> int | None:
        return (delta_seconds(found[name]) or 0) if name in found else None

    # max-stale without a value accepts any staleness (RFC 9111, 5.2.1.2).
    any_stale = "max-stale" in found and found["max-stale"] is None
    return Directives(
        flags=frozenset(name for name in found if name in _NAMES),
        max_age=seconds("max-age"),
        s_maxage=seconds("s-maxage"),
        stale_while_revalidate=seconds("stale-while-revalidate"),
        stale_if_error=seconds("stale-if-error"),
        min_fresh=seconds("min-fresh"),
        max_stale=_DELTA_MAX if any_stale else seconds("max-stale"),
        targeted=targeted,
    )


def request_directives(headers: Headers) -> Directives:
    """What the client asks of caches; `Pragma: no-cache` alone counts as no-cache (5.4)."""
    text = headers.get("cache-control")
    if text is not None:
        return parse_cache_control(text)
    if "no-cache" in (headers.get("pragma") or "").lower():
        return Directives(flags=frozenset({"no-cache"}))
    return NONE


def response_directives(headers: Headers, targets: Sequence[str]) -> Directives:
    """The directives that count for this cache: the first valid targeted field, else
    Cache-Control (RFC 9213, 2.2)."""
    for name in targets:
        text = headers.get(name)
        if text and (found := _targeted(text, name)) is not None:
            return found
    text = headers.get("cache-control")
    return parse_cache_control(text) if text is not None else NONE


@lru_cache(maxsize=1024)
def _targeted(text: str, name: str) -> Directives | None:
    if name == "surrogate-control":
        return _surrogate(text)
    members = parse_dictionary(text)
    if not members:
        return None
    found: dict[str, str | None] = {}
    for key, value in members.items():
        if key in _SECONDS and not _is_integer(value):
            return None
        if value is not False:
            found[key] = None if value is True else str(value)
    return _record(found, targeted=True)


_SECONDS = ("max-age", "s-maxage", "stale-while-revalidate", "stale-if-error")


def _is_integer(value: BareItem) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _surrogate(text: str) -> Directives | None:
    """Surrogate-Control of the W3C note: a directive may name the surrogate it is for,
    `max-age=60;name`, and one that names another does not count."""
    kept = []
    for element in text.split(","):
        directive, _, target = element.partition(";")
        if not target.strip() or target.strip().lower() == "scrubjay":
            # `max-age=60+30` allows 30 further seconds of staleness.
            fresh, plus, stale = directive.strip().partition("+")
            kept.append(fresh)
            if plus:
                kept.append(f"stale-while-revalidate={stale}")
    found = parse_cache_control(",".join(kept))
    if found == NONE:
        return None
    return Directives(
        found.flags, found.max_age, found.s_maxage,
        found.stale_while_revalidate, found.stale_if_error, targeted=True,
    )  # fmt: skip
