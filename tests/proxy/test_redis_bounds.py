"""What a shared store keeps in the process stays bounded, and what it has to let go is counted."""

import tracemalloc

from loopback.waiting import until
from proxy.redis_homes import shared
from proxy.stored import body, put, response
from scrubjay_proxy.store.accesses import MOST
from scrubjay_proxy.store.redis_writer import BLOCK

LENGTH = 8 * BLOCK
READERS = 8


async def test_slow_readers_of_a_large_body_do_not_each_gather_it(server):
    how = {"capacity": 4 * LENGTH, "max_object": LENGTH, "hot": 8 * LENGTH}
    async with shared(server.url, **how) as store:
        await until(lambda: store._hot.bears(LENGTH))
        found = await put(store, response("/large", LENGTH), b"y" * LENGTH)
        store._hot.clear()
        (found,) = await store.find(found.key)
        readers = [store.read(found, (0, LENGTH)) for _ in range(READERS)]
        tracemalloc.start()
        try:
            for _ in range(LENGTH // BLOCK - 1):
                for reader in readers:
                    await anext(reader)
            gathered, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        for reader in readers:
            await reader.aclose()
        # One gathers it; each has some blocks in hand that it asked for ahead.
        assert gathered < LENGTH + READERS * 5 * BLOCK / 2
        assert await body(store, found) == b"y" * LENGTH
        assert store.body(found) == b"y" * LENGTH


async def test_accesses_dropped_between_two_flushes_are_counted(server):
    async with shared(server.url, flush=3600.0) as store:
        for number in range(MOST + 1):
            store.beats.accesses.used(response(f"/{number}"), number)
        assert store.beats.accesses.dropped == 1
        await store.beats.beat()
        assert store.failures == ["accesses"]
        await store.beats.beat()
        assert store.failures == ["accesses"]
