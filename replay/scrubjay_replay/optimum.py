"""What a cache that knows the future would get: Belady's policy, one for sizes, and a bound.

- `belady` evicts what is asked for last and takes in whatever fits: the optimum of caches that
  always do so, where all sizes are equal (Belady 1966); a reference where they are not.
- `belady-size` evicts the largest size times distance and may refuse the newcomer: the optimum
  where all sizes are equal; a reference, and mostly the better one, where they are not.
- `bound` marks as many hits as the cache's room over time could pay for: no policy gets more.
- `bound-byte` does the same for the bytes of hits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.errors import UseError
from scrubjay_replay.future import next_use
from scrubjay_replay.isolated import TimeLimit
from scrubjay_replay.runs import Run
from scrubjay_replay.trace import Trace

STRETCH = 1 << 14  # requests between two looks at the clock
BOUNDS = ("bound", "bound-byte")
NAMES = ("belady", "belady-size", *BOUNDS)
TIMEOUT = 120.0  # seconds
ROUNDING = 1e-9  # of the budget: more than the sums can lose, as a bound must err upwards

Step = Callable[[int, int], None]


def names() -> list[str]:
    """The policies that know the future."""
    return list(NAMES)


def run(name: str, trace: Trace, capacity: int, *, timeout: float = TIMEOUT, start: int = 0) -> Run:
    """Simulate one of them over requests of one size per key.

    `start` is the first request that is scored. It changes nothing but the bounds, which have hits
    from there on only. Raises TimeLimit after `timeout` seconds, without compiling.
    """
    if name not in NAMES:
        raise UseError(f"{name} is no offline policy", hint=f"There are {', '.join(NAMES)}.")
    ahead = next_use(trace.key)
    begun = time.perf_counter()
    if name in BOUNDS:
        hit = bound(trace, ahead, capacity, start=start, by_bytes=name == "bound-byte")
    else:
        hit = np.zeros(len(trace.key), np.bool_)
        step = _stepper(name, trace, ahead, capacity, hit)
        step(0, 0)  # compiles
        begun = time.perf_counter()
        _in_time(name, step, len(hit), timeout)
    return Run(hit, "", time.perf_counter() - begun)


def _in_time(name: str, step: Step, requests: int, timeout: float) -> None:
    """All requests, in stretches that are short enough to keep the limit."""
    until = time.monotonic() + timeout
    for begin in range(0, requests, STRETCH):
        step(begin, min(begin + STRETCH, requests))
        if time.monotonic() > until and begin + STRETCH < requests:
            raise TimeLimit(
                f"{name}: no result within {timeout:g} s",
                hint="Allow it more time, or leave it out.",
            )


def _stepper(
    name: str, trace: Trace, ahead: NDArray[np.int64], capacity: int, hit: NDArray[np.bool_]
) -> Step:
    """The policy's loop, with an empty cache."""
    kernels = _kernels()
    size = np.zeros(trace.key.max(initial=-1) + 1, np.int64)
    size[trace.key] = trace.size
    sizes, kind = np.unique(size, return_inverse=True)
    never = len(trace.key) + trace.key
    future = kernels.Future(trace.key, np.where(ahead < 0, never, ahead), kind, sizes, capacity)
    if name == "belady":
        books = kernels.books(len(kind), np.array([len(hit)]))
        return partial(kernels.farthest, future, books, hit)
    books = kernels.books(len(kind), np.bincount(kind[trace.key], minlength=len(sizes)))
    return partial(kernels.largest, future, books, hit)


def _kernels() -> Any:
    try:
        from scrubjay_replay import foresight
    except ModuleNotFoundError as error:
        raise UseError(
            "the offline policies need numba, which is not installed",
            hint='pip install "scrubjay[lab]"',
        ) from error
    return foresight


def bound(
    trace: Trace, ahead: NDArray[np.int64], capacity: int, *, start: int, by_bytes: bool
) -> NDArray[np.bool_]:
    """PFOO-L of Berger, Beckmann and Harchol-Balter (2018): the cheapest hits within the budget.

    For request i to hit, its object must have stayed since its last request p: it took size bytes
    in each of the moments p, p+1, ..., i-1 (moment t lies between requests t and t+1). All hits
    together take in a moment at most the capacity, and at most what all objects that could be
    kept then would take; the sum of the lesser of the two is the budget. Every schedule's hits
    keep within it, so the most hits that do, the cheapest ones, are no fewer than any schedule's.
    Which of them are marked says nothing about single requests.

    With `start` only requests from there on are hits, and only the moments from start-1 on count:
    a hit whose object came in before pays for its part of the window, the budget is that of the
    window. Leaving out earlier moments frees every schedule of their limits and so bounds it still.

    By bytes it takes what is cheapest for a byte, the shortest stay, and the one that no longer
    fits as a whole: the optimum with parts of objects, and a little more.
    """
    since = np.flatnonzero(ahead >= 0)
    until = ahead[since]
    which = (until >= start) & (trace.size[since] <= capacity)
    since, until = since[which], until[which]
    size = trace.size[since].astype(np.float64)
    since = np.maximum(since, start - 1)
    stay = until - since
    wanted = np.zeros(len(trace.key) + 1)
    np.add.at(wanted, since, size)
    np.subtract.at(wanted, until, size)
    budget = np.minimum(np.cumsum(wanted), capacity).sum() * (1 + ROUNDING)
    order = np.argsort(stay if by_bytes else size * stay, kind="stable")
    spent = np.cumsum((size * stay)[order])
    taken = int(np.searchsorted(spent, budget, side="right")) + by_bytes
    hit = np.zeros(len(trace.key), np.bool_)
    hit[until[order[:taken]]] = True
    return hit
