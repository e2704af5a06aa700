"""The simulator's loop: the engine's books on dense keys, in the subset that numba compiles.

It repeats `scrubjay_policies.engine.Engine` step by step, for speed; features and policies are
not repeated but compiled. Parity tests hold both equal, request by request.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numba
import numpy as np
from numba import types

from scrubjay_policies import rows as at
from scrubjay_policies.cohorts import nobody
from scrubjay_policies.judge import MOST_TIMES, times
from scrubjay_policies.shadows.holders import leave
from scrubjay_policies.shadows.state import FIRST, OWN, STRIDE
from scrubjay_replay.compiled import JUDGE, compiled
from scrubjay_replay.decision import decide, matrices
from scrubjay_replay.ledger import (
    MISS,
    admits,
    drop,
    insert,
    left,
    miss,
    newcomer,
    note,
    remember,
    reuse,
)
from scrubjay_replay.simulate import WRITE
from scrubjay_replay.state import (
    CLOCK,
    EVICTED,
    HELD,
    INFLATION,
    REFUSED,
    USED,
    WIDTH,
    Limits,
    books,
    ghosts,
    log,
)
from scrubjay_replay.trace import requests


@lru_cache(maxsize=2)
def loop(deep: bool) -> Any:
    """`run`, compiled: some seconds the first time on a machine, then from the disk.

    Without what only policies need that see all features, unless `deep`.
    """
    limits = Limits(1, 1, 1, 1, 1, False, False, False, False, False, 1, False, 0.0)
    together, trace = nobody(1) if deep else None, requests([], [], [])
    shapes = (trace, books(0, 0), ghosts(0), together, log(0, 1, 1), limits)
    judge = types.FunctionType(JUDGE)
    params, out = types.Array(types.float32, 1, "C"), types.Array(types.uint8, 1, "C")
    rows, *rest = map(numba.typeof, shapes)
    takes = (rows, types.int64, types.int64, *rest, judge, judge, params, out, out)
    return compiled(run, types.void(*takes))


def scratch(limits: Any) -> Any:
    """Arrays for one request: a newcomer's row, candidates, rows, features, worths, victims."""
    total = limits.k + np.int64(limits.competes)
    most = limits.k * MOST_TIMES
    drawn, victims = np.zeros(most, np.int64), np.zeros(2 * most, np.int64)
    picked, seen = matrices(total)
    return np.zeros((1, WIDTH)), drawn, picked, seen, np.zeros(total, np.float32), victims


def make_room(
    book: Any,
    ghost: Any,
    together: Any,
    shadows: Any,
    at_hand: Any,
    key: Any,
    notes: Any,
    now: Any,
    limits: Any,
    worth: Any,
    params: Any,
) -> Any:
    """Evict until the newcomer's row fits; False: it is refused."""
    rows, _, keys, slots, _, _, tally, means = book
    fresh, drawn, picked, seen, numbers, victims = at_hand
    row = fresh[0]
    while True:
        need = tally[USED] + row[at.SIZE] - limits.capacity
        held = tally[HELD]
        if need <= 0 and held < limits.max_objects:
            return True
        n = min(held, limits.k * times(held, limits.ahead))
        total = n + np.int64(limits.competes)
        if total != len(numbers):  # a policy must not see rows that are none
            picked, seen = matrices(total)
            numbers = np.zeros(total, np.float32)
        sampled = drawn, picked, seen, numbers, victims
        found = decide(
            rows, tally, means, together, *sampled, row, need, now, limits, worth, params, n
        )
        note(notes, tally, keys, drawn, n, seen, key)
        if found <= 0:
            return False
        leaving = victims[limits.k * MOST_TIMES :]
        for j in range(found):  # keys first: a drop moves the last row into the free slot
            leaving[j] = keys[drawn[victims[j]]]
        for j in range(found):
            drop(rows, keys, slots, tally, leaving[j])
            if together is not None:
                left(picked[victims[j]], means, together)
                remember(ghost, tally, leaving[j], picked[victims[j]])
            if shadows is not None:
                leave(shadows, leaving[j] * STRIDE + FIRST, OWN)
        tally[EVICTED] += found


def offer(
    key: Any,
    size: Any,
    expires: Any,
    cost: Any,
    now: Any,
    book: Any,
    ghost: Any,
    together: Any,
    shadows: Any,
    at_hand: Any,
    notes: Any,
    limits: Any,
    worth: Any,
    admit: Any,
    params: Any,
) -> Any:
    """`Engine.offer`: whether it was taken in. `shadows`, if any, are told of what goes."""
    rows, _, keys, slots, _, _, tally, means = book
    if size > limits.capacity:  # and so it is not held: a key has one size
        tally[REFUSED] += 1
        return False
    fresh, slot = at_hand[0], slots[key]
    row = fresh[0]
    miss(tally, means, size)
    newcomer(fresh, rows, slot, ghost, key, tally, means, together, limits.deep)
    row[at.SIZE], row[at.EXPIRES], row[at.CREDIT] = size, expires, means[INFLATION]
    fresh.view(np.float32)[0, at.COST] = cost
    if slot >= 0:
        drop(rows, keys, slots, tally, key)
    taken = not limits.judges or admits(fresh, tally, means, together, now, limits, admit, params)
    if taken:
        asks = now, limits, worth, params
        taken = make_room(book, ghost, together, shadows, at_hand, key, notes, *asks)
    if not taken and limits.deep:
        remember(ghost, tally, key, row)
    if taken:
        insert(rows, keys, slots, tally, row, key)
    else:
        tally[REFUSED] += 1
    return taken


def run(
    trace: Any,
    start: Any,
    stop: Any,
    book: Any,
    ghost: Any,
    together: Any,
    notes: Any,
    limits: Any,
    worth: Any,
    admit: Any,
    params: Any,
    verdict: Any,
    flags: Any,
) -> None:
    """Requests `start` to `stop` of the trace; their verdicts and flags."""
    rows, past, keys, slots, stored, version, tally, means = book
    times, asked, sizes, lifetimes, costs, writes = trace
    at_hand = scratch(limits)
    for i in range(start, stop):
        key, now, life = asked[i], limits.epoch + times[i], lifetimes[i]
        slot = slots[key]
        if writes[i]:
            verdict[i] = WRITE
            version[key] += 1
            if limits.through and slot >= 0:
                drop(rows, keys, slots, tally, key)
            continue
        tally[CLOCK] += 1
        verdict[i] = MISS
        if slot >= 0:
            good = not limits.changes or stored[key] == version[key]
            asked_for = good, 0, tally, means, together
            verdict[i], flags[i] = reuse(rows, past, slot, now, life, *asked_for)
            if verdict[i] != MISS:
                continue
        told = key, max(1, sizes[i]), now + life, costs[i], now
        asks = limits, worth, admit, params
        if offer(*told, book, ghost, together, None, at_hand, notes, *asks) and limits.changes:
            stored[key] = version[key]
