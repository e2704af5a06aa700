"""A cache of metadata alone: what a policy would have hit, on a sample of the objects."""

from __future__ import annotations

from dataclasses import dataclass

from scrubjay_policies.engine import Engine
from scrubjay_policies.policy import Policy


@dataclass(slots=True)
class Counts:
    """Requests that were looked at, and those that would have been answered from the cache."""

    requests: int = 0
    hits: int = 0
    bytes: int = 0
    hit_bytes: int = 0


class Shadow:
    """What a policy would hold of one in `rate` objects, in as much less room.

    Objects are chosen by their ids, which are hashes (SHARDS: Waldspurger 2015): of an object
    every request is seen or none, and two shadows of one rate see the same.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        capacity: int,
        max_objects: int,
        k: int,
        batch: int,
        seed: int,
        rate: int = 1,
    ) -> None:
        self.rate = rate
        self.counts = Counts()
        self._engine = Engine(
            policy,
            capacity=max(1, capacity // rate),
            max_objects=max(1, max_objects // rate),
            k=k,
            batch=batch,
            seed=seed,
        )

    def see(self, id: int, size: int, *, expires: float, cost: float, now: float) -> bool:
        """One request for an object; True: it would have been a hit."""
        if id % self.rate:
            return False
        engine, counts = self._engine, self.counts
        engine.tick()
        counts.requests += 1
        counts.bytes += size
        if id in engine:
            engine.touch(id)
            counts.hits += 1
            counts.hit_bytes += size
            return True
        engine.offer(id, size, expires=expires, cost=cost, now=now)
        return False
