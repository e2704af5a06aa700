"""Several proxies on one Redis: they see the same, and together keep to one budget."""

import asyncio
import random
import signal
import sys
from contextlib import AsyncExitStack

import pytest

from loopback.waiting import until
from proxy.redis_homes import recount, shared, used
from proxy.stored import CAPACITY, body, put, response
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.store.base import Reason, Selector, Vanished


@pytest.fixture
async def pair(server):
    """Two proxies' stores; what each removed is in its `removals`."""
    async with AsyncExitStack() as stack:
        stores = []
        for _ in range(2):
            removals = []
            one = await stack.enter_async_context(
                shared(server.url, removed=lambda *what, to=removals: to.append(what))
            )
            one.removals = removals
            stores.append(one)
        yield stores


async def test_what_one_takes_in_the_other_finds(pair):
    one, other = pair
    await put(one, response("/a", 5, "ETag: x"), b"hello")
    (found,) = await other.find("http://site.example/a")
    assert await body(other, found) == b"hello"


async def test_a_purge_through_one_is_seen_by_the_other(pair):
    one, other = pair
    stored = await put(one, response("/a", 5, "Surrogate-Key: red"), b"hello")
    selector = Selector(tags=frozenset({"red"}))
    assert await other.purge(selector, soft=False, reason=Reason.PURGED) == 1
    assert not await one.find(stored.key)
    with pytest.raises(Vanished):
        await body(one, stored)


async def test_a_soft_purge_through_one_is_seen_by_the_other(pair):
    one, other = pair
    stored = await put(one, response("/a"))
    await other.purge(Selector(keys=(stored.key,)), soft=True, reason=Reason.INVALIDATED)
    (found,) = await one.find(stored.key)
    assert found.invalid


async def test_a_variant_that_comes_in_through_one_is_known_to_the_other(server):
    async with shared(server.url, hot=2**20) as one, shared(server.url, hot=2**20) as other:
        await until(lambda: one._hot.on and other._hot.on)
        await put(one, response("/a", 5, "Vary: X", chosen=(("x", "en"),)))
        assert len(await other.find("http://site.example/a")) == 1
        for chosen in ((("x", "de"),), ()):
            known = await other.find("http://site.example/a")
            await put(one, response("/a", 5, "Vary: X", chosen=chosen))
            await until(lambda: other.peek("http://site.example/a") is None)
            assert len(await other.find("http://site.example/a")) == len(known) + 1


async def test_what_both_remove_is_freed_once(pair, server):
    stored = await put(pair[0], response("/a", 5), b"hello")
    freed = await asyncio.gather(*(one.remove(stored, Reason.PURGED) for one in pair))
    assert sorted(freed) == [0, 5]
    assert pair[0].removals + pair[1].removals == [(Reason.PURGED, 1, 5)]
    assert used(server.redis) == 0


async def test_a_victim_that_both_choose_is_freed_once(pair, server):
    for number in range(5):
        await put(pair[0], response(f"/{number}", 2000))
        for one in pair:
            one.seen()
            await one.beats.beat()
    await asyncio.gather(*(put(one, response(f"/by-{n}", 2000)) for n, one in enumerate(pair)))
    told = pair[0].removals + pair[1].removals
    assert told == [(Reason.EVICTED, 1, 2000)] * 2
    assert recount(server.redis) == used(server.redis) == CAPACITY


async def under_pressure(store, seed, seen):
    """Write, read, renew, purge and remove at random; every answer's count goes to `seen`."""
    run, chance = store._shards.run, random.Random(seed)

    async def watched(*args):
        answer = await run(*args)
        seen.append(store.usage().bytes)
        return answer

    store._shards.run = watched
    for number in range(150):
        stored = response(f"/{chance.randrange(60)}", chance.randrange(1, 3000))
        if chance.random() < 0.3:
            chosen = (("x", str(chance.randrange(5))),)
            stored = response("/vary", stored.length, "Vary: X", chosen=chosen)
        store.seen()
        found = await store.find(stored.key)
        if found and chance.random() < 0.5:
            await store.refresh(found[0])
        if found and chance.random() < 0.2:
            await store.remove(found[-1], Reason.REPLACED)
        if number % 40 == 0:
            prefixes = (f"http://site.example/{number // 40}",)
            await store.purge(Selector(prefixes=prefixes), soft=False, reason=Reason.PURGED)
        async with store.write(stored, stored.length) as writer:
            await writer.add(bytes(stored.length))
            assert await writer.commit(stored) or writer.why in {Why.NO_ROOM, Why.POLICY}


@pytest.mark.parametrize(("name", "parts"), [("lru", 1), ("gdsf", 1), ("drl", 1), ("drl", 3)])
async def test_the_budget_is_kept_whatever_they_do_at_once(server, name, parts):
    seen = []
    async with AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(shared(server.url, name=name, parts=parts))
            for _ in range(2)
        ]
        await asyncio.gather(
            *(under_pressure(one, f"{n}.{lane}", seen) for n, one in enumerate(stores)
              for lane in range(2))
        )  # fmt: skip
        assert not stores[0].failures + stores[1].failures
    assert CAPACITY / 2 < max(seen) <= CAPACITY
    assert min(seen) >= 0
    assert recount(server.redis, parts) == used(server.redis, parts) > 0


async def test_ghosts_are_kept_for_policies_that_remember_and_bounded(server):
    async with shared(server.url, name="drl") as store:
        for number in range(200):
            await put(store, response(f"/{number}", 400))
    held = server.redis.hlen("{sj0}rows")
    assert held <= 25
    assert held <= server.redis.hlen("{sj0}ghosts") <= max(64, held)


WRITER = """
import asyncio, sys
from proxy.redis_homes import shared
from proxy.stored import response
from scrubjay_proxy.store.redis_writer import BLOCK

async def main():
    length = 4 * BLOCK
    async with shared(sys.argv[1], capacity=2 * length, max_object=length, lease=0.5) as store:
        async with store.write(response("/large", length), length) as writer:
            await writer.add(bytes(3 * BLOCK))
            print("written", flush=True)
            await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_writer_that_is_killed_leaves_nothing_after_its_lease(server):
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, server.url, stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    async with asyncio.timeout(30):
        assert await writer.stdout.readline() == b"written\n"
    assert len(server.redis.keys("{sj0}b*")) == 3
    writer.send_signal(signal.SIGKILL)
    await writer.wait()
    assert server.redis.keys("{sj0}b*")
    await until(lambda: not server.redis.keys("{sj0}b*"))
    assert recount(server.redis) == used(server.redis) == 0
