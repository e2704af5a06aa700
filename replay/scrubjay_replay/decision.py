"""One decision of the compiled loop: draw candidates, judge them, choose victims.

What `rng.draws`, `choose.choose_victims` and `Engine._victims` do, in the subset that numba
compiles; `kernel` says why there are two.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scrubjay_policies import rows as at
from scrubjay_policies.engine import FOLLOW
from scrubjay_policies.features import FEATURES, fill

# Places in Books.tally.
CLOCK, USED, DECISIONS, HELD, EVICTED, REFUSED = range(6)

WIDTH, FEATURE_COUNT = at.WIDTH, len(FEATURES)
GOLDEN, FIRST, SECOND = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)
ONE, WORD, THIRTY, TWENTY_SEVEN, THIRTY_ONE = map(np.uint64, (1, 32, 30, 27, 31))


class Limits(NamedTuple):
    """Settings of the engine, as plain numbers."""

    capacity: int
    max_objects: int
    k: int
    batch: int
    seed: int
    competes: bool
    ages: bool
    judges: bool  # whether `admit` has to be asked
    changes: bool  # whether anything is written
    through: bool  # writes go through the cache, which forgets what they change
    epoch: float  # Unix seconds of the trace's time 0


def matrices(n: Any) -> Any:
    """Rows and features of n candidates, each column in one piece."""
    return np.zeros((WIDTH, n)).T, np.zeros((FEATURE_COUNT, n), np.float32).T


def draw(seed: Any, position: Any, n: Any) -> Any:
    """`rng.draw` for numba's integers."""
    z = np.uint64(seed) + (np.uint64(position) + ONE) * GOLDEN
    z = (z ^ (z >> THIRTY)) * FIRST
    z = (z ^ (z >> TWENTY_SEVEN)) * SECOND
    z ^= z >> THIRTY_ONE
    return np.int64(((z >> WORD) * np.uint64(n)) >> WORD)


def sample(rows: Any, tally: Any, drawn: Any, picked: Any, n: Any, limits: Any) -> None:
    """Draw n candidates: their slots and rows."""
    held = tally[HELD]
    base = tally[DECISIONS] * limits.k
    for i in range(n):
        drawn[i] = i if held <= limits.k else draw(limits.seed, base + i, held)
    for i in range(n):
        slot = np.uint64(drawn[i])  # unsigned: no look at wrapping around
        for column in range(WIDTH):
            picked[i, column] = rows[slot, column]
    tally[DECISIONS] += 1


def least(worth: Any, n: Any, drawn: Any, victims: Any, found: Any) -> Any:
    """Position of the least worth whose object is not among the victims; -1: none is left.

    Ties fall to the first, and what is no number comes last, as in a stable sort. Beyond the n
    candidates stands the newcomer, if it competes.
    """
    best = -1
    for i in range(len(worth)):
        better = worth[i] < worth[best] or (np.isnan(worth[best]) and not np.isnan(worth[i]))
        if best >= 0 and not better:
            continue
        taken = False
        if i < n:
            for j in range(found):
                taken |= drawn[victims[j]] == drawn[i]
        if not taken:
            best = i
    return best


def choose(worth: Any, picked: Any, n: Any, drawn: Any, victims: Any, need: Any, batch: Any) -> Any:
    """`choose.choose_victims`: how many positions stand in `victims`; -1: refused."""
    found, freed = 0, 0.0
    while True:
        position = least(worth, n, drawn, victims, found)
        if position == n:
            return -1
        if position < 0:
            return found
        victims[found] = position
        found += 1
        freed += picked[position, at.SIZE]
        if freed >= need or found >= batch:
            return found


def decide(
    rows: Any,
    tally: Any,
    inflation: Any,
    drawn: Any,
    picked: Any,
    seen: Any,
    numbers: Any,
    victims: Any,
    row: Any,
    need: Any,
    now: Any,
    limits: Any,
    worth: Any,
    params: Any,
    n: Any,
) -> Any:
    """Draw n candidates, judge them, choose: the number of victims, -1: refused."""
    sample(rows, tally, drawn, picked, n, limits)
    if limits.competes:
        for column in range(WIDTH):
            picked[n, column] = row[column]
    fill(seen, picked, tally[CLOCK], now, inflation[0])
    worth(seen, params, numbers)
    found = choose(numbers, picked, n, drawn, victims, need, limits.batch)
    if limits.ages and found != 0:
        leaving = n if found < 0 else victims[0]
        inflation[0] += FOLLOW * np.float64(numbers[leaving])
    return found
