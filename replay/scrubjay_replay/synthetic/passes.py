"""Zipf with other traffic in between: scans, loops, and objects asked for once."""

from __future__ import annotations

import numpy as np

from scrubjay_replay.synthetic.arrivals import Times
from scrubjay_replay.synthetic.draws import Draws, ranks
from scrubjay_replay.synthetic.popularity import Ids


def scan(
    times: Times, draws: Draws, *, objects: int, alpha: float, share: float, length: int
) -> Ids:
    """Passes over `length` objects, each asked for once, as of a crawler or a backup."""
    count = len(times)
    scanned = round(count * share)
    passes = -(-scanned // length)  # the last one may be shorter
    before = np.sort(draws.of(1).below(count - scanned + 1, passes))
    start = before + np.arange(passes) * length
    nth = np.arange(scanned)
    ids = np.full(count, -1, np.int64)
    ids[start[nth // length] + nth % length] = objects + nth
    ids[ids < 0] = ranks(draws.of(0), count - scanned, objects, alpha)
    return ids


def loop(
    times: Times, draws: Draws, *, objects: int, alpha: float, share: float, length: int
) -> Ids:
    """One request after another of a share goes round the same `length` objects."""
    ids = ranks(draws.of(0), len(times), objects, alpha)
    looped = draws.of(1).happens(share, len(times))
    ids[looped] = objects + np.arange(looped.sum()) % length
    return ids


def one_hit(times: Times, draws: Draws, *, objects: int, alpha: float, share: float) -> Ids:
    """A share of the requests is for objects that nobody asks for again."""
    ids = ranks(draws.of(0), len(times), objects, alpha)
    once = draws.of(1).happens(share, len(times))
    ids[once] = objects + np.arange(once.sum())
    return ids
