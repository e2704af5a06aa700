"""The one feature table: what policies see of an object. Proxy, simulator and trainer use it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

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


FEATURES = (
    Feature("idle", "requests", "since its last request"),
    Feature("age", "requests", "since it came in"),
    Feature("size", "bytes", "charged against the capacity"),
    Feature("hits", "requests", "since it came in, the first included"),
    Feature("cost", "seconds", "the origin took to answer"),
    Feature("left", "seconds", "until its lifetime ends, negative once it has"),
    Feature("credit", "worth", "the cache's inflation at its last request, relative to now's"),
    Feature("gap", "requests", "between its last two requests, 0 where there was one"),
)
IDLE, AGE, SIZE, HITS, COST, LEFT, CREDIT, GAP = range(len(FEATURES))


@dataclass(frozen=True, slots=True)
class Moment:
    """The cache when features are read: logical time, Unix seconds, inflation."""

    clock: int
    wall: float
    inflation: float = 0.0


def observe(rows: NDArray[np.float64], now: Moment) -> Features:
    """Rows, shape (n, WIDTH), as the feature matrix, float32 of shape (n, len(FEATURES))."""
    seen = np.empty((len(rows), len(FEATURES)), dtype=np.float32)
    fill(seen, rows, now.clock, now.wall, now.inflation)
    return seen


def fill(
    seen: Features, rows: NDArray[np.float64], clock: int, wall: float, inflation: float
) -> None:
    """Write the features of each row into the row of `seen` beside it; numba compiles it too.

    Differences are taken in float64, as both sides grow without bound while they do not, and
    written without a copy between.
    """
    np.subtract(clock, rows[:, at.SEEN], seen[:, IDLE])
    np.subtract(clock, rows[:, at.BORN], seen[:, AGE])
    seen[:, SIZE] = rows[:, at.SIZE]
    seen[:, HITS] = rows[:, at.HITS]
    seen[:, COST] = rows[:, at.COST]
    np.subtract(rows[:, at.EXPIRES], wall, seen[:, LEFT])
    np.subtract(rows[:, at.CREDIT], inflation, seen[:, CREDIT])
    seen[:, GAP] = rows[:, at.GAP]


def digest() -> str:
    """Sixteen hex digits of the table; models and logs carry it."""
    text = "\n".join(f"{f.name}|{f.unit}|{f.meaning}|{f.scaling}" for f in FEATURES)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mismatch(names: Sequence[str]) -> tuple[str, ...]:
    """Names that one side has and the other lacks, or that stand in another place."""
    ours = (feature.name for feature in FEATURES)
    differ = [pair for pair in zip_longest(ours, names) if pair[0] != pair[1]]
    return tuple(dict.fromkeys(name for pair in differ for name in pair if name is not None))
