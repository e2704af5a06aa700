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
async def shared(
    url,
    *,
    capacity=CAPACITY,
    max_objects=50,
    max_object=4000,
    name="lru",
    parts=1,
    timeout=5.0,
    **how,
):
    """The store of one proxy; `failures` has the operations that failed. In `parts` it is used as
    a Cluster would be."""
    failures, link = [], Link(url, timeout=timeout)
    link.shards = parts
    judge = Judge(policy(name), capacity=capacity, max_objects=max_objects)
    shards = Shards(
        link, prefix="sj", capacity=capacity, max_objects=max_objects, failed=failures.append
    )
    told = {"max_variants": 3, "flush": 0.02, "clock": lambda: NOW, **how}
    store = RedisStore(shards, judge, max_object=max_object, **told)
    store.failures = failures
    await store.start()
    try:
        yield store
    finally:
        await store.stop()


def recount(redis, parts=1):
    """Bytes of bodies that are really there, after a look at every key: each belongs to a row."""
    total, expected = 0, set()
    for part in range(parts):
        tag = b"{sj%d}" % part
        expected |= {tag + b"rows", tag + b"meta", tag + b"ghosts"}
        for id, data in redis.hgetall(tag + b"rows").items():
            record = unpack_record(data)
            size, keys = counted(redis, tag, id, record)
            assert size == unpack_rows([record.row])[0, SIZE]
            total += size
            expected |= keys
    there = set(redis.keys("*"))
    assert not there - expected
    assert all(redis.ttl(key) == -1 for key in there)
    return total


def counted(redis, tag, id, record):
    """Bytes of one object's body, and its keys."""
    generation = record.generation.to_bytes(8, "big")
    blocks = [tag + b"b" + generation + n.to_bytes(2, "big") for n in range(record.blocks)]
    keys = {tag + b"o" + id, *blocks}
    if record.base is not None:
        variants = tag + b"v" + record.base.to_bytes(8, "big")
        assert id in redis.get(variants)
        keys.add(variants)
    packed = unpack(redis.get(tag + b"o" + id))
    size = sum(redis.strlen(key) for key in blocks) if blocks else len(packed.body)
    return max(1, size), keys


def used(redis, parts=1):
    """Bytes of bodies that the books say are there."""
    return sum(int(redis.hget(b"{sj%d}meta" % part, "used") or 0) for part in range(parts))
