"""From what people want purged to what the store looks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from scrubjay_proxy.control.running import Purge
from scrubjay_proxy.http.invalidate import surrogate_tags
from scrubjay_proxy.http.keys import normal_host, normal_target
from scrubjay_proxy.http.messages import Request, request_for
from scrubjay_proxy.http.rules import KeyRules
from scrubjay_proxy.searches import Searches
from scrubjay_proxy.store.base import Selector


def selector(
    what: Purge, searches: Searches, rules_for: Callable[[Request], KeyRules] = lambda _: KeyRules()
) -> Selector:
    """URLs as keys (with their No-Vary-Search forms), paths for any host, prefixes, tags.

    http and https are purged alike: behind a TLS front the proxy knows a site by the other
    name than the one people type. `rules_for` gives the key rules of a URL's route.
    """
    urls = [form for url in what.urls if not url.startswith("/") for form in _both(url)]
    return Selector(
        keys=tuple(key for url in urls for key in searches.keys(_known(url, rules_for))),
        paths=tuple(url for url in what.urls if url.startswith("/")),
        prefixes=tuple(_normal(form) for prefix in what.prefixes for form in _both(prefix)),
        tags=frozenset(what.tags),
    )


def purge_request(asked: Request) -> Purge:
    """What a PURGE on the proxy port means: its tags where it names some, else its URL;
    `Purge-Type: soft` marks stale, `prefix` takes all below."""
    kind = (asked.headers.get("purge-type") or "").lower()
    tags = surrogate_tags(asked.headers)
    if tags:
        return Purge(tags=tuple(tags), soft="soft" in kind)
    if "prefix" in kind:
        return Purge(prefixes=(asked.url,), soft="soft" in kind)
    return Purge(urls=(asked.url,), soft="soft" in kind)


def _known(url: str, rules_for: Callable[[Request], KeyRules]) -> str:
    """A URL as the cache knows it: without what its route leaves out of the key."""
    asked = request_for(url)
    return replace(asked, target=normal_target(asked.target, rules_for(asked))).url


def _both(url: str) -> tuple[str, str]:
    rest = url.partition("://")[2]
    return f"http://{rest}", f"https://{rest}"


def _normal(url: str) -> str:
    parts = urlsplit(url)
    rest = url.split("://", 1)[-1][len(parts.netloc) :]
    return f"{parts.scheme}://{normal_host(parts.scheme, parts.netloc)}{rest}"
