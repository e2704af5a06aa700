"""The simulator's loop: the engine's books on dense keys, in the subset that numba compiles.

It repeats `scrubjay_policies.engine.Engine` step by step, for speed; features and policies are
not repeated but compiled. Parity tests hold both equal, request by request.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from scrubjay_policies import rows as at
from scrubjay_policies.features import fill
from scrubjay_replay.compiled import JUDGE, compiled
from scrubjay_replay.decision import (
    CLOCK,
    EVICTED,
    HELD,
    REFUSED,
    USED,
    WIDTH,
    Limits,
    decide,
    matrices,
)
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.simulate import ASKED, STALE, WRITE
from scrubjay_replay.trace import requests

MISS, HIT, CHECKED = int(Verdict.MISS), int(Verdict.HIT), int(Verdict.CHECKED)


class Books(NamedTuple):
    """What the cache knows, carried from one stretch of requests to the next."""

    rows: NDArray[np.float64]  # one for each object held, in slots without gaps
    keys: NDArray[np.int64]  # of each slot
    slots: NDArray[np.int32]  # of each key, -1: not held
    stored: NDArray[np.int32]  # version of each key that is held
    version: NDArray[np.int32]  # version of each key that the origin has
    tally: NDArray[np.int64]
    inflation: NDArray[np.float64]  # one number


def books(keys: int, most: int) -> Books:
    """Empty books for so many different keys, of which at most `most` are held."""
    return Books(
        np.zeros((most, WIDTH)),
        np.zeros(most, np.int64),
        np.full(keys, -1, np.int32),
        np.zeros(keys, np.int32),
        np.zeros(keys, np.int32),
        np.zeros(6, np.int64),
        np.zeros(1),
    )


@lru_cache(maxsize=1)
def loop() -> Any:
    """`run`, compiled: some seconds the first time on a machine, then from the disk."""
    limits = Limits(1, 1, 1, 1, 1, False, False, False, False, False, 0.0)
    trace, book, numbers = map(numba.typeof, (requests([], [], []), books(0, 0), limits))
    judge = types.FunctionType(JUDGE)
    params, out = types.Array(types.float32, 1, "C"), types.Array(types.uint8, 1, "C")
    takes = (trace, types.int64, types.int64, book, numbers, judge, judge, params, out, out)
    return compiled(run, types.void(*takes))


def drop(rows: Any, keys: Any, slots: Any, tally: Any, key: Any) -> None:
    """Remove an object; the last row moves into its slot."""
    slot = slots[key]
    last = tally[HELD] - 1
    tally[USED] -= np.int64(rows[slot, at.SIZE])
    tally[HELD] = last
    slots[key] = -1
    if slot != last:
        for column in range(WIDTH):
            rows[slot, column] = rows[last, column]
        moved = keys[last]
        keys[slot] = moved
        slots[moved] = slot


def touch(rows: Any, slot: Any, clock: Any, inflation: Any) -> None:
    """The object answered a request."""
    rows[slot, at.GAP] = clock - rows[slot, at.SEEN]
    rows[slot, at.SEEN] = clock
    rows[slot, at.HITS] += 1.0
    rows[slot, at.CREDIT] = inflation


def admits(
    row: Any, clock: Any, inflation: Any, now: Any, limits: Any, admit: Any, params: Any
) -> Any:
    """Whether a newcomer is neither too large nor refused by the policy."""
    if row[at.SIZE] > limits.capacity or not limits.judges:
        return row[at.SIZE] <= limits.capacity
    rows, seen = matrices(1)
    verdict = np.zeros(1, np.float32)
    rows[0] = row
    fill(seen, rows, clock, now, inflation)
    admit(seen, params, verdict)
    return verdict[0] > 0


def reuse(rows: Any, slot: Any, now: Any, life: Any, good: Any, clock: Any, inflation: Any) -> Any:
    """Verdict and flags of a request for what is stored; a MISS where it does not answer."""
    fresh = rows[slot, at.EXPIRES] > now
    if not fresh and not good:
        return MISS, ASKED
    touch(rows, slot, clock, inflation)
    if fresh:
        return HIT, 0 if good else STALE
    rows[slot, at.EXPIRES] = now + life
    return CHECKED, ASKED


def make_room(
    rows: Any,
    keys: Any,
    slots: Any,
    tally: Any,
    inflation: Any,
    drawn: Any,
    picked: Any,
    seen: Any,
    numbers: Any,
    victims: Any,
    row: Any,
    now: Any,
    limits: Any,
    worth: Any,
    params: Any,
) -> Any:
    """Evict until the newcomer's row fits; False: it is refused."""
    while True:
        need = tally[USED] + row[at.SIZE] - limits.capacity
        held = tally[HELD]
        if need <= 0 and held < limits.max_objects:
            return True
        n = min(held, limits.k)
        if n < limits.k:  # a policy must not see rows that are none
            picked, seen = matrices(n + np.int64(limits.competes))
            numbers = np.zeros(n + np.int64(limits.competes), np.float32)
        found = decide(
            rows,
            tally,
            inflation,
            drawn,
            picked,
            seen,
            numbers,
            victims,
            row,
            need,
            now,
            limits,
            worth,
            params,
            n,
        )
        if found <= 0:
            return False
        for j in range(found):  # keys first: a drop moves the last row into the free slot
            victims[j] = keys[drawn[victims[j]]]
        for j in range(found):
            drop(rows, keys, slots, tally, victims[j])
        tally[EVICTED] += found


def newcomer(row: Any, rows: Any, slot: Any, clock: Any, inflation: Any) -> None:
    """The times and hits of an object that comes in; one that was there keeps its history."""
    row[at.BORN], row[at.HITS], row[at.GAP] = clock, 1.0, 0.0
    row[at.SEEN], row[at.CREDIT] = clock, inflation
    if slot >= 0:
        row[at.BORN], row[at.HITS] = rows[slot, at.BORN], rows[slot, at.HITS] + 1.0
        row[at.GAP] = clock - rows[slot, at.SEEN]


def insert(rows: Any, keys: Any, slots: Any, tally: Any, row: Any, key: Any) -> None:
    """Take an object in, for which there is room."""
    slot = tally[HELD]
    for column in range(WIDTH):
        rows[slot, column] = row[column]
    keys[slot], slots[key] = key, slot
    tally[HELD] = slot + 1
    tally[USED] += np.int64(row[at.SIZE])


def run(
    trace: Any,
    start: Any,
    stop: Any,
    book: Any,
    limits: Any,
    worth: Any,
    admit: Any,
    params: Any,
    verdict: Any,
    flags: Any,
) -> None:
    """Requests `start` to `stop` of the trace; their verdicts and flags."""
    rows, keys, slots, stored, version, tally, inflation = book
    times, asked, sizes, lifetimes, costs, writes = trace
    row, total = np.zeros(WIDTH), limits.k + np.int64(limits.competes)
    drawn, victims = np.zeros(limits.k, np.int64), np.zeros(limits.k, np.int64)
    (picked, seen), numbers = matrices(total), np.zeros(total, np.float32)
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
        clock = tally[CLOCK]
        verdict[i] = MISS
        if slot >= 0:
            good = not limits.changes or stored[key] == version[key]
            verdict[i], flags[i] = reuse(rows, slot, now, life, good, clock, inflation[0])
            if verdict[i] != MISS:
                continue
        newcomer(row, rows, slot, clock, inflation[0])
        row[at.SIZE], row[at.EXPIRES], row[at.COST] = max(1, sizes[i]), now + life, costs[i]
        if slot >= 0:
            drop(rows, keys, slots, tally, key)
        taken = admits(row, clock, inflation[0], now, limits, admit, params)
        if taken:
            books = rows, keys, slots, tally, inflation
            space = drawn, picked, seen, numbers, victims
            taken = make_room(*books, *space, row, now, limits, worth, params)
        if not taken:
            tally[REFUSED] += 1
            continue
        insert(rows, keys, slots, tally, row, key)
        if limits.changes:
            stored[key] = version[key]
