"""The simulator's loop for a cache that follows its shadows: `Follower` on dense keys.

The shadows are not repeated but compiled; a slot of theirs is a key, behind the ends of the queues.
`kernel` has the engine of the own ranking. Parity tests hold this and `Follower` equal.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numba
import numpy as np
from numba import types

from scrubjay_policies import rows as at
from scrubjay_policies.cohorts import nobody
from scrubjay_policies.shadows.holders import enter, give_up, keep, lacks_room, leave, stray
from scrubjay_policies.shadows.state import (
    EXPIRES,
    FIRST,
    HELD,
    LATENCY,
    LEADER,
    LIVE,
    OWN,
    PATIENCE,
    RUNNING,
    SIZE,
    STRIDE,
    UNTOLD,
    WAITING_HITS,
)
from scrubjay_policies.shadows.watch import GLANCE, fetched, forget, glance, see
from scrubjay_replay.compiled import JUDGE, compiled
from scrubjay_replay.kernel import offer, scratch
from scrubjay_replay.ledger import CHECKED, HIT, MISS, drop, hits, reuse
from scrubjay_replay.simulate import ASKED, STALE, WRITE
from scrubjay_replay.state import (
    CLOCK,
    EVICTED,
    REFUSED,
    TURNOVER,
    Limits,
    books,
    ghosts,
    log,
    shadows,
)
from scrubjay_replay.trace import requests


@lru_cache(maxsize=1)
def loop() -> Any:
    """`run`, compiled: some seconds the first time on a machine, then from the disk."""
    limits = Limits(1, 1, 1, 1, 1, False, False, False, False, False, 1, False, 0.0)
    shapes = (
        requests([], [], []),
        shadows(0),
        books(0, 0),
        ghosts(0),
        nobody(1),
        log(0, 1, 1),
        limits,
    )
    judge, count = types.FunctionType(JUDGE), types.Array(types.int64, 1, "C")
    params, out = types.Array(types.float32, 1, "C"), types.Array(types.uint8, 1, "C")
    rows, *state = map(numba.typeof, shapes)
    takes = (rows, types.int64, types.int64, *state, judge, judge, params)
    return compiled(run, types.void(*takes, count, out, out))


def touch(book: Any, key: Any, expires: Any, untold: Any, together: Any) -> None:
    """`Engine.renew` and `Engine.touch`."""
    rows, past, _, slots, _, _, tally, means = book
    slot = slots[key]
    rows[slot, at.EXPIRES] = expires
    reuse(rows, past, slot, -np.inf, 0.0, True, untold, tally, means, together)


def show(
    s: Any,
    key: Any,
    had: Any,
    fresh: Any,
    now: Any,
    book: Any,
    ghost: Any,
    together: Any,
    at_hand: Any,
    notes: Any,
    limits: Any,
    worth: Any,
    admit: Any,
    params: Any,
) -> None:
    """`Follower._see`."""
    slot = key * STRIDE + FIRST
    if s.whole[WAITING_HITS]:
        hits(book.tally, book.means, s.whole[WAITING_HITS])
        s.whole[WAITING_HITS] = 0
    if s.marks[slot + HELD] >> OWN & 1:
        touch(book, key, s.floats[slot + EXPIRES], s.marks[slot + UNTOLD], together)
    elif s.whole[RUNNING] >> OWN & 1:
        told = (
            key,
            np.int64(s.floats[slot + SIZE]),
            s.floats[slot + EXPIRES],
            s.floats[slot + LATENCY],
            now,
        )
        rest = notes, limits, worth, admit, params
        if offer(*told, book, ghost, together, s, at_hand, *rest):
            enter(s, slot, OWN)
        s.real[PATIENCE] = GLANCE * book.means[TURNOVER]
    see(s, slot, fresh, had)


def settle(s: Any, slot: Any, now: Any, counts: Any) -> Any:
    """What `Follower.offer` does with what its shadows have seen: whether it was taken in."""
    size = s.floats[slot + SIZE]
    if not s.marks[slot + HELD] >> s.whole[LEADER] & 1:
        counts[REFUSED] += 1
        return False
    while lacks_room(s, LIVE, size):
        give_up(s, stray(s, now))
        counts[EVICTED] += 1
    keep(s, slot)
    return True


def gone(s: Any, book: Any, key: Any) -> None:
    """`Follower.drop`."""
    slot = key * STRIDE + FIRST
    if s.marks[slot + HELD] >> LIVE & 1:
        give_up(s, slot)
    forget(s, slot)
    if s.marks[slot + HELD] >> OWN & 1:
        leave(s, slot, OWN)
        drop(book.rows, book.keys, book.slots, book.tally, key)


def run(
    trace: Any,
    start: Any,
    stop: Any,
    s: Any,
    book: Any,
    ghost: Any,
    together: Any,
    notes: Any,
    limits: Any,
    worth: Any,
    admit: Any,
    params: Any,
    counts: Any,
    verdict: Any,
    flags: Any,
) -> None:
    """Requests `start` to `stop` of the trace; their verdicts and flags.

    `book`, `ghost`, `together` and `notes` belong to the own ranking's shadow, `counts` to the
    live cache.
    """
    times, asked, sizes, lifetimes, costs, writes = trace
    stored, version, tally = book.stored, book.version, book.tally
    asks = book, ghost, together, scratch(limits), notes, limits, worth, admit, params
    for i in range(start, stop):
        key, now, life = asked[i], limits.epoch + times[i], lifetimes[i]
        slot = key * STRIDE + FIRST
        if writes[i]:
            verdict[i] = WRITE
            version[key] += 1
            if limits.through:
                gone(s, book, key)
            continue
        tally[CLOCK] += 1
        fresh, live = s.floats[slot + EXPIRES] > now, s.marks[slot + HELD] >> LIVE & 1
        good = not limits.changes or stored[key] == version[key]
        answers = live and (fresh or good)
        quick = answers and fresh and glance(s, slot)
        verdict[i] = MISS if not answers else HIT if fresh else CHECKED
        if live:
            flags[i] = ASKED if not fresh else 0 if good else STALE
        if quick:
            continue
        if live and not answers:
            give_up(s, slot)
        had = s.marks[slot + HELD]
        if not answers and sizes[i] > limits.capacity:  # and so nobody holds it: a key has one size
            counts[REFUSED] += 1
            continue
        if not answers:
            fetched(s, slot, np.float64(max(1, sizes[i])), np.float64(costs[i]))
        if not answers or not fresh:
            s.floats[slot + EXPIRES] = now + life
        show(s, key, had, fresh, now, *asks)
        if not answers and settle(s, slot, now, counts) and limits.changes:
            stored[key] = version[key]
