"""Which cache the live one follows: another, once it has had more hits than the switch may cost.

For each cache counts what its hits were worth more than the followed one's, from the time on since
when that is most (Page's CUSUM, 1954). A switch costs at most what the new leader holds and the live
cache does not, and is made when so much has been missed by not having made it: as with hired
skis, that is never more than twice what the wiser would have paid.
"""

from __future__ import annotations

from typing import Any

from scrubjay_policies.shadows.holders import follow
from scrubjay_policies.shadows.state import (
    BY_COST,
    CACHES,
    COST,
    LACK,
    LEAD,
    LEADER,
    NOBODY,
    REQUESTS,
    SINCE,
    SWITCHES,
)

SHARE = 1.0  # of what is lacked
LEAST = 20.0  # objects, where hits of objects or cost count
LEAST_SHARE = 0.01  # of the capacity, where hits of bytes count


def price(s: Any, cache: Any) -> Any:
    """The lead that a cache needs to be followed, in worth of hits."""
    scale = s.real[32] / s.real[33]
    unit = s.real[COST] if s.real[BY_COST] else 1.0
    share = s.real[30]
    if s.real[35]:
        share = max(share, s.real[36])
        if s.real[38] > 0:
            share = max(share, min(s.real[35], s.real[37] / s.real[38]))
    return share * s.real[LACK + cache] * unit + s.real[31] * scale


def compare(s: Any, had: Any, worth: Any) -> None:
    """A request whose hit is `worth` so much, and the bits of those that `had` it."""
    s.real[33] += 0.01 * (worth - s.real[33])
    s.real[32] += 0.01 * (worth * worth - s.real[32])
    followed = had >> s.whole[LEADER] & 1
    live = had >> 5 & 1
    if followed != live:
        s.real[37] += worth if followed else -worth
    for cache in range(CACHES):
        if had >> cache & 1 != followed:
            lead = s.real[LEAD + cache] + (-worth if followed else worth)
            s.real[LEAD + cache] = max(-s.real[34] * price(s, cache), lead)


def choose(s: Any) -> Any:
    """The cache to follow from now on, NOBODY: the same as before."""
    best, most = NOBODY, 0.0
    for cache in range(CACHES):
        lead = s.real[LEAD + cache]
        if lead > most and lead > price(s, cache):
            best, most = cache, lead
    return best


def switch(s: Any, leader: Any) -> None:
    """Follow another one, and count leads from here on."""
    s.whole[SWITCHES] += 1
    s.whole[SINCE] = s.whole[REQUESTS]
    lead = s.real[LEAD + leader]
    for cache in range(CACHES):
        s.real[LEAD + cache] = max(-s.real[34] * price(s, cache), s.real[LEAD + cache] - lead)
    if s.real[38] > 0:
        s.real[36] = 0.5 * s.real[36] + 0.5 * max(0.0, min(s.real[35], s.real[37] / s.real[38]))
    s.real[37] = 0.0
    s.real[38] = s.real[LACK + leader]
    follow(s, leader)
