"""Which cache the live one follows: another, once it leads by what the switch may cost.

Counted is what the hits of each cache were worth more than those of the followed one. That sum
goes as far below nothing as the live cache holds, so that a long good time is forgotten as fast
as it is lost. A switch costs some of what the new leader holds and the live cache does not,
because each such object that is asked for has to be fetched once.
"""

from __future__ import annotations

from typing import Any

from scrubjay_policies.shadows.holders import follow
from scrubjay_policies.shadows.state import (
    BY_COST,
    BY_SIZE,
    CACHES,
    COST,
    LACK,
    LEAD,
    LEADER,
    LIVE,
    NOBODY,
    OBJECTS,
    REQUESTS,
    SINCE,
    SQUARES,
    SWITCHES,
    USED,
    WORTH,
)

SHARE = 0.03  # of what the live cache lacks, that is asked for while it is held
LEAST = 10.0  # hits of usual worth, that another may lead by at random
MEMORY = 1.0  # of what the live cache holds, that another may trail by
_RATE = 0.01  # of the running means of worth, and of its square


def price(s: Any, cache: Any) -> Any:
    """The lead that a cache needs to be followed, in worth of hits."""
    usual = s.real[SQUARES] / s.real[WORTH]
    return SHARE * s.real[LACK + cache] * _each(s) + LEAST * usual


def compare(s: Any, had: Any, worth: Any) -> Any:
    """A request whose hit is `worth` so much, and the bits of those that `had` it: whether one
    has gained on the followed cache."""
    s.real[WORTH] += _RATE * (worth - s.real[WORTH])
    s.real[SQUARES] += _RATE * (worth * worth - s.real[SQUARES])
    if not had >> s.whole[LEADER] & 1:
        for cache in range(CACHES):
            if had >> cache & 1:
                s.real[LEAD + cache] += worth
        return True
    least = float(s.whole[OBJECTS + LIVE]) if s.real[BY_SIZE] else s.real[USED + LIVE]
    least *= -MEMORY * _each(s)
    for cache in range(CACHES):
        if not had >> cache & 1:
            s.real[LEAD + cache] = max(least, s.real[LEAD + cache] - worth)
    return False


def choose(s: Any) -> Any:
    """The cache to follow from now on, NOBODY: the same as before."""
    best, most = NOBODY, 0.0
    for cache in range(CACHES):
        lead = s.real[LEAD + cache]
        if lead > most and lead > price(s, cache):
            best, most = cache, lead
    return best


def switch(s: Any, leader: Any) -> None:
    """Follow another one; leads are those over it from here on."""
    s.whole[SWITCHES] += 1
    s.whole[SINCE] = s.whole[REQUESTS]
    lead = s.real[LEAD + leader]
    for cache in range(CACHES):
        s.real[LEAD + cache] -= lead
    follow(s, leader)


def _each(s: Any) -> Any:
    """What a hit of an object is worth where objects are counted, and of a byte where bytes are."""
    return s.real[COST] if s.real[BY_COST] else 1.0
