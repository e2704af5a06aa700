"""The one feature table: what policies see of an object. Proxy, simulator and trainer use it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scrubjay_policies import rows as at
from scrubjay_policies.cohorts import (
    EACH,
    NOBODY,
    Cohorts,
    kin_of,
)

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Feature:
    """A column of the matrix."""

    name: str
    unit: str
    meaning: str
    scaling: str = "none"


# The first lie as in `rows`, so that they are taken over in few pieces, and those that a network
# takes the logarithm of together, and those that it takes as they are.
FEATURES = (
    Feature("cost", "seconds", "the origin took to answer"),
    Feature("left", "seconds", "until its lifetime ends, negative once it has"),
    Feature("credit", "worth", "the cache's inflation at its last request, relative to now's"),
    Feature("size", "bytes", "charged against the capacity"),
    Feature("idle", "requests", "since its last request"),
    Feature("age", "requests", "since it came in"),
    Feature("life", "requests", "since its first request that is remembered"),
    Feature("gap", "requests", "between its last two requests, 0 where there was one"),
    Feature("gap2", "requests", "between the two before"),
    Feature("hits", "requests", "since it came in, the first included"),
    Feature("count", "requests", "that are remembered, also from before it came in"),
    Feature(
        "cohort_idle", "requests", "since the last one for its cohort, eight that came in a row"
    ),
    Feature("cohort_count", "requests", "for its cohort; those before count half after a turnover"),
    Feature("cohort_again", "ratio", "of requests for its cohort to what was known, lately"),
    Feature("followed", "flag", "1: who came just before it was asked for after it"),
    Feature("kin", "ratio", "of hits, and not evictions, of objects like it, lately"),
    Feature("misses", "ratio", "of requests that were fetched, lately"),
    Feature("firsts", "ratio", "of hits that were their object's first, lately"),
    Feature("wasted", "ratio", "of evictions whose object was never hit, lately"),
    Feature("turnover", "requests", "in which the cache fetches as many objects as it holds"),
    Feature("mean_size", "bytes", "of what was fetched lately"),
    Feature("share", "ratio", "of its size to the capacity"),
)
(COST, LEFT, CREDIT, SIZE, IDLE, AGE, LIFE, GAP, GAP2, HITS, COUNT) = range(11)
(COHORT_IDLE, COHORT_COUNT, COHORT_AGAIN, FOLLOWED, KIN) = range(11, 16)
(MISSES, FIRSTS, WASTED, TURNOVER, MEAN_SIZE, SHARE) = range(16, 22)

# Arrays without a dimension: numpy takes them in faster than single numbers.
_EACH, _MANTISSA = np.array(EACH), np.array(23, np.uint32)


class Moment(NamedTuple):
    """The cache when features are read."""

    clock: float  # logical time
    wall: float  # Unix seconds
    inflation: float = 0.0
    turnover: float = 1.0  # requests
    mean_size: float = 1.0  # bytes
    misses: float = 1.0  # ratio
    capacity: float = 1.0  # bytes
    firsts: float = 0.0  # ratio
    wasted: float = 0.0  # ratio


def observe(rows: NDArray[np.float64], now: Moment, together: Cohorts | None = NOBODY) -> Features:
    """Rows, shape (n, WIDTH), as the feature matrix, float32 of shape (n, len(FEATURES)).

    From `cohort_idle` on it is filled only if it is told who came `together`, and 0 else.
    """
    seen = np.zeros((len(FEATURES), len(rows)), dtype=np.float32).T  # a column in one piece
    fill(seen, rows.T, at.past(rows).T, at.bits(rows).T, now, together)
    return seen


def fill(
    seen: Features,
    known: NDArray[np.float64],
    past: NDArray[np.float32],
    bits: NDArray[np.uint32],
    now: Moment,
    together: Cohorts | None,
) -> None:
    """Write the features of each row into the row of `seen` beside it; numba compiles it too.

    The columns of the rows come one by one: as float64, as float32 and as whole numbers.
    Differences are taken in float64, as both sides grow without bound while they do not. An
    assignment narrows them to float32 in half the time of a sum that is given its place.
    """
    by_name = seen.T
    since = np.array((now.wall, now.inflation, 0.0, now.clock)).reshape((4, 1))
    by_name[LEFT : IDLE + 1] = known[: at.NUMBERS] - since
    idle, ages = by_name[IDLE], by_name[AGE : LIFE + 1]
    np.negative(idle, idle)
    by_name[COST] = past[at.COST]
    by_name[AGE : COUNT + 1] = past[at.RESIDENCE : at.COUNT + 1]
    np.add(ages, idle, ages)
    if together is not None:
        fill_deep(by_name, known[at.SEEN], bits[at.ORDER].astype(np.int64), now, together)


def fill_deep(
    by_name: NDArray[np.float32],
    seen: NDArray[np.float64],
    order: NDArray[np.int64],
    now: Moment,
    together: Cohorts,
) -> None:
    """What only policies that remember see, a feature a row."""
    last = len(together.seen) - 1
    cohort = (order & last) >> _EACH
    by_name[COHORT_IDLE] = now.clock - together.last.take(cohort)
    by_name[COHORT_COUNT] = together.requests.take(cohort)
    by_name[COHORT_AGAIN] = together.again.take(cohort)
    by_name[FOLLOWED] = together.seen.take((order - 1) & last) > seen
    exponents = by_name[SIZE : COUNT + 1].view(np.uint32) >> _MANTISSA
    by_name[KIN] = together.kin.take(kin_of(exponents[0], exponents[COUNT - SIZE]))
    by_name[MISSES] = now.misses
    by_name[FIRSTS] = now.firsts
    by_name[WASTED] = now.wasted
    by_name[TURNOVER] = now.turnover
    by_name[MEAN_SIZE] = now.mean_size
    by_name[SHARE] = by_name[SIZE] / now.capacity


def digest() -> str:
    """Sixteen hex digits of the table; models and logs carry it."""
    text = "\n".join(f"{f.name}|{f.unit}|{f.meaning}|{f.scaling}" for f in FEATURES)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mismatch(names: Sequence[str]) -> tuple[str, ...]:
    """Names that one side has and the other lacks, or that stand in another place."""
    ours = (feature.name for feature in FEATURES)
    differ = [pair for pair in zip_longest(ours, names) if pair[0] != pair[1]]
    return tuple(dict.fromkeys(name for pair in differ for name in pair if name is not None))
