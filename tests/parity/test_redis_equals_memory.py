"""One proxy on a Redis decides as one with a store of its own, where samples are all there is."""

import random
from dataclasses import replace

import pytest
from redis import Redis

from loopback.redis_server import redis_server
from proxy.redis_homes import shared
from proxy.stored import NOW, response
from scrubjay_policies.engine import Engine
from scrubjay_policies.registry import policy
from scrubjay_proxy.http.messages import Exchange
from scrubjay_proxy.store.memory import MemoryStore

CAPACITY = 10_000
OBJECTS = 20


async def offer(store, stored):
    """Why it was refused, or None."""
    async with store.write(stored, stored.length) as writer:
        await writer.add(bytes(stored.length))
        await writer.commit(stored)
        return writer.why


# Of those whose worth depends neither on ties nor on where in a sample an object stands.
@pytest.mark.parametrize("name", ["lru", "lfu", "fifo", "ttl", "gdsf"])
async def test_the_same_requests_leave_the_same_objects(tmp_path, name):
    chance, gone = random.Random(name), {"memory": [], "redis": []}
    memory = MemoryStore(
        Engine(policy(name), capacity=CAPACITY, max_objects=OBJECTS),
        max_object=4000, max_variants=3, clock=lambda: NOW,
        removed=lambda *what: gone["memory"].append(what),
    )  # fmt: skip
    # Where a newcomer is refused after some have gone for it, the shared store keeps them: let
    # one be enough. No size and no cost is there twice, as ties fall to what is drawn first.
    most = 480 if policy(name).competes else 2000
    sizes = chance.sample(range(100, most), 60)
    costs = [chance.random() for _ in range(60)]
    async with (
        redis_server(tmp_path) as server,
        shared(
            server.url, name=name, max_objects=OBJECTS,
            removed=lambda *what: gone["redis"].append(what),
        ) as redis,
    ):  # fmt: skip
        for _ in range(400):
            number = int(min(59, chance.expovariate(1 / 15)))
            stored = response(f"/{number}", sizes[number], expires=NOW + 10 + number)
            stored = replace(stored, times=Exchange(NOW, NOW + costs[number]))
            refused = []
            for store in (memory, redis):
                store.seen()
                refused.append(await offer(store, stored))
            assert refused[0] == refused[1]
            assert memory.usage().bytes == redis.usage().bytes
        with Redis(unix_socket_path=server.path) as client:
            held = {int.from_bytes(id, "big") for id in client.hkeys("{sj0}rows")}
    assert held == set(memory.engine.ids())
    # Those of one decision may leave in another order.
    assert sorted(gone["memory"]) == sorted(gone["redis"])
