"""What only a store in Redis has to see to: blocks, leases, failures, garbled values."""

import asyncio
from contextlib import suppress

import pytest

from loopback.waiting import until
from proxy.redis_homes import recount, shared, used
from proxy.stored import body, put, response
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.store.base import Reason, Selector, Vanished
from scrubjay_proxy.store.redis_writer import BLOCK, INLINE

LARGE = 3 * BLOCK + 1000


@pytest.fixture
async def store(server):
    """Room for a few large bodies."""
    async with shared(server.url, capacity=8 * BLOCK, max_object=5 * BLOCK, lease=0.3) as one:
        yield one


def content(length):
    return bytes(number * 7 % 251 for number in range(1000)) * (length // 1000 + 1)


async def large(store, path="/large", length=LARGE):
    return await put(store, response(path, length), content(length)[:length])


@pytest.mark.parametrize("length", [INLINE, INLINE + 1, BLOCK, BLOCK + 1, LARGE])
async def test_a_body_of_any_length_is_read_back(store, server, length):
    stored = await large(store, length=length)
    whole = content(length)[:length]
    assert await body(store, stored) == whole
    for span in ((0, 1), (length - 1, length), (length // 2, length // 2 + 5), (0, length)):
        assert await body(store, stored, span) == whole[slice(*span)]
    assert recount(server.redis) == used(server.redis) == length


async def test_blocks_leave_while_the_body_arrives(store, server):
    stored = response("/large", LARGE)
    async with store.write(stored, LARGE) as writer:
        for at in range(0, LARGE, 10_000):
            await writer.add(content(LARGE)[at : min(at + 10_000, LARGE)])
        assert len(server.redis.keys("{sj0}b*")) == 3
        assert not await store.find(stored.key)
        assert await writer.commit(stored)
    (found,) = await store.find(stored.key)
    assert await body(store, found) == content(LARGE)[:LARGE]


async def test_a_writer_that_gives_up_leaves_nothing(store, server):
    async with store.write(response("/large", LARGE), LARGE) as writer:
        await writer.add(content(2 * BLOCK))
        assert server.redis.keys("{sj0}b*")
    assert recount(server.redis) == 0


async def test_a_slow_origin_keeps_its_lease(store, server):
    stored = response("/large", LARGE)
    async with store.write(stored, LARGE) as writer:
        await writer.add(content(LARGE)[: 2 * BLOCK])
        await asyncio.sleep(0.7)  # the lease is 0.3 s
        await writer.add(content(LARGE)[2 * BLOCK : LARGE])
        assert await writer.commit(stored)
    assert recount(server.redis) == LARGE


async def test_what_lost_its_lease_is_refused(store, server):
    stored = response("/large", LARGE)
    async with store.write(stored, LARGE) as writer:
        await writer.add(content(LARGE)[:LARGE])
        server.redis.delete(server.redis.keys("{sj0}b*")[0])
        assert not await writer.commit(stored)
        assert writer.why is Why.STORE
    assert recount(server.redis) == used(server.redis) == 0


async def test_a_reader_whose_body_goes_gets_no_end(store):
    stored = await large(store, length=5 * BLOCK)
    reading = store.read(stored, (0, stored.length))
    assert await anext(reading) == content(BLOCK)[:BLOCK]
    await store.remove(stored, Reason.PURGED)
    with pytest.raises(Vanished):
        async for _ in reading:
            pass


async def test_what_is_renewed_keeps_its_blocks(store, server):
    stored = await large(store)
    await store.purge(Selector(keys=(stored.key,)), soft=True, reason=Reason.PURGED)
    (found,) = await store.find(stored.key)
    assert found.outdated
    assert await body(store, found) == content(LARGE)[:LARGE]
    assert recount(server.redis) == LARGE


async def test_a_garbled_object_is_counted_and_removed(store, server):
    stored = await put(store, response("/a", 5), b"hello")
    (key,) = server.redis.keys("{sj0}o*")
    server.redis.setrange(key, 40, b"x")
    assert not await store.find(stored.key)
    assert store.failures == ["read"]
    await until(lambda: not server.redis.exists(key))
    assert recount(server.redis) == used(server.redis) == 0


async def test_of_a_garbled_block_no_byte_is_given(store, server):
    stored = await large(store)
    (third,) = [key for key in server.redis.keys("{sj0}b*") if key.endswith(b"\x02")]
    server.redis.setrange(third, 40, b"xyz")
    got = bytearray()
    with suppress(Vanished):
        async for piece in store.read(stored, (0, LARGE)):
            got += piece
    assert got == content(LARGE)[: 2 * BLOCK]
    assert store.failures == ["read"]
    await until(lambda: not server.redis.exists(third))
    assert recount(server.redis) == used(server.redis) == 0


async def test_a_value_of_another_kind_is_a_failure_and_nothing_more(store, server):
    server.redis.set("{sj0}rows", "mine")
    stored = response("/a", 5)
    async with store.write(stored, 5) as writer:
        await writer.add(b"hello")
        assert not await writer.commit(stored)
        assert writer.why is Why.STORE
    assert "write" in store.failures
    assert not await store.find(stored.key)


async def test_a_redis_that_is_full_refuses_and_shows_nothing_partial(store, server):
    kept = await put(store, response("/kept", 5), b"hello")
    server.redis.config_set("maxmemory", server.redis.info()["used_memory"] - 1)
    try:
        for length in (5, LARGE):
            stored = response("/new", length)
            async with store.write(stored, length) as writer:
                await writer.add(content(length)[:length])
                assert not await writer.commit(stored)
                assert writer.why is Why.STORE
        assert await body(store, kept) == b"hello"
    finally:
        server.redis.config_set("maxmemory", 0)
    assert not await store.find("http://site.example/new")
    assert recount(server.redis) == used(server.redis) == 5


async def test_objects_of_the_same_id_but_another_key_are_told_apart(store):
    one = response("/a", 5)
    await put(store, one, b"hello")
    other = response("/b", 5, id=one.id)
    async with store.write(other, 5) as writer:
        await writer.add(b"other")
        assert await writer.commit(other)
    assert not await store.find(one.key)
