"""The books of a cache under a policy, of the kind that it needs, and from one to another."""

from __future__ import annotations

from scrubjay_policies.engine import Engine
from scrubjay_policies.follower import Follower
from scrubjay_policies.policy import Policy

Cache = Engine | Follower


def cache_of(
    policy: Policy,
    *,
    capacity: int,
    max_objects: int,
    k: int = 80,
    batch: int = 1,
    seed: int = 0,
) -> Cache:
    """An empty cache; the settings are those of `Engine`."""
    kind: type[Engine | Follower] = Follower if policy.shadows else Engine
    return kind(policy, capacity=capacity, max_objects=max_objects, k=k, batch=batch, seed=seed)


def under(cache: Cache, policy: Policy, now: float) -> tuple[Cache, tuple[int, ...]]:
    """The same objects under another policy, and those that had to go for it.

    Nothing goes but where a follower ends whose own ranking would not have kept all.
    """
    if policy.shadows == cache.policy.shadows:
        cache.use(policy)
        return cache, ()
    gone: tuple[int, ...] = ()
    if isinstance(cache, Follower):
        cache, gone = cache.alone(now)
    if not policy.shadows:
        cache.use(policy)
        return cache, gone
    return Follower.around(cache, policy), gone
