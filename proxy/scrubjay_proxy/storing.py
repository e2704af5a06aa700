"""From settings to the store."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from scrubjay_policies.caches import cache_of
from scrubjay_policies.policy import Policy
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.metrics import STORE_ERRORS
from scrubjay_proxy.settings import Settings
from scrubjay_proxy.store.base import Removed, Store
from scrubjay_proxy.store.memory import MemoryStore
from scrubjay_proxy.store_url import MEMORY

log = structlog.get_logger()


def store_of(
    settings: Settings,
    policy: Policy,
    *,
    clock: Callable[[], float],
    removed: Removed,
    meter: Meter,
) -> Store:
    """The store of this process, or the one that it shares with others."""
    if settings.cache.store != MEMORY:
        return _shared(settings, policy, clock=clock, removed=removed, meter=meter)
    cache = settings.cache
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
        max_variants=settings.http.max_variants,
        clock=clock,
        removed=removed,
    )


def _shared(
    settings: Settings,
    policy: Policy,
    *,
    clock: Callable[[], float],
    removed: Removed,
    meter: Meter,
) -> Store:
    # Imported when asked for: whoever shares no store needs no redis.
    from scrubjay_policies.judge import Judge
    from scrubjay_proxy.store.redis import RedisStore
    from scrubjay_proxy.store.redis_link import Link
    from scrubjay_proxy.store.redis_shards import Shards

    cache, told = settings.cache, settings.redis
    if cache.policy != policy.name:
        log.warning(
            "a shared store has no shadow caches to guard by", asked=cache.policy, used=policy.name
        )
    judge = Judge(
        policy,
        capacity=cache.capacity,
        max_objects=cache.max_objects,
        k=cache.sample,
        batch=cache.batch,
    )
    shards = Shards(
        Link(cache.store, timeout=told.timeout, shards=told.shards, prefix=told.prefix),
        prefix=told.prefix,
        capacity=cache.capacity,
        max_objects=cache.max_objects,
        failed=lambda operation: meter.add(STORE_ERRORS, operation),
    )
    return RedisStore(
        shards,
        judge,
        max_object=cache.max_object or cache.capacity,
        max_variants=settings.http.max_variants,
        flush=told.flush,
        hot=told.hot,
        clock=clock,
        removed=removed,
    )
