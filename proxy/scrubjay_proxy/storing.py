"""From settings to the store."""

from __future__ import annotations

from collections.abc import Callable

from scrubjay_policies.caches import cache_of
from scrubjay_policies.policy import Policy
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.settings import Settings
from scrubjay_proxy.store.base import Removed, Store
from scrubjay_proxy.store.memory import MemoryStore


def store_of(
    settings: Settings,
    policy: Policy,
    *,
    clock: Callable[[], float],
    removed: Removed,
    meter: Meter,
) -> Store:
    """The store of this process, or the one it shares with others."""
    cache, max_variants = settings.cache, settings.http.max_variants
    engine = cache_of(
        policy,
        capacity=cache.capacity,
        max_objects=cache.max_objects,
        k=cache.sample,
        batch=cache.batch,
        seed=cache.seed,
    )
    return MemoryStore(
        engine,
        max_object=cache.max_object or cache.capacity,
        max_variants=max_variants,
        clock=clock,
        removed=removed,
    )
