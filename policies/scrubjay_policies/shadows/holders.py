"""Who holds what: the caches' bits, the live cache's objects, and which of those are strays.

A stray is held by the live cache and not by the one that it follows. A cache that evicts only
strays, and takes in only what the followed one holds, is a copy of it once no stray is left.
"""

from __future__ import annotations

from typing import Any

from scrubjay_policies.shadows.state import (
    AT,
    BY_SIZE,
    CACHES,
    CAPACITY,
    DICE,
    EXPIRES,
    HELD,
    LACK,
    LEADER,
    LIVE,
    MOST,
    NOBODY,
    OBJECTS,
    SIZE,
    STRAYS,
    USED,
)

DRAWN = 8  # candidates for one eviction
_SHADOWS = (1 << CACHES) - 1
_HOLDERS = tuple(0.5 + bits.bit_count() for bits in range(1 << CACHES))  # how many, by their bits
_FACTOR, _STEP, _MASK = 1103515245, 12345, 0x7FFFFFFF  # the generator of C's rand: in 63 bits


def weight(s: Any, slot: Any) -> Any:
    """What a copy counts where copies are counted: its bytes where hits of bytes count."""
    return 1.0 if s.real[BY_SIZE] else s.floats[slot + SIZE]


def lacks_room(s: Any, cache: Any, size: Any) -> Any:
    """Whether something has to go before so many bytes come in."""
    over = s.real[USED + cache] + size > s.real[CAPACITY]
    return over or s.whole[OBJECTS + cache] >= s.whole[MOST]


def enter(s: Any, slot: Any, cache: Any) -> None:
    """A shadow cache takes it in."""
    s.marks[slot + HELD] |= 1 << cache
    s.whole[OBJECTS + cache] += 1
    s.real[USED + cache] += s.floats[slot + SIZE]
    if not s.marks[slot + HELD] >> LIVE & 1:
        s.real[LACK + cache] += weight(s, slot)
    elif s.whole[LEADER] == cache:
        _move(s, slot, False)


def leave(s: Any, slot: Any, cache: Any) -> None:
    """A shadow cache gives it up."""
    s.marks[slot + HELD] &= ~(1 << cache)
    s.whole[OBJECTS + cache] -= 1
    s.real[USED + cache] -= s.floats[slot + SIZE]
    if not s.marks[slot + HELD] >> LIVE & 1:
        s.real[LACK + cache] -= weight(s, slot)
    elif s.whole[LEADER] == cache:
        _move(s, slot, True)


def keep(s: Any, slot: Any) -> None:
    """The live cache takes it in."""
    s.marks[slot + HELD] |= 1 << LIVE
    s.real[USED + LIVE] += s.floats[slot + SIZE]
    _lacked(s, slot, -weight(s, slot))
    last = s.whole[OBJECTS + LIVE]
    s.whole[OBJECTS + LIVE] = last + 1
    s.lives[last], s.links[slot + AT] = slot, last
    _check(s, slot)


def give_up(s: Any, slot: Any) -> None:
    """The live cache holds it no more."""
    s.marks[slot + HELD] &= ~(1 << LIVE)
    s.real[USED + LIVE] -= s.floats[slot + SIZE]
    _lacked(s, slot, weight(s, slot))
    _move(s, slot, False)
    last = s.whole[OBJECTS + LIVE] - 1
    s.whole[OBJECTS + LIVE] = last
    moved = s.lives[last]
    s.lives[s.links[slot + AT]], s.links[moved + AT] = moved, s.links[slot + AT]


def follow(s: Any, leader: Any) -> None:
    """Follow another cache. Looks at every object held."""
    s.whole[LEADER], s.whole[STRAYS] = leader, 0
    for place in range(s.whole[OBJECTS + LIVE]):
        _check(s, s.lives[place])


def stray(s: Any, now: Any) -> Any:
    """Of some strays an expired one, or the one that the fewest caches hold, by bytes where those
    count; NOBODY where there is none."""
    strays = s.whole[STRAYS]
    best, least = NOBODY, 0.0
    for _ in range(min(DRAWN, strays)):
        s.whole[DICE] = (s.whole[DICE] * _FACTOR + _STEP) & _MASK
        slot = s.lives[(s.whole[DICE] * strays) >> 31]
        worth = _HOLDERS[s.marks[slot + HELD] & _SHADOWS]
        if s.real[BY_SIZE]:
            worth /= s.floats[slot + SIZE]
        if s.floats[slot + EXPIRES] <= now:
            worth = 0.0
        if best == NOBODY or worth < least:
            best, least = slot, worth
    return best


def _check(s: Any, slot: Any) -> None:
    _move(s, slot, not s.marks[slot + HELD] >> s.whole[LEADER] & 1)


def _move(s: Any, slot: Any, astray: Any) -> None:
    """Put what is held live among the strays, which come first, or behind them."""
    place, border = s.links[slot + AT], s.whole[STRAYS]
    if (place < border) == astray:
        return
    if not astray:
        border -= 1
    other = s.lives[border]
    s.lives[place], s.lives[border] = other, slot
    s.links[other + AT], s.links[slot + AT] = place, border
    s.whole[STRAYS] = border + 1 if astray else border


def _lacked(s: Any, slot: Any, weight: Any) -> None:
    for cache in range(CACHES):
        if s.marks[slot + HELD] >> cache & 1:
            s.real[LACK + cache] += weight
