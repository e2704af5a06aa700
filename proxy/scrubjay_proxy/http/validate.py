"""Conditional requests, both ways, and what a 304 changes (RFC 9110, 13; RFC 9111, 4.3)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scrubjay_proxy.http.dates import format_date, parse_date
from scrubjay_proxy.http.hops import end_to_end
from scrubjay_proxy.http.keys import selecting, vary_names
from scrubjay_proxy.http.messages import Exchange, Head, Headers, Pair, Request, Stored
from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.http.stale import SERVER_ERRORS, instead_of_error
from scrubjay_proxy.http.storable import why_not_store
from scrubjay_proxy.http.why import Why

CONDITIONAL = frozenset(
    {"if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"}
)
# A 304 has no content: what it says of content is not about the bytes that are stored
# (RFC 9111, 3.2). The validator that was asked about is the one that was confirmed.
_NOT_UPDATED = frozenset(
    {
        "content-length", "content-encoding", "content-range", "content-md5", "etag",
        "cache-status",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keep:
    """Store the answer, in place of what was stored."""


@dataclass(frozen=True, slots=True)
class Freshen:
    """The stored response holds; its head is this now."""

    stored: Stored


@dataclass(frozen=True, slots=True)
class ServeStale:
    """Answer with the stored response instead of the origin's error."""

    stored: Stored
    why: Why


@dataclass(frozen=True, slots=True)
class PassOn:
    """Hand the answer to the client and keep nothing."""

    why: Why


After = Keep | Freshen | ServeStale | PassOn


def after_response(
    asked: Request, known: Stored | None, got: Head, times: Exchange, rules: Rules
) -> After:
    """What the origin's answer means, where `known` is what was checked or may stand in."""
    if known is not None:
        # Without a validator of ours the 304 is about the client's own condition.
        if got.status == 304 and has_validator(known):
            return Freshen(_confirmed(asked, known, got, times, rules))
        if got.status in SERVER_ERRORS:
            why = instead_of_error(asked, known, times.received, rules)
            if why is not None:
                return ServeStale(known, why)
    forbidden = why_not_store(asked, got, rules)
    return Keep() if forbidden is None else PassOn(forbidden)


def _confirmed(asked: Request, known: Stored, got: Head, times: Exchange, rules: Rules) -> Stored:
    if rules.cookies_private:
        # The cookie is for who asked; in the stored head it would be for everybody.
        got = got.with_headers(got.headers.without(("set-cookie",)))
    fresh = freshened(known, got, times)
    return replace(fresh, selecting=selecting(vary_names(fresh.head.headers), asked.headers))


def has_validator(stored: Stored) -> bool:
    """Whether the origin can be asked about it."""
    return "etag" in stored.head.headers or "last-modified" in stored.head.headers


def strong_etag(headers: Headers) -> str | None:
    """The ETag, where it is a strong one (RFC 9110, 8.8.1)."""
    etag = headers.get("etag")
    return etag if etag and etag.startswith('"') else None


def conditional(asked: Request, stored: Stored) -> Headers:
    """The request's fields, asking whether `stored` still holds (RFC 9111, 4.3.1)."""
    added: list[Pair] = []
    if etag := stored.head.headers.get("etag"):
        added.append(("If-None-Match", etag))
    if modified := stored.head.headers.get("last-modified"):
        added.append(("If-Modified-Since", modified))
    return asked.headers.without(CONDITIONAL).plus(*added)


def freshened(stored: Stored, got: Head, times: Exchange) -> Stored:
    """`stored` with the fields a 304 or HEAD answer brought (RFC 9111, 3.2 and 4.3.4)."""
    brought = end_to_end(got.headers).without(_NOT_UPDATED)
    # The age starts anew: without an Age in the answer, an old one must not linger.
    if "date" not in brought:
        brought = brought.plus(("Date", format_date(int(times.received))))
    kept = stored.head.headers.without({name.lower() for name, _ in brought} | {"age"})
    head = stored.head.with_headers(kept.plus(*brought.pairs))
    return replace(stored, head=head, times=times, invalid=False, outdated=False)


def head_agrees(stored: Stored, got: Head) -> bool:
    """Whether the answer to a HEAD describes the stored response (RFC 9111, 4.3.5)."""
    if got.status != stored.head.status:
        return False
    length = got.headers.get("content-length")
    if length is not None and length != str(stored.length):
        return False
    return all(
        got.headers.get(name) in (None, stored.head.headers.get(name))
        for name in ("etag", "last-modified")
    )


def client_has_it(asked: Request, stored: Stored) -> bool:
    """Whether the client's own condition says 304 (RFC 9110, 13.2.2)."""
    if stored.head.status != 200 or asked.method not in ("GET", "HEAD"):
        return False
    headers = stored.head.headers
    tags = asked.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or _weak(headers.get("etag")) in _tags(tags)
    now = stored.times.received
    since = parse_date(asked.headers.get("if-modified-since"), now)
    if since is None:
        return False
    # Where there is no Last-Modified the response's own date bounds it (RFC 9111, 4.3.2).
    modified = parse_date(headers.get("last-modified") or headers.get("date"), now)
    return (now if modified is None else modified) <= since


def range_applies(asked: Request, stored: Stored) -> bool:
    """Whether If-Range leaves the Range in force (RFC 9110, 13.1.5): strong comparison."""
    condition = asked.headers.get("if-range")
    if condition is None:
        return True
    if condition.startswith('"'):
        return condition == strong_etag(stored.head.headers)
    modified = stored.head.headers.get("last-modified")
    return modified is not None and condition == modified and _is_strong(stored)


def _is_strong(stored: Stored) -> bool:
    """Last-Modified is strong when it lies a second before the Date (RFC 9110, 8.8.2.2)."""
    headers, now = stored.head.headers, stored.times.received
    modified = parse_date(headers.get("last-modified"), now)
    date = parse_date(headers.get("date"), now)
    return modified is not None and date is not None and modified + 1 <= date


def _tags(text: str) -> set[str | None]:
    """Entity tags of a list; a comma within quotes belongs to the tag."""
    tags: set[str | None] = set()
    current, quoted = "", False
    for character in text + ",":
        if character == "," and not quoted:
            tags.add(_weak(current.strip()))
            current = ""
            continue
        quoted ^= character == '"'
        current += character
    return tags - {None}


def _weak(tag: str | None) -> str | None:
    """The opaque part, as weak comparison sees it (RFC 9110, 8.8.3.2)."""
    return tag.removeprefix("W/") if tag else None
