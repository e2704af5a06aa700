"""What an unsafe request makes stale (RFC 9111, 4.4; RFC 9875)."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from scrubjay_proxy.http.keys import normal_host
from scrubjay_proxy.http.messages import Head, Headers, Request
from scrubjay_proxy.http.structured import parse_list, strings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT"})
_MANY_GROUPS = 128


def invalidated_urls(asked: Request, got: Head) -> tuple[str, ...]:
    """Absolute URIs whose stored responses are no longer good: the target, and Location and
    Content-Location where they are of the same origin; none after an error."""
    if asked.method in SAFE_METHODS or not 200 <= got.status < 400:
        return ()
    found = [asked.url]
    for name in ("location", "content-location"):
        value = got.headers.get(name)
        other = resolved(asked.url, value)
        if other is not None and same_origin(other, asked.url):
            found.append(other)
    return tuple(dict.fromkeys(found))


def resolved(base: str, reference: str | None) -> str | None:
    """A URI reference made absolute; None where it is missing or malformed."""
    try:
        return None if reference is None else urljoin(base, reference)
    except ValueError:
        return None


def same_origin(one: str, other: str) -> bool:
    """Whether two absolute URIs share scheme, host and port (RFC 9110, 4.3.1)."""
    return origin_of(one) == origin_of(other)


def origin_of(url: str) -> str:
    """Scheme and authority of an absolute URI, normalised; "" where it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{normal_host(parts.scheme, parts.netloc)}"


def cache_groups(headers: Headers) -> frozenset[str]:
    """The groups a stored response belongs to (RFC 9875, 2); case-sensitive."""
    return _strings(headers.get("cache-groups"))


def invalidated_groups(asked: Request, got: Head) -> frozenset[str]:
    """Groups of the same origin to mark stale (RFC 9875, 3); a safe method's are ignored."""
    if asked.method in SAFE_METHODS or not 200 <= got.status < 400:
        return frozenset()
    return _strings(got.headers.get("cache-group-invalidation"))


def _strings(text: str | None) -> frozenset[str]:
    items = parse_list(text) if text else None
    return frozenset(strings((items or [])[:_MANY_GROUPS]) or ())


def surrogate_tags(headers: Headers) -> frozenset[str]:
    """Tags to purge by: Surrogate-Key and xkey split at spaces, Cache-Tag at commas."""
    spaced = " ".join(headers.all("surrogate-key") + headers.all("xkey")).split()
    listed = ",".join(headers.all("cache-tag")).split(",")
    return frozenset(spaced) | frozenset(tag.strip() for tag in listed if tag.strip())
