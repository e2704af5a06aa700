"""Cache keys: which requests ask for the same thing (RFC 9111, 2 and 4.1; No-Vary-Search)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_plus

from scrubjay_proxy.http.hops import end_to_end
from scrubjay_proxy.http.messages import Headers, Pair, Request
from scrubjay_proxy.http.rules import KeyRules
from scrubjay_proxy.http.structured import BareItem, parse_dictionary, strings

_EXACT = "surrogateescape"  # two bytes that are no UTF-8 stay two
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# A comma in these is no separator, and space around it is theirs.
_NO_LISTS = frozenset({"authorization", "cookie", "from", "referer", "user-agent"})


@dataclass(frozen=True, slots=True)
class SearchRule:
    """What a No-Vary-Search field says of the query."""

    key_order: bool = False
    all_ignored: bool = False
    named: frozenset[str] = frozenset()  # ignored, or with all_ignored the ones that count

    def counts(self, name: str) -> bool:
        """Whether a parameter of that name tells responses apart."""
        return (name in self.named) if self.all_ignored else (name not in self.named)


@lru_cache(maxsize=1024)
def parse_no_vary_search(text: str) -> SearchRule | None:
    """Read No-Vary-Search; None where it says nothing or nothing valid."""
    members = parse_dictionary(text)
    if not members or not members.keys() <= {"key-order", "params", "except"}:
        return None
    order, params, excepted = (members.get(k) for k in ("key-order", "params", "except"))
    if order is not None and not isinstance(order, bool):
        return None
    if excepted is not None and params is not True:
        return None
    names = _named(excepted if params is True else params)
    return None if names is None else SearchRule(order is True, params is True, names)


def _named(listed: BareItem | None) -> frozenset[str] | None:
    """The parameters of an inner list of strings; none at all is an empty list."""
    if listed is None or listed is False:
        return frozenset()
    found = strings(listed) if isinstance(listed, tuple) else None
    return None if found is None else frozenset(found)


def normal_target(target: str, rules: KeyRules) -> str:
    """The target without the parameters that the route's rules drop."""
    path, mark, query = target.partition("?")
    if not mark or not (rules.drop or rules.keep or rules.sort):
        return target
    # Some origins split at `;` as well: what holds one is left alone.
    kept = [p for p in query.split("&") if ";" in p or _kept(p.split("=", 1)[0], rules)]
    if rules.sort:
        kept.sort(key=lambda p: p.split("=", 1)[0])
    if not kept:
        return path
    return f"{path}?{'&'.join(kept)}"


def _kept(name: str, rules: KeyRules) -> bool:
    if not name:
        return True
    if rules.keep and not _listed(name, rules.keep):
        return False
    return not _listed(name, rules.drop)


def _listed(name: str, patterns: tuple[str, ...]) -> bool:
    whole, beginnings = _split(patterns)
    return name in whole or name.startswith(beginnings)


@lru_cache(maxsize=256)
def _split(patterns: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Patterns as whole names and, of those that end in `*`, beginnings."""
    beginnings = tuple(one[:-1] for one in patterns if one.endswith("*"))
    return frozenset(one for one in patterns if not one.endswith("*")), beginnings


def normal_host(scheme: str, host: str) -> str:
    """Host in lower case, without the scheme's default port."""
    return host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ""))


def primary_key(asked: Request, search: SearchRule | None = None) -> str:
    """The key a response is stored under: its URI, the query seen through `search`."""
    host = normal_host(asked.scheme, asked.host)
    if search is None:
        return f"{asked.scheme}://{host}{asked.target}"
    path, _, query = asked.target.partition("?")
    return f"{asked.scheme}://{host}{path}?{_searched(query, search)} #{_mark(search)}"


def path_key(asked: Request) -> str:
    """The URI without its query: what a No-Vary-Search rule is remembered for."""
    host = normal_host(asked.scheme, asked.host)
    return f"{asked.scheme}://{host}{asked.target.partition('?')[0]}"


def _searched(query: str, search: SearchRule) -> str:
    pairs = [
        (unquote_plus(name, errors=_EXACT), unquote_plus(value, errors=_EXACT))
        for name, _, value in (part.partition("=") for part in query.split("&") if part)
    ]
    kept = [pair for pair in pairs if search.counts(pair[0])]
    if search.key_order:
        kept.sort(key=lambda pair: pair[0])
    return "&".join(f"{name!r}={value!r}" for name, value in kept)


def _mark(search: SearchRule) -> str:
    return f"nvs{int(search.key_order)}{int(search.all_ignored)}{sorted(search.named)!r}"


def vary_names(headers: Headers) -> tuple[str, ...]:
    """The request fields a response was chosen by, in lower case and order."""
    if (told := headers.get("vary")) is None:
        return ()
    names = {name.strip().lower() for name in told.split(",")}
    return tuple(sorted(names - {""}))


def selecting(names: Iterable[str], headers: Headers) -> tuple[Pair, ...]:
    """The values of those request fields, made comparable; an absent field has none.

    What Connection names never reaches the origin, so it is as if it were absent.
    """
    sent = end_to_end(headers) if "connection" in headers else headers
    return tuple(
        (name, normal_value(name, value)) for name in names if (value := sent.get(name)) is not None
    )


def normal_value(name: str, value: str) -> str:
    """A field value without what the field's own grammar does not tell apart (4.1)."""
    if name in _NO_LISTS or '"' in value:
        return value
    elements = [element.strip(" \t") for element in value.split(",")]
    if name == "accept-encoding":
        elements = sorted({_weighted(element) for element in elements if element})
    elif name == "accept-language":
        # Some origins take the order of equals for a preference (RFC 9110, 12.5.4): it stays.
        weighed = dict.fromkeys(_weighted(element) for element in elements if element)
        elements = sorted(weighed, key=_weight, reverse=True)
    elif name == "accept":
        elements = [_media_range(element) for element in elements]
    return ",".join(elements)


def _media_range(element: str) -> str:
    """`Text/HTML; q=0.5` as `text/html;q=0.5`; a parameter's case may mean something."""
    name, *parameters = (part.strip(" \t") for part in element.split(";"))
    return ";".join([name.lower(), *parameters])


def _weighted(element: str) -> str:
    """`De;q=0.5` as `de;q=0.5`; a weight of 1 is the default."""
    name, *parameters = (part.strip(" \t").lower() for part in element.split(";"))
    weights = [p for p in parameters if p not in ("q=1", "q=1.0", "q=1.00", "q=1.000")]
    return ";".join([name, *weights])


def _weight(element: str) -> float:
    found = re.search(r";q=([01](?:\.\d{0,3})?)$", element)
    return float(found[1]) if found else 1.0


def variant_key(key: str, chosen: tuple[Pair, ...]) -> str:
    """What the id of a stored response is hashed from."""
    return key if not chosen else f"{key} {chosen!r}"
