"""One request, in every shadow cache: who would have had it, and what each takes in and evicts."""

from __future__ import annotations

from typing import Any

from scrubjay_policies.shadows.gdsf import asks as asks_gdsf
from scrubjay_policies.shadows.gdsf import drop as drop_gdsf
from scrubjay_policies.shadows.gdsf import evict as evict_gdsf
from scrubjay_policies.shadows.gdsf import hit as hit_gdsf
from scrubjay_policies.shadows.gdsf import insert as insert_gdsf
from scrubjay_policies.shadows.guard import choose, compare, switch
from scrubjay_policies.shadows.holders import lacks_room, leave
from scrubjay_policies.shadows.lru import drop as drop_lru
from scrubjay_policies.shadows.lru import evict as evict_lru
from scrubjay_policies.shadows.lru import hit as hit_lru
from scrubjay_policies.shadows.lru import insert as insert_lru
from scrubjay_policies.shadows.s3fifo import GHOST
from scrubjay_policies.shadows.s3fifo import drop as drop_s3fifo
from scrubjay_policies.shadows.s3fifo import evict as evict_s3fifo
from scrubjay_policies.shadows.s3fifo import forget as forget_s3fifo
from scrubjay_policies.shadows.s3fifo import hit as hit_s3fifo
from scrubjay_policies.shadows.s3fifo import insert as insert_s3fifo
from scrubjay_policies.shadows.s3fifo import takes as takes_s3fifo
from scrubjay_policies.shadows.sieve import drop as drop_sieve
from scrubjay_policies.shadows.sieve import evict as evict_sieve
from scrubjay_policies.shadows.sieve import hit as hit_sieve
from scrubjay_policies.shadows.sieve import insert as insert_sieve
from scrubjay_policies.shadows.state import (
    BY_COST,
    BY_SIZE,
    CACHES,
    COST,
    EVERYBODY,
    GAIN,
    GDSF,
    HELD,
    HITS,
    LATENCY,
    LOOKED,
    LRU,
    NOBODY,
    OWN,
    PATIENCE,
    PLACE,
    RENEWED,
    REQUESTS,
    RUNNING,
    S3FIFO,
    SAVED,
    SHARED,
    SHARED_SAVED,
    SIEVE,
    SIZE,
    UNTOLD,
    WAITING_HITS,
)

_LEAST_COST = 1e-6  # seconds; nothing is fetched for nothing
_RATE = 1e-3  # of the running mean of cost
GLANCE = 1 / 32  # of the turnover: for so long an object is not looked at again in full


def fetched(s: Any, slot: Any, size: Any, cost: Any) -> None:
    """An answer of `size` bytes, for which the origin took `cost` seconds."""
    resize(s, slot, size)
    s.floats[slot + LATENCY] = cost
    counts = max(cost, _LEAST_COST)
    s.real[COST] += _RATE * (counts - s.real[COST])
    s.floats[slot + GAIN] = (counts if s.real[BY_COST] else 1.0) / (
        size if s.real[BY_SIZE] else 1.0
    )


def glance(s: Any, slot: Any) -> Any:
    """A hit on what all hold and what was looked at a moment ago, in a small part of the time that
    a full look takes; False: it is none, and nothing was done.

    Nothing but the order of LRU and the row of the own ranking are not brought up to date, which
    near their new end makes no difference (CacheLib: Berg 2020).
    """
    marks, whole = s.marks, s.whole
    if marks[slot + HELD] != whole[EVERYBODY] or marks[slot + RENEWED]:
        return False
    now = whole[REQUESTS]
    if now - s.floats[slot + LOOKED] >= s.real[PATIENCE]:
        return False
    whole[REQUESTS] = now + 1
    whole[WAITING_HITS] += 1
    marks[slot + UNTOLD] += 1
    _share(s, slot)
    hit_sieve(s, slot)
    hit_s3fifo(s, slot)
    hit_gdsf(s, slot)
    return True


def look(s: Any, slot: Any) -> None:
    """`see`, of a hit on what all caches that there are hold; the own ranking is told before."""
    s.whole[REQUESTS] += 1
    s.marks[slot + UNTOLD] = 0
    s.floats[slot + LOOKED] = s.whole[REQUESTS]
    _share(s, slot)
    hit_lru(s, slot)
    hit_sieve(s, slot)
    hit_s3fifo(s, slot)
    hit_gdsf(s, slot)


def see(s: Any, slot: Any, fresh: Any, had: Any) -> None:
    """A request.

    `fresh`: whoever had it could have answered; `had`: the bits of those that held it, before the
    own ranking's shadow took it in or gave it up.
    """
    s.whole[REQUESTS] += 1
    size = s.floats[slot + SIZE]
    s.marks[slot + UNTOLD] = 0
    s.floats[slot + LOOKED] = s.whole[REQUESTS]
    if fresh:
        _count(s, slot, size, had)
    _queues(s, slot, size, s.whole[RUNNING])
    _heap(s, slot, size, s.whole[RUNNING])


def resize(s: Any, slot: Any, size: Any) -> None:
    """It has another size from now on: no shadow holds it."""
    if size != s.floats[slot + SIZE]:
        forget(s, slot)
        if s.marks[slot + HELD] >> OWN & 1:
            leave(s, slot, OWN)
        s.floats[slot + SIZE] = size


def forget(s: Any, slot: Any) -> None:
    """It is gone at the origin, or another now: no shadow but the own ranking's holds it."""
    held = s.marks[slot + HELD]
    if held >> LRU & 1:
        drop_lru(s, slot)
    if held >> SIEVE & 1:
        drop_sieve(s, slot)
    if held >> S3FIFO & 1:
        drop_s3fifo(s, slot)
    elif s.marks[slot + PLACE] == GHOST:
        forget_s3fifo(s, slot)
    if held >> GDSF & 1:
        drop_gdsf(s, slot)


def _count(s: Any, slot: Any, size: Any, had: Any) -> None:
    """Hits of each cache, and what they are worth by the objective."""
    if not had:
        return
    if had == s.whole[EVERYBODY]:  # makes no difference between them
        _share(s, slot)
        return
    worth = 1.0
    if s.real[BY_COST] or not s.real[BY_SIZE]:
        worth = s.floats[slot + GAIN] * size
    running = s.whole[RUNNING]
    for cache in range(CACHES + 1):
        if had >> cache & 1:
            s.whole[HITS + cache] += 1
            s.real[SAVED + cache] += worth
    if running >> OWN & 1 and compare(s, had, worth):
        leader = choose(s)
        if leader != NOBODY:
            switch(s, leader)


def _share(s: Any, slot: Any) -> None:
    """A hit of all."""
    real = s.real
    s.whole[SHARED] += 1
    if real[BY_COST] or not real[BY_SIZE]:
        real[SHARED_SAVED] += s.floats[slot + GAIN] * s.floats[slot + SIZE]
    else:
        real[SHARED_SAVED] += 1.0


def _queues(s: Any, slot: Any, size: Any, running: Any) -> None:
    """LRU, SIEVE and S3-FIFO note a hit, or take the object in."""
    held = s.marks[slot + HELD]
    if held >> LRU & 1:
        hit_lru(s, slot)
    elif running >> LRU & 1:
        while lacks_room(s, LRU, size):
            evict_lru(s)
        insert_lru(s, slot)
    if held >> SIEVE & 1:
        hit_sieve(s, slot)
    elif running >> SIEVE & 1:
        while lacks_room(s, SIEVE, size):
            evict_sieve(s)
        insert_sieve(s, slot)
    if held >> S3FIFO & 1:
        hit_s3fifo(s, slot)
    elif running >> S3FIFO & 1 and takes_s3fifo(s, slot):
        while lacks_room(s, S3FIFO, size):
            evict_s3fifo(s)
        insert_s3fifo(s, slot)


def _heap(s: Any, slot: Any, size: Any, running: Any) -> None:
    """GDSF notes a hit, or takes the object in unless it would be the next to go."""
    if s.marks[slot + HELD] >> GDSF & 1:
        hit_gdsf(s, slot)
        return
    if not running >> GDSF & 1:
        return
    mine = asks_gdsf(s, slot)
    while lacks_room(s, GDSF, size):
        if evict_gdsf(s, mine) == NOBODY:
            return
    insert_gdsf(s, slot)
