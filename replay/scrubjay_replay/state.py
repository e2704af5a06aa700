"""What the compiled loop keeps, as arrays: the engine's table, its ghosts, counts and means."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scrubjay_policies import rows as at
from scrubjay_policies.features import FEATURES
from scrubjay_policies.shadows.state import CODES, FIRST, REALS, STRIDE, WHOLES, WIDTHS, State

# Places in Books.tally.
CLOCK, USED, DECISIONS, HELD, EVICTED, REFUSED = range(6)
REQUESTS, FETCHED, GHOSTS, OLDEST, NEWEST, LOGGED = range(6, 12)
ARRIVED = 12
TALLIES = 13

# Places in Books.means.
INFLATION, MISSES, MEAN_SIZE, FIRSTS, WASTED, TURNOVER = range(6)

WIDTH, FEATURE_COUNT = at.WIDTH, len(FEATURES)
NO_GHOST, LAST = -2, -1  # in place of a key


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
    deep: bool  # whether the policy sees all features, and evicted objects are remembered
    ahead: int  # victims of one decision, room needed or not
    through: bool  # writes go through the cache, which forgets what they change
    epoch: float  # Unix seconds of the trace's time 0


class Books(NamedTuple):
    """What the cache knows, carried from one stretch of requests to the next."""

    rows: NDArray[np.float64]  # one for each object held, in slots without gaps
    past: NDArray[np.float32]  # the same memory
    keys: NDArray[np.int64]  # of each slot
    slots: NDArray[np.int32]  # of each key, -1: not held
    stored: NDArray[np.int32]  # version of each key that is held
    version: NDArray[np.int32]  # version of each key that the origin has
    tally: NDArray[np.int64]
    means: NDArray[np.float64]


class Ghosts(NamedTuple):
    """Rows of keys that are not held any more, and their order; empty where none is kept."""

    rows: NDArray[np.float64]
    past: NDArray[np.float32]  # the same memory
    newer: NDArray[np.int32]  # of each key, the next one that was kept; NO_GHOST, LAST
    older: NDArray[np.int32]


class Log(NamedTuple):
    """Decisions as they were made, every so many; nothing is kept where there is no room."""

    every: NDArray[np.int64]  # one number
    clock: NDArray[np.int64]  # of each decision
    keys: NDArray[np.int64]  # of its candidates, the newcomer last, -1: none
    seen: NDArray[np.float32]  # their features


def books(keys: int, most: int) -> Books:
    """Empty books for so many different keys, of which at most `most` are held."""
    rows = np.zeros((most, WIDTH))
    return Books(
        rows,
        rows.view(np.float32),
        np.zeros(most, np.int64),
        np.full(keys, -1, np.int32),
        np.zeros(keys, np.int32),
        np.zeros(keys, np.int32),
        np.zeros(TALLIES, np.int64),
        np.array([0.0, 1.0, 1.0, 0.5, 0.5, 1.0]),
    )


def ghosts(keys: int) -> Ghosts:
    """No ghosts yet, and room for so many different keys."""
    rows = np.zeros((keys, WIDTH))
    return Ghosts(
        rows,
        rows.view(np.float32),
        np.full(keys, NO_GHOST, np.int32),
        np.full(keys, NO_GHOST, np.int32),
    )


def shadows(keys: int) -> State:
    """Empty arrays for so many different keys."""
    slots = keys + FIRST // STRIDE
    links, marks, floats, heap, lives = (
        np.zeros(slots * width, code) for code, width in zip(CODES, WIDTHS, strict=True)
    )
    return State(links, marks, floats, heap, lives, np.zeros(WHOLES, np.int64), np.zeros(REALS))


def log(decisions: int, k: int, every: int) -> Log:
    """Room for so many decisions."""
    return Log(
        np.array([every]),
        np.zeros(decisions, np.int64),
        np.full((decisions, k + 1), -1, np.int64),
        np.zeros((decisions, k + 1, FEATURE_COUNT), np.float32),
    )
