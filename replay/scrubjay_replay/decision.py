"""One decision of the compiled loop: draw candidates, judge them, choose victims.

What `rng.draws`, `choose.choose_victims` and `Engine._victims` do, in the subset that numba
compiles; `kernel` says why there are two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scrubjay_policies import rows as at
from scrubjay_policies.features import fill
from scrubjay_policies.judge import FOLLOW, SMALL, times
from scrubjay_replay.ledger import moment
from scrubjay_replay.state import DECISIONS, FEATURE_COUNT, HELD, INFLATION, WIDTH

GOLDEN, FIRST, SECOND = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)
ONE, WORD, THIRTY, TWENTY_SEVEN, THIRTY_ONE = map(np.uint64, (1, 32, 30, 27, 31))


def matrices(n: Any) -> Any:
    """Rows of n candidates, and their features with each column in one piece."""
    return np.zeros((n, WIDTH)), np.zeros((FEATURE_COUNT, n), np.float32).T


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
    base = tally[DECISIONS] * n
    for i in range(n):
        drawn[i] = i if held == n else draw(limits.seed, base + i, held)
    for i in range(n):
        slot = np.uint64(drawn[i])  # unsigned: no look at wrapping around
        for column in range(WIDTH):
            picked[i, column] = rows[slot, column]
    tally[DECISIONS] += 1


def lowest(worth: Any, n: Any, drawn: Any, victims: Any, found: Any) -> Any:
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


def choose(
    worth: Any, picked: Any, n: Any, drawn: Any, victims: Any, need: Any, batch: Any, least: Any
) -> Any:
    """`choose.choose_victims`: how many positions stand in `victims`; -1: refused."""
    found, freed = 0, 0.0
    while True:
        position = lowest(worth, n, drawn, victims, found)
        if position == n:
            return found if found > 0 and freed >= need else -1
        if position < 0:
            return found
        victims[found] = position
        found += 1
        freed += picked[position, at.SIZE]
        if found >= least and (freed >= need or found >= batch):
            return found


def decide(
    rows: Any,
    tally: Any,
    means: Any,
    together: Any,
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
    past, bits = picked.view(np.float32).T, picked.view(np.uint32).T
    fill(seen, picked.T, past, bits, moment(tally, means, now, limits), together)
    worth(seen, params, numbers)
    held, ahead = tally[HELD], limits.ahead
    least = ahead * times(held, ahead) if held >= SMALL * ahead else 1
    found = choose(numbers, picked, n, drawn, victims, need, limits.batch, least)
    if limits.ages and found != 0:
        leaving = n if found < 0 else victims[0]
        means[INFLATION] += FOLLOW * np.float64(numbers[leaving])
    return found
