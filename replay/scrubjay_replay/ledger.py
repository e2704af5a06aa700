"""The engine's steps on arrays, in the subset that numba compiles; `kernel` says why."""

from __future__ import annotations

from typing import Any

import numpy as np

from scrubjay_policies import rows as at
from scrubjay_policies.climate import LEAST_MISSES, RATE
from scrubjay_policies.cohorts import asked, came, fared
from scrubjay_policies.features import Moment, fill
from scrubjay_policies.ghosts import FEWEST, PER_HELD
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.simulate import ASKED, STALE
from scrubjay_replay.state import (
    ARRIVED,
    CLOCK,
    DECISIONS,
    FEATURE_COUNT,
    FETCHED,
    FIRSTS,
    GHOSTS,
    HELD,
    INFLATION,
    LAST,
    LOGGED,
    MEAN_SIZE,
    MISSES,
    NEWEST,
    NO_GHOST,
    OLDEST,
    REQUESTS,
    TURNOVER,
    USED,
    WASTED,
    WIDTH,
)

MISS, HIT, CHECKED = int(Verdict.MISS), int(Verdict.HIT), int(Verdict.CHECKED)


def moment(tally: Any, means: Any, now: Any, limits: Any) -> Any:
    """`Judge.observe`: the cache when features are read."""
    clock, capacity = np.float64(tally[CLOCK]), np.float64(limits.capacity)
    inflation, size, misses = means[INFLATION], means[MEAN_SIZE], means[MISSES]
    firsts, wasted = means[FIRSTS], means[WASTED]
    return Moment(
        clock, now, inflation, turnover(tally, means), size, misses, capacity, firsts, wasted
    )


def turnover(tally: Any, means: Any) -> Any:
    """`Climate.turnover`."""
    return max(1.0, tally[HELD] / max(means[MISSES], LEAST_MISSES))


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


def hit(tally: Any, means: Any, first: Any) -> None:
    """`Climate.hit`."""
    means[FIRSTS] += RATE * (first - means[FIRSTS])
    tally[REQUESTS] += 1
    means[MISSES] -= max(RATE, 1.0 / tally[REQUESTS]) * means[MISSES]


def hits(tally: Any, means: Any, count: Any) -> None:
    """`Climate.hits`."""
    tally[REQUESTS] += count
    means[MISSES] /= 1.0 + count * max(RATE, 1.0 / (tally[REQUESTS] - count))
    means[FIRSTS] /= 1.0 + count * RATE


def miss(tally: Any, means: Any, size: Any) -> None:
    """`Climate.miss`."""
    tally[REQUESTS] += 1
    tally[FETCHED] += 1
    means[MISSES] += max(RATE, 1.0 / tally[REQUESTS]) * (1.0 - means[MISSES])
    means[MEAN_SIZE] += max(RATE, 1.0 / tally[FETCHED]) * (size - means[MEAN_SIZE])
    means[TURNOVER] = turnover(tally, means)


def again(past: Any, slot: Any, gap: Any, untold: Any) -> None:
    """Move a row's spans on to one more request; `untold` were in between, evenly."""
    past[slot, at.RESIDENCE] += gap
    past[slot, at.LIFE] += gap
    past[slot, at.GAP2] = past[slot, at.GAP]
    past[slot, at.GAP] = gap / (1.0 + untold)
    past[slot, at.HITS] += 1.0 + untold
    past[slot, at.COUNT] += 1.0 + untold


def reuse(
    rows: Any,
    past: Any,
    slot: Any,
    now: Any,
    life: Any,
    good: Any,
    untold: Any,
    tally: Any,
    means: Any,
    together: Any,
) -> Any:
    """Verdict and flags of a request for what is stored; a MISS where it does not answer. It was
    hit `untold` times before."""
    fresh = rows[slot, at.EXPIRES] > now
    if not fresh and not good:
        return MISS, ASKED
    first = past[slot, at.HITS] == 1.0
    if together is not None:
        bits = past.view(np.uint32)[slot]
        asked(together, np.int64(bits[at.ORDER]), tally[CLOCK], means[TURNOVER])
        fares(bits, together, 1.0)
    again(past, slot, tally[CLOCK] - rows[slot, at.SEEN], untold)
    rows[slot, at.SEEN], rows[slot, at.CREDIT] = tally[CLOCK], means[INFLATION]
    hit(tally, means, first)
    if fresh:
        return HIT, 0 if good else STALE
    rows[slot, at.EXPIRES] = now + life
    return CHECKED, ASKED


def fares(bits: Any, together: Any, hit: Any) -> None:
    """What its kin learn of a hit or an eviction."""
    size, count = np.int64(bits[at.SIZE_HIGH]), np.int64(bits[at.COUNT])
    fared(together, size, count, hit)


def left(row: Any, means: Any, together: Any) -> None:
    """What the engine learns of an eviction."""
    spans = row.view(np.float32)
    bits = spans.view(np.uint32)
    means[WASTED] += RATE * ((spans[at.HITS] == 1.0) - means[WASTED])
    fares(bits, together, 0.0)


def forget(ghost: Any, tally: Any, key: Any) -> None:
    """A key is no ghost any more."""
    _, _, newer, older = ghost
    after, before = newer[key], older[key]
    if before == LAST:
        tally[OLDEST] = after
    else:
        newer[before] = after
    if after == LAST:
        tally[NEWEST] = before
    else:
        older[after] = before
    newer[key] = older[key] = NO_GHOST
    tally[GHOSTS] -= 1


def remember(ghost: Any, tally: Any, key: Any, row: Any) -> None:
    """`Ghosts.keep`."""
    rows, _, newer, older = ghost
    if newer[key] != NO_GHOST:
        forget(ghost, tally, key)
    for column in range(WIDTH):
        rows[key, column] = row[column]
    newer[key], older[key] = LAST, LAST
    if tally[GHOSTS] > 0:
        older[key] = tally[NEWEST]
        newer[tally[NEWEST]] = key
    else:
        tally[OLDEST] = key
    tally[NEWEST] = key
    tally[GHOSTS] += 1
    most = max(FEWEST, PER_HELD * tally[HELD])
    while tally[GHOSTS] > most:
        forget(ghost, tally, tally[OLDEST])


def newcomer(
    fresh: Any,
    rows: Any,
    slot: Any,
    ghost: Any,
    key: Any,
    tally: Any,
    means: Any,
    together: Any,
    deep: Any,
) -> None:
    """`Judge.newcomer`: the row of an object that comes in, with the history that is known."""
    row, past = fresh[0], fresh.view(np.float32)
    haunts = deep and slot < 0 and ghost.newer[key] != NO_GHOST
    row[:] = 0.0
    if slot >= 0 or haunts:
        known = rows[slot] if slot >= 0 else ghost.rows[key]
        for column in range(WIDTH):
            row[column] = known[column]
        again(past, 0, tally[CLOCK] - row[at.SEEN], 0)
        if haunts:
            forget(ghost, tally, key)
            past[0, at.RESIDENCE], past[0, at.HITS] = 0.0, 1.0
    else:
        past[0, at.HITS] = past[0, at.COUNT] = 1.0
    if together is not None:
        arrive(past.view(np.uint32)[0], slot >= 0 or haunts, tally, means, together)
    row[at.SEEN] = tally[CLOCK]


def arrive(bits: Any, known: Any, tally: Any, means: Any, together: Any) -> None:
    """`Judge._arrive`."""
    if known:
        asked(together, np.int64(bits[at.ORDER]), tally[CLOCK], means[TURNOVER])
    else:
        order = tally[ARRIVED]
        bits[at.ORDER] = order
        came(together, order, tally[CLOCK])
        tally[ARRIVED] = order + 1


def insert(rows: Any, keys: Any, slots: Any, tally: Any, row: Any, key: Any) -> None:
    """Take an object in, for which there is room."""
    slot = tally[HELD]
    for column in range(WIDTH):
        rows[slot, column] = row[column]
    keys[slot], slots[key] = key, slot
    tally[HELD] = slot + 1
    tally[USED] += np.int64(row[at.SIZE])


def admits(
    fresh: Any,
    tally: Any,
    means: Any,
    together: Any,
    now: Any,
    limits: Any,
    admit: Any,
    params: Any,
) -> Any:
    """What the policy says to a newcomer."""
    seen = np.zeros((FEATURE_COUNT, 1), np.float32).T
    verdict = np.zeros(1, np.float32)
    past, bits = fresh.view(np.float32).T, fresh.view(np.uint32).T
    fill(seen, fresh.T, past, bits, moment(tally, means, now, limits), together)
    admit(seen, params, verdict)
    return verdict[0] > 0


def note(log: Any, tally: Any, keys: Any, drawn: Any, n: Any, seen: Any, key: Any) -> None:
    """Write a decision into the log."""
    every, clock, logged, matrices = log
    at_row = tally[LOGGED]
    if at_row >= len(clock) or tally[DECISIONS] % every[0] != 0 or n + 1 > logged.shape[1]:
        return
    clock[at_row] = tally[CLOCK]
    for i in range(len(seen)):
        logged[at_row, i] = keys[drawn[i]] if i < n else key
        for column in range(FEATURE_COUNT):
            matrices[at_row, i, column] = seen[i, column]
    tally[LOGGED] += 1
