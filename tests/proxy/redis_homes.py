"""Stores on a real Redis, as one or several proxies would have them."""

from contextlib import asynccontextmanager

from proxy.stored import CAPACITY, NOW
from scrubjay_policies.judge import Judge
from scrubjay_policies.registry import policy
from scrubjay_policies.rows import SIZE
from scrubjay_proxy.store.packing import unpack, unpack_rows
from scrubjay_proxy.store.redis import RedisStore
from scrubjay_proxy.store.redis_link import Link
from scrubjay_proxy.store.redis_record import unpack_record
from scrubjay_proxy.store.redis_shards import Shards


@asynccontextmanager
async def shared(url, *, capacity=CAPACITY, max_objects=50, max_object=4000, name="lru", **how):
    """The store of one proxy; `failures` has the operations that failed."""
    failures = []
    judge = Judge(policy(name), capacity=capacity, max_objects=max_objects)
    shards = Shards(
        Link(url), prefix="sj", capacity=capacity, max_objects=max_objects, failed=failures.append
    )
    told = {"max_variants": 3, "flush": 0.02, "clock": lambda: NOW, **how}
    store = RedisStore(shards, judge, max_object=max_object, **told)
    store.failures = failures
    await store.start()
    try:
        yield store
    finally:
        await store.stop()


def recount(redis):
    """Bytes of bodies that are really there, after a look at every key: each belongs to a row."""
    rows = redis.hgetall("{sj0}rows")
    expected = {b"{sj0}rows", b"{sj0}meta"} if rows else set()
    total = 0
    for id, data in rows.items():
        record = unpack_record(data)
        generation = record.generation.to_bytes(8, "big")
        blocks = [b"{sj0}b" + generation + n.to_bytes(2, "big") for n in range(record.blocks)]
        packed = unpack(redis.get(b"{sj0}o" + id))
        held = sum(redis.strlen(key) for key in blocks) if blocks else len(packed.body)
        size = int(unpack_rows([record.row])[0, SIZE])
        assert max(1, held) == size
        total += size
        expected |= {b"{sj0}o" + id, *blocks}
        if record.base is not None:
            variants = b"{sj0}v" + record.base.to_bytes(8, "big")
            assert id in redis.get(variants)
            expected.add(variants)
    there = set(redis.keys("*")) - {b"{sj0}ghosts"}
    assert there - {b"{sj0}meta"} == expected - {b"{sj0}meta"}
    assert all(redis.ttl(key) == -1 for key in there)
    return total


def used(redis):
    """Bytes of bodies that the books say are there."""
    return int(redis.hget("{sj0}meta", "used") or 0)
