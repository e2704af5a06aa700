"""How long a response is fresh and how old it is (RFC 9111, 4.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scrubjay_proxy.http.dates import parse_date
from scrubjay_proxy.http.directives import Directives, delta_seconds, response_directives
from scrubjay_proxy.http.messages import Exchange, Head, Headers, Stored
from scrubjay_proxy.http.rules import Rules

# Cacheable without being told (RFC 9110, 15.1); 206 is handled with its ranges.
HEURISTIC_STATUSES = frozenset({200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Seconds a response is fresh for, and whether the origin said so."""

    seconds: float
    explicit: bool


def has_explicit_lifetime(headers: Headers, told: Directives) -> bool:
    """Whether the origin says how long (RFC 9111, 4.2.1)."""
    if told.s_maxage is not None or told.max_age is not None:
        return True
    return not told.targeted and "expires" in headers


def lifetime(head: Head, times: Exchange, rules: Rules, held: float | None = None) -> Lifetime:
    """Freshness lifetime, within the bounds the operator set for the route; `held` is one that
    was learned."""
    told = response_directives(head.headers, rules.targets)
    found = _explicit(head.headers, told, times)
    if found is None:
        found = Lifetime(_heuristic(head, told, times, rules, held), explicit=False)
    seconds = found.seconds
    if rules.ttl_min is not None and "no-cache" not in told:
        seconds = max(seconds, rules.ttl_min)
    if rules.ttl_max is not None:
        seconds = min(seconds, rules.ttl_max)
    return Lifetime(seconds, found.explicit)


def _explicit(headers: Headers, told: Directives, times: Exchange) -> Lifetime | None:
    for seconds in (told.s_maxage, told.max_age):
        if seconds is not None:
            return Lifetime(float(seconds), explicit=True)
    lines = [] if told.targeted else headers.all("expires")
    if not lines:
        return None
    expires = parse_date(lines[0], times.received) if len(lines) == 1 else None
    if expires is None:  # "0" and other invalid dates are in the past (RFC 9111, 5.3)
        return Lifetime(0.0, explicit=True)
    return Lifetime(max(0.0, expires - date_of(headers, times)), explicit=True)


def is_left_to_the_cache(head: Head, rules: Rules) -> bool:
    """Whether neither the origin nor the operator says how long, and it may be fresh at all."""
    told = response_directives(head.headers, rules.targets)
    if has_explicit_lifetime(head.headers, told) or rules.ttl_default is not None:
        return False
    if "no-cache" in told or "no-store" in told:
        return False
    return head.status in HEURISTIC_STATUSES or "public" in told


def _heuristic(
    head: Head, told: Directives, times: Exchange, rules: Rules, held: float | None
) -> float:
    """What the operator says, what was learned, or a tenth of the time since it changed last
    (RFC 9111, 4.2.2)."""
    if head.status not in HEURISTIC_STATUSES and "public" not in told:
        return 0.0
    if rules.ttl_default is not None:
        return rules.ttl_default
    if held is not None:
        return min(held, rules.heuristic_max)
    modified = parse_date(head.headers.get("last-modified"), times.received)
    if modified is not None:
        unchanged = max(0.0, date_of(head.headers, times) - modified)
        return min(unchanged * rules.heuristic_fraction, rules.heuristic_max)
    return 0.0


def date_of(headers: Headers, times: Exchange) -> float:
    """When the response was made: Date, or its arrival where that is missing or unreadable."""
    date = parse_date(headers.get("date"), times.received)
    return times.received if date is None else date


def age_value(headers: Headers) -> float:
    """The Age field's first value; one that is no number is ignored (RFC 9111, 5.1), as are
    parameters some caches put behind it."""
    if (told := headers.get("age")) is None:
        return 0.0
    text = re.split("[,;]", told, maxsplit=1)[0].strip()
    return float(delta_seconds(text) or 0)


def initial_age(headers: Headers, times: Exchange) -> float:
    """Corrected initial age on arrival (RFC 9111, 4.2.3)."""
    apparent = max(0.0, times.received - date_of(headers, times))
    return max(apparent, age_value(headers) + times.received - times.requested)


def current_age(stored: Stored, now: float) -> float:
    """Seconds since the origin made or last confirmed it."""
    return age_at(now, initial_age(stored.head.headers, stored.times), stored.times.received)


def age_at(now: float, initial: float, received: float) -> float:
    """The age now of what arrived then, with that age."""
    return initial + max(0.0, now - received)


def freshness(stored: Stored, now: float, rules: Rules) -> float:
    """Seconds of freshness left; negative: seconds of staleness.

    What an unsafe request or a soft purge marked is stale from then on.
    """
    left = lasting(stored, rules) - current_age(stored, now)
    return min(left, -1.0) if stored.invalid or stored.outdated else left


def lasting(stored: Stored, rules: Rules) -> float:
    """Seconds of the whole lifetime, shortened so that what came together does not go together."""
    return _lasting(stored.head, stored.times, stored.jitter, rules, stored.held)


def expires_at(stored: Stored, rules: Rules) -> float:
    """Unix seconds when the lifetime ends; what eviction policies know of it."""
    return ends_at(stored.head, stored.times, stored.jitter, rules, stored.held)


def ends_at(
    head: Head, times: Exchange, jitter: float, rules: Rules, held: float | None = None
) -> float:
    """The same of what is still to be stored."""
    lasts = _lasting(head, times, jitter, rules, held)
    return times.received + lasts - initial_age(head.headers, times)


def _lasting(head: Head, times: Exchange, jitter: float, rules: Rules, held: float | None) -> float:
    return lifetime(head, times, rules, held).seconds * jitter
