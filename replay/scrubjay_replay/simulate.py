"""One policy on one trace with one cache: which requests hit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scrubjay_policies import Policy
from scrubjay_policies.caches import Cache as Books
from scrubjay_policies.caches import cache_of
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.prepared import Prepared
from scrubjay_replay.trace import Trace

STRETCH = 1 << 17  # requests between two reports of progress

WRITE = 255  # verdict of a row that is no request
STALE, ASKED = 1, 2  # flags: older than the origin's version; the origin was asked whether good

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache to simulate; the numbers mean what they mean in the proxy's settings."""

    capacity: int  # bytes
    sample: int = 80
    batch: int = 1
    seed: int = 0
    max_objects: int = 1 << 31
    writes_through: bool = False
    epoch: float = 0.0  # Unix seconds of the trace's time 0


@dataclass(frozen=True, slots=True)
class Simulated:
    """What became of each row of the trace."""

    verdict: NDArray[np.uint8]  # Verdict, or WRITE
    flags: NDArray[np.uint8]  # STALE, ASKED
    evictions: int
    refusals: int
    seconds: float  # without compiling


def silent(_done: int) -> None:
    return None


def simulate(
    prepared: Prepared,
    policy: Policy,
    cache: Cache,
    *,
    engine: str = "numba",
    progress: Progress = silent,
) -> Simulated:
    """Run a policy over a whole trace, from cold.

    `numba` and `python` give the same, request by request; the latter is the proxy's own
    engine, a hundred times slower.
    """
    run = _compiled if engine == "numba" else _plain
    return run(prepared, policy, cache, progress)


def _compiled(prepared: Prepared, policy: Policy, cache: Cache, progress: Progress) -> Simulated:
    from scrubjay_replay import compiling

    return compiling.simulate(prepared, policy, cache, progress)


def _plain(prepared: Prepared, policy: Policy, cache: Cache, progress: Progress) -> Simulated:
    engine = cache_of(
        policy,
        capacity=cache.capacity,
        max_objects=cache.max_objects,
        k=cache.sample,
        batch=min(cache.batch, cache.sample),
        seed=cache.seed,
    )
    rows = len(prepared.trace.key)
    run = _Plain(engine, prepared.trace, cache)
    began = time.perf_counter()
    for row in range(rows):
        run.step(row)
        if row % 1024 == 0:
            progress(row)
    progress(rows)
    return Simulated(
        run.verdict, run.flags, run.evictions, run.refusals, time.perf_counter() - began
    )


class _Plain:
    """The proxy's engine, driven by a trace: what the compiled loop is held to."""

    def __init__(self, engine: Books, trace: Trace, cache: Cache) -> None:
        self._engine, self._trace, self._cache = engine, trace, cache
        self._expires: dict[int, float] = {}
        self._stored: dict[int, int] = {}
        self._version: dict[int, int] = {}
        self.verdict = np.zeros(len(trace.key), np.uint8)
        self.flags = np.zeros(len(trace.key), np.uint8)
        self.evictions = self.refusals = 0

    def step(self, row: int) -> None:
        """One row of the trace."""
        trace, key = self._trace, int(self._trace.key[row])
        if trace.write[row]:
            self._version[key] = self._version.get(key, 0) + 1
            self.verdict[row] = WRITE
            if self._cache.writes_through:
                self._engine.drop(key)
            return
        now = self._cache.epoch + float(trace.at[row])
        self._engine.tick(now)
        if key not in self._engine or not self._reused(row, key, now):
            self._fetched(row, key, now)

    def _reused(self, row: int, key: int, now: float) -> bool:
        """Whether what is stored answers, as it is or after the origin was asked."""
        good = self._stored[key] == self._version.get(key, 0)
        fresh = self._expires[key] > now
        if not fresh:
            self.flags[row] = ASKED
            if not good:
                return False
            self._expires[key] = now + float(self._trace.ttl[row])
            self._engine.renew(key, self._expires[key])
        elif not good:
            self.flags[row] = STALE
        self._engine.touch(key)
        self.verdict[row] = Verdict.HIT if fresh else Verdict.CHECKED
        return True

    def _fetched(self, row: int, key: int, now: float) -> None:
        trace = self._trace
        self.verdict[row] = Verdict.MISS
        self._expires[key] = now + float(trace.ttl[row])
        self._stored[key] = self._version.get(key, 0)
        offer = self._engine.offer(
            key,
            int(trace.size[row]),
            expires=self._expires[key],
            cost=float(trace.cost[row]),
            now=now,
        )
        self.evictions += len(offer.evicted)
        self.refusals += not offer.admitted
