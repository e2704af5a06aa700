"""Lifetimes for responses whose origin states none, learned within a share of stale answers."""

from __future__ import annotations

from dataclasses import replace

import xxhash

from scrubjay_policies.changes import Changes
from scrubjay_policies.hold import Terms
from scrubjay_proxy.http.dates import parse_date
from scrubjay_proxy.http.freshness import date_of, is_left_to_the_cache
from scrubjay_proxy.http.messages import Head, Stored
from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.routes import Route
from scrubjay_proxy.settings import Settings


class Holding:
    """Chooses lifetimes (RFC 9111, 4.2.2) by what earlier fetches and checks found changed."""

    def __init__(self, staleness: float, meter: Meter, *, most_objects: int) -> None:
        self.changes = Changes(most=most_objects)
        self._staleness, self._meter = staleness, meter

    def hit(self, stored: Stored) -> None:
        """A stored response answered while it was fresh."""
        if stored.held is not None:
            self.changes.hit(stored.id)

    def held(self, stored: Stored, route: Route) -> Stored:
        """What was just fetched or confirmed, with its lifetime where that is left to us."""
        if not is_left_to_the_cache(stored.head, route.rules):
            return replace(stored, held=None)
        found = self.changes.contact(
            stored.id,
            f"{route.name} {media_type(stored.head)}",
            tag=stored.tag,
            now=stored.times.received,
            age=since_change(stored),
            terms=terms(self._staleness, route.rules),
        )
        self._meter.held(found.found)
        return replace(stored, held=found.seconds)


def terms(staleness: float, rules: Rules) -> Terms:
    """The operator's bounds, so that what is learned from is what was given."""
    least = rules.ttl_min or 0.0
    most = rules.heuristic_max if rules.ttl_max is None else min(rules.heuristic_max, rules.ttl_max)
    return Terms(staleness, least, max(least, most))


def media_type(head: Head) -> str:
    """The class of a response: its Content-Type without parameters."""
    return (head.headers.get("content-type") or "").partition(";")[0].strip().lower()


def since_change(stored: Stored) -> float | None:
    """Seconds from Last-Modified to Date; None where it tells nothing, as with pages that are
    made anew for each request."""
    headers, times = stored.head.headers, stored.times
    modified = parse_date(headers.get("last-modified"), times.received)
    if modified is None:
        return None
    age = date_of(headers, times) - modified
    return age if age > 0 else None


def needs_digest(head: Head, rules: Rules) -> bool:
    """Whether only the body tells if it is the same as before."""
    return rules.learns and is_left_to_the_cache(head, rules) and "etag" not in head.headers


def tag_of(head: Head, digest: int) -> int:
    """Names the version: by its entity tag, where it has none by the digest of its body."""
    etag = head.headers.get("etag")
    return digest if etag is None else xxhash.xxh3_64_intdigest(etag.removeprefix("W/").encode())


def holding_of(settings: Settings, meter: Meter) -> Holding | None:
    """What learns lifetimes, if the settings give it a budget."""
    staleness = settings.http.staleness
    if staleness is None:
        return None
    return Holding(staleness, meter, most_objects=settings.cache.max_objects)
