"""A trace replayed through sockets hits exactly where the bare cache core hits."""

from __future__ import annotations

import numpy as np
import pytest

from scrubjay_policies.caches import cache_of
from scrubjay_policies.registry import BUILT_IN, policy
from scrubjay_proxy.app import Proxy
from scrubjay_proxy.settings import Settings
from scrubjay_replay.content import YEAR, Content, catalog
from scrubjay_replay.drive import drive
from scrubjay_replay.origin import TraceOrigin
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.trace import Trace, requests

# Before any Date the origin sends, so that every answer is of age 0.
NOW = 1_000_000_000.0
SEED = 7


def a_trace(length: int = 1500, objects: int = 300) -> Trace:
    """Zipf requests for objects of 1 B to 20 kB, of one size each."""
    random = np.random.default_rng(SEED)
    weights = 1.0 / np.arange(1, objects + 1) ** 0.9
    keys = random.choice(objects, size=length, p=weights / weights.sum())
    sizes = random.integers(1, 20_000, size=objects)
    return requests(np.arange(length), keys, sizes[keys])


def core_hits(trace: Trace, name: str, capacity: int) -> list[bool]:
    engine = cache_of(policy(name), capacity=capacity, max_objects=10**6, k=16, batch=2, seed=SEED)
    hits = []
    for key, size in zip(trace.key.tolist(), trace.size.tolist(), strict=True):
        engine.tick()
        hits.append(key in engine)
        if key in engine:
            engine.touch(key)
        else:
            engine.offer(key, size, expires=NOW + YEAR, cost=0.0, now=NOW)
    return hits


@pytest.mark.parametrize("name", BUILT_IN)
async def test_the_live_proxy_hits_where_the_core_hits(name: str) -> None:
    trace = a_trace()
    capacity = int(sum(catalog(trace).sizes) * 0.05)
    async with TraceOrigin(Content(catalog(trace), seed=0), run="parity", port=0) as origin:
        settings = Settings.load(
            None,
            {
                "proxy.origin": f"http://127.0.0.1:{origin.port}",
                "proxy.listen": "127.0.0.1:0",
                "control.listen": "127.0.0.1:0",
                "cache.capacity": capacity,
                "cache.policy": name,
                "cache.sample": 16,
                "cache.batch": 2,
                "cache.seed": SEED,
                "cache.deadline": 0,  # whatever else the machine does
            },
        )
        async with Proxy(settings, clock=lambda: NOW) as proxy:
            outcome = await drive(trace, through=f"http://127.0.0.1:{proxy.port}", origin=origin)
    assert set(outcome.verdict.tolist()) <= {Verdict.HIT, Verdict.MISS}
    assert outcome.hits() == core_hits(trace, name, capacity)
    assert 0 < sum(outcome.hits()) < len(trace.key)
