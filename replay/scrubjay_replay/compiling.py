"""The compiled loop, run: a policy and a trace in, verdicts out; and decisions, to learn from."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scrubjay_policies import Policy
from scrubjay_policies.cohorts import MOST, nobody
from scrubjay_policies.policy import admit_all
from scrubjay_policies.shadows.state import begin
from scrubjay_replay import followed, kernel, state
from scrubjay_replay.compiled import judge
from scrubjay_replay.prepared import Prepared
from scrubjay_replay.simulate import STRETCH, Cache, Progress, Simulated, silent
from scrubjay_replay.state import DECISIONS, EVICTED, LOGGED, REFUSED, Limits
from scrubjay_replay.trace import Trace


class Decisions(NamedTuple):
    """Decisions as they were made, n of them, each with k candidates and the newcomer last."""

    clock: NDArray[np.int64]  # (n,) requests seen so far, this one included
    keys: NDArray[np.int64]  # (n, k + 1); -1: the newcomer was none of the candidates
    seen: NDArray[np.float32]  # (n, k + 1, features)


def simulate(
    prepared: Prepared, policy: Policy, cache: Cache, progress: Progress = silent
) -> Simulated:
    """What `simulate.simulate` gives with the engine numba."""
    return _run(prepared, policy, cache, state.log(0, cache.sample, 1), progress)[0]


def record(prepared: Prepared, policy: Policy, cache: Cache, *, most: int) -> Decisions:
    """At most so many decisions of a simulation, spread evenly over it.

    Decisions with fewer candidates than the cache draws are left out.
    """
    policy = replace(policy, ahead=1)  # what is learned from are decisions of one size
    nothing = state.log(0, cache.sample, 1)
    _, tally = _run(prepared, policy, cache, nothing, silent)
    log = state.log(most, cache.sample, max(1, -(-int(tally[DECISIONS]) // most)))
    _, tally = _run(prepared, policy, cache, log, silent)
    made = slice(0, int(tally[LOGGED]))
    return Decisions(log.clock[made], log.keys[made], log.seen[made])


def _run(
    prepared: Prepared, policy: Policy, cache: Cache, log: state.Log, progress: Progress
) -> tuple[Simulated, NDArray[Any]]:
    """A whole simulation, and the counts it ended with."""
    trace, rows = prepared.trace, len(prepared.trace.key)
    book = state.books(prepared.objects, min(prepared.objects, cache.max_objects))
    run, counts = _loop(prepared, policy, cache, book, log)
    verdict, flags = np.zeros(rows, np.uint8), np.zeros(rows, np.uint8)
    seconds = 0.0
    for start in range(0, rows, STRETCH):
        stop = min(start + STRETCH, rows)
        began = time.perf_counter()
        run(trace, start, stop, verdict, flags)
        seconds += time.perf_counter() - began
        progress(stop)
    told = Simulated(verdict, flags, int(counts[EVICTED]), int(counts[REFUSED]), seconds)
    return told, book.tally


def _loop(
    prepared: Prepared, policy: Policy, cache: Cache, book: state.Books, log: state.Log
) -> tuple[Callable[..., None], NDArray[np.int64]]:
    """The loop of a policy with all but the requests filled in, and the counts that it keeps."""
    ghosts = state.ghosts(prepared.objects if policy.remembers else 0)
    judges = judge(policy.worth), judge(policy.admit), policy.params
    together = nobody(_room(len(prepared.trace.key))) if policy.remembers else None
    rest = log, _limits(prepared, policy, cache), *judges
    engine = book, ghosts, together, *rest
    run = loop_of(policy)
    if not policy.shadows:
        return lambda trace, *bounds: run(trace, *bounds[:2], *engine, *bounds[2:]), book.tally
    counts = np.zeros_like(book.tally)
    shadows = state.shadows(prepared.objects)
    begin(shadows, cache.capacity, cache.max_objects, policy.shadows, policy.params)

    def run_followed(trace: Trace, start: int, stop: int, *out: NDArray[np.uint8]) -> None:
        run(trace, start, stop, shadows, book, ghosts, together or nobody(1), *rest, counts, *out)

    return run_followed, counts


def _room(requests: int) -> int:
    """A power of two: of places in the rings, as many as there can be newcomers."""
    return min(MOST, 1 << max(requests - 1, 1).bit_length())


def loop_of(policy: Policy) -> Any:
    """The compiled loop that a policy is simulated by; some need not be told much."""
    return followed.loop() if policy.shadows else kernel.loop(policy.remembers)


def _limits(prepared: Prepared, policy: Policy, cache: Cache) -> Limits:
    return Limits(
        capacity=cache.capacity,
        max_objects=cache.max_objects,
        k=cache.sample,
        batch=min(cache.batch, cache.sample),
        seed=cache.seed,
        competes=policy.competes,
        ages=policy.ages,
        judges=policy.admit is not admit_all,
        changes=prepared.changes,
        deep=policy.remembers,
        ahead=min(policy.ahead, cache.sample),
        through=cache.writes_through,
        epoch=cache.epoch,
    )
