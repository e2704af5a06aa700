"""Two proxies with hot tiers on one Redis: what one changes the other serves no more."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from loopback.waiting import until
from proxy.redis_homes import shared
from proxy.stored import NOW, body, put, response
from scrubjay_proxy.store import redis, redis_told
from scrubjay_proxy.store.base import Reason, Selector
from scrubjay_proxy.store.redis_writer import BLOCK

HOT = 2**20


@pytest.fixture
async def pair(server):
    """Two proxies' stores that hear what is gone, and are told nothing by themselves in time."""
    async with AsyncExitStack() as stack:
        stores = []
        for _ in range(2):
            store = await stack.enter_async_context(shared(server.url, hot=HOT, flush=60.0))
            await until(lambda store=store: store._hot.bears(1))
            stores.append(store)
        yield stores


async def warm(store, path="/a", length=5, *fields):
    """Put a response there by one store; what another then has hot."""
    await put(store[0], response(path, length, *fields), b"x" * length)
    (found,) = await store[1].find(f"http://site.example{path}")
    assert store[1].peek(found.key) == [found]
    assert store[1].body(found) == b"x" * length
    return found


async def heard(store):
    """After all that was published until now has come."""
    stamp = store._hot.stamp
    await store._shards.link.send(0, ("PUBLISH", store._shards.channel, bytes(8)))
    await until(lambda: store._hot.stamp > stamp)


async def test_what_is_hot_is_answered_without_redis(pair, server):
    found = await warm(pair)
    server.freeze()
    assert await pair[1].find(found.key) == [found]
    assert await body(pair[1], found) == b"xxxxx"
    assert await body(pair[1], found, (1, 3)) == b"xx"
    server.thaw()


@pytest.mark.parametrize("soft", [False, True])
async def test_a_purge_by_one_is_at_once_invisible_to_the_other(pair, soft):
    one, other = pair
    found = await warm(pair)
    await one.purge(Selector(keys=(found.key,)), soft=soft, reason=Reason.PURGED)
    await heard(other)
    assert other.peek(found.key) is None
    assert [again.outdated for again in await other.find(found.key)] == [True] * soft


async def test_a_purge_is_at_once_invisible_to_who_asked_for_it(pair):
    _, other = pair
    found = await warm(pair)
    await other.purge(Selector(keys=(found.key,)), soft=False, reason=Reason.PURGED)
    assert other.peek(found.key) is None


async def test_what_is_replaced_or_renewed_is_told(pair):
    one, other = pair
    found = await warm(pair)
    await one.refresh(replace(found, expires=NOW + 500))
    await heard(other)
    (renewed,) = await other.find(found.key)
    assert renewed.expires == NOW + 500
    await put(one, response("/a", 7))
    await heard(other)
    assert [again.length for again in await other.find(found.key)] == [7]


async def test_a_new_variant_is_told(pair):
    one, other = pair
    await put(one, response("/a", 5, "Vary: X", chosen=(("x", "1"),)))
    key = "http://site.example/a"
    assert len(await other.find(key)) == len(other.peek(key)) == 1
    await put(one, response("/a", 5, "Vary: X", chosen=(("x", "2"),)))
    await heard(other)
    assert len(await other.find(key)) == 2


async def test_what_is_evicted_is_told(pair):
    one, other = pair
    found = await warm(pair, "/a", 4000)
    for number in range(5):
        one.seen()
        await put(one, response(f"/{number}", 3000))
    await heard(other)
    assert other.peek(found.key) is None


async def test_who_hears_nothing_any_more_trusts_only_redis(pair, server):
    one, other = pair
    found = await warm(pair)
    server.redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await until(lambda: not other._hot.bears(1))
    assert (len(other._hot), other.peek(found.key)) == (0, None)
    await one.purge(Selector(keys=(found.key,)), soft=False, reason=Reason.PURGED)
    assert not await other.find(found.key)
    await until(lambda: other._hot.bears(1))
    await warm(pair, "/b")


@pytest.mark.parametrize("soft", [False, True])
async def test_a_word_that_is_lost_is_missed_for_one_flush(server, monkeypatch, soft):
    def deaf(link, channel, hot):
        hot.back()

    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(shared(server.url, hot=HOT))
        monkeypatch.setattr(redis, "follow", deaf)
        other = await stack.enter_async_context(shared(server.url, hot=HOT, flush=60.0))
        found = await warm((one, other))
        await one.purge(Selector(keys=(found.key,)), soft=soft, reason=Reason.PURGED)
        assert other.peek(found.key) == [found]
        other.used(found)
        await other.beats.beat()
        assert other.peek(found.key) is None
    assert redis_told.follow is not deaf


async def test_what_went_while_it_was_read_does_not_become_hot(pair):
    one, other = pair
    found = await warm(pair)
    other._hot.clear()
    look = other._shards.link.look

    async def later(told, answer):
        await one.purge(Selector(keys=(found.key,)), soft=True, reason=Reason.INVALIDATED)
        await heard(other)
        told(answer)

    def slow(shard, keys, told):
        return look(shard, keys, lambda answer: other._changes.spawn(later(told, answer)))

    other._shards.link.look = slow
    assert await other.find(found.key) == [found]  # as it was when it was read
    other._shards.link.look = look
    assert other.peek(found.key) is None


async def test_a_large_body_is_hot_once_it_was_read_as_a_whole(server):
    length = BLOCK + 5
    async with shared(server.url, hot=16 * BLOCK, capacity=8 * BLOCK, max_object=length) as store:
        await until(lambda: store._hot.bears(1))
        found = await put(store, response("/large", length), b"y" * length)
        assert await body(store, found, (5, length)) == b"y" * (length - 5)
        assert store.body(found) is None
        assert await body(store, found) == b"y" * length
        assert store.body(found) == b"y" * length


async def test_with_no_room_for_it_there_is_no_hot_tier(server):
    async with shared(server.url, hot=0) as store:
        await asyncio.sleep(0)
        found = await put(store, response("/a", 5), b"hello")
        assert store.peek(found.key) is None
        assert await body(store, found) == b"hello"
