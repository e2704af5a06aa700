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

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Feature:
    """A column of the matrix."""

    name: str
    unit: str
    meaning: str
    scaling: str = "none"


# Requests and past lie as in `rows`, so that they are taken over in one piece.
FEATURES = (
    Feature("left", "seconds", "until its lifetime ends, negative once it has"),
    Feature("credit", "worth", "the cache's inflation at its last request, relative to now's"),
    Feature("size", "bytes", "charged against the capacity"),
    Feature("idle", "requests", "since its last request"),
    Feature("age", "requests", "since it came in"),
    Feature("life", "requests", "since its first request that is remembered"),
    Feature("gap", "requests", "between its last two requests, 0 where there was one"),
    Feature("gap2", "requests", "between the two before"),
    Feature("gap3", "requests", "and the two before these"),
    Feature("hits", "requests", "since it came in, the first included"),
    Feature("count", "requests", "that are remembered, also from before it came in"),
    Feature("cost", "seconds", "the origin took to answer"),
    Feature("turnover", "requests", "in which the cache fetches as many objects as it holds"),
    Feature("mean_size", "bytes", "of what was fetched lately"),
    Feature("misses", "ratio", "of requests that were fetched, lately"),
    Feature("share", "ratio", "of its size to the capacity"),
)
(LEFT, CREDIT, SIZE, IDLE, AGE, LIFE, GAP, GAP2) = range(8)
(GAP3, HITS, COUNT, COST, TURNOVER, MEAN_SIZE, MISSES, SHARE) = range(8, 16)


_ZERO = np.array(0.0, np.float32)


class Moment(NamedTuple):
    """The cache when features are read."""

    clock: float  # logical time
    wall: float  # Unix seconds
    inflation: float = 0.0
    turnover: float = 1.0  # requests
    mean_size: float = 1.0  # bytes
    misses: float = 1.0  # ratio
    capacity: float = 1.0  # bytes


def observe(rows: NDArray[np.float64], now: Moment, *, deep: bool = True) -> Features:
    """Rows, shape (n, WIDTH), as the feature matrix, float32 of shape (n, len(FEATURES)).

    From `turnover` on it is filled only if `deep`, and 0 else.
    """
    seen = np.zeros((len(FEATURES), len(rows)), dtype=np.float32).T  # a column in one piece
    fill(seen, rows, at.past(rows), now, deep)
    return seen


def fill(
    seen: Features,
    rows: NDArray[np.float64],
    past: NDArray[np.float32],
    now: Moment,
    deep: bool,
) -> None:
    """Write the features of each row into the row of `seen` beside it; numba compiles it too.

    Differences are taken in float64, as both sides grow without bound while they do not, and
    written without a copy between. Sums with zero are copies: numba takes seconds to compile
    an assignment of one array to another, for the messages it may have to make.
    """
    by_name, known = seen.T, rows.T
    np.subtract(known[at.EXPIRES], now.wall, by_name[LEFT])
    np.subtract(known[at.CREDIT], now.inflation, by_name[CREDIT])
    np.add(known[at.SIZE], _ZERO, by_name[SIZE])
    np.subtract(now.clock, known[at.SEEN], by_name[IDLE])
    np.add(past.T[at.RESIDENCE : at.COST + 1], _ZERO, by_name[AGE : COST + 1])
    np.add(by_name[AGE : LIFE + 1], by_name[IDLE], by_name[AGE : LIFE + 1])
    if deep:
        by_name[TURNOVER] = now.turnover
        by_name[MEAN_SIZE] = now.mean_size
        by_name[MISSES] = now.misses
        np.divide(known[at.SIZE], now.capacity, by_name[SHARE])


def digest() -> str:
    """Sixteen hex digits of the table; models and logs carry it."""
    text = "\n".join(f"{f.name}|{f.unit}|{f.meaning}|{f.scaling}" for f in FEATURES)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mismatch(names: Sequence[str]) -> tuple[str, ...]:
    """Names that one side has and the other lacks, or that stand in another place."""
    ours = (feature.name for feature in FEATURES)
    differ = [pair for pair in zip_longest(ours, names) if pair[0] != pair[1]]
    return tuple(dict.fromkeys(name for pair in differ for name in pair if name is not None))
