"""Three masters share the shards; slots move, masters die, and come back."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from redis.crc import key_slot

from loopback.linking import linked, timed
from loopback.redis_cluster import redis_cluster
from loopback.waiting import until
from scrubjay_proxy.store.redis_cluster import places_of, redirection
from scrubjay_proxy.store.redis_link import Link, Script, StoreDown

SHARDS = 16
ALL = range(SHARDS)
LIMIT = 1.0
PUT = Script("put", "return redis.call('SET', KEYS[1], ARGV[1])")


def tag(shard):
    return b"{sj%d}" % shard


def key(shard):
    return tag(shard) + b"k"


@pytest.fixture
async def cluster(tmp_path):
    async with redis_cluster(tmp_path) as cluster:
        yield cluster


@pytest.fixture
async def link(cluster):
    async with linked(cluster.url, timeout=LIMIT) as link:
        yield link


def owned(cluster, master):
    """Shards of a master."""
    return [shard for shard in ALL if cluster.owner(key_slot(tag(shard))) is master]


async def fill(link, shards=ALL):
    await asyncio.gather(*(link.run(n, PUT, [key(n)], [b"%d" % n]) for n in shards))


async def found(link, shards=ALL):
    return await asyncio.gather(
        *(link.get(n, [key(n), tag(n)]) for n in shards), return_exceptions=True
    )


def whole(shards=ALL):
    return [[b"%d" % n, None] for n in shards]


async def until_found(link, wanted, shards=ALL):
    async with asyncio.timeout(15):
        while await found(link, shards) != wanted:  # noqa: ASYNC110  there is no event for it
            await asyncio.sleep(0.02)


async def migrate(cluster, slot, source, target):
    """The first half of moving a slot: new keys go to the target."""
    async with source.client() as one, target.client() as other:
        source_id, target_id = await one.cluster("MYID"), await other.cluster("MYID")
        await other.cluster("SETSLOT", slot, "IMPORTING", source_id)
        await one.cluster("SETSLOT", slot, "MIGRATING", target_id)
    return target_id


async def listeners(master):
    async with master.client() as client:
        ((_, count),) = await client.pubsub_numsub("gone")
    return count


async def test_every_shard_is_where_its_slot_is(cluster, link):
    assert link.shards == SHARDS
    assert len(link.info) == 3
    await fill(link)
    assert await found(link) == whole()
    for master in cluster.masters:
        async with master.client() as client:
            assert await client.dbsize() == len(owned(cluster, master)) > 0


async def test_lookups_of_one_shard_are_one_command(cluster, link):
    await asyncio.gather(*(link.get(0, [tag(0) + b"%d" % n]) for n in range(20)))
    async with cluster.owner(key_slot(tag(0))).client() as client:
        assert (await client.info("commandstats"))["cmdstat_mget"]["calls"] == 1


async def test_a_slot_that_moves_is_followed(cluster, link):
    slot = key_slot(tag(0))
    source = cluster.owner(slot)
    target = next(master for master in cluster.masters if master is not source)
    target_id = await migrate(cluster, slot, source, target)
    await fill(link, [0])  # by ASK
    async with target.client() as client:
        assert await client.cluster("COUNTKEYSINSLOT", slot) == 1
    assert await link.get(0, [key(0)]) == [b"0"]
    await cluster.everywhere("CLUSTER SETSLOT", slot, "NODE", target_id)
    assert await found(link, [0]) == whole([0])  # by MOVED
    assert link.opened == 0


async def test_a_slot_that_nobody_serves_costs_its_shard_alone(cluster, link):
    slot = key_slot(tag(0))
    await fill(link)
    await cluster.everywhere("CLUSTER DELSLOTS", slot)
    lost = (await found(link))[0]
    assert isinstance(lost, StoreDown)
    assert await found(link, ALL[1:]) == whole(ALL[1:])
    _, seconds = await timed(link.get(0, [key(0)]))
    assert seconds < LIMIT
    assert link.opened == 1
    async with cluster.owner(slot).client() as client:
        await client.cluster("ADDSLOTS", slot)
    await until_found(link, whole())


async def test_a_killed_master_costs_its_shards_alone_until_it_is_back(cluster, link):
    dead = cluster.masters[0]
    lost, kept = owned(cluster, dead), [n for n in ALL if n not in owned(cluster, dead)]
    await fill(link)
    await dead.kill()
    for answer in await found(link, lost):
        assert isinstance(answer, StoreDown)
    assert link.up
    for _ in range(50):  # while the others notice
        assert await found(link, kept) == whole(kept)
        await asyncio.sleep(0.02)
    await dead.start()
    await until_found(link, [[None, None] for _ in lost], lost)
    await fill(link)
    assert await found(link) == whole()


async def test_a_replica_takes_over_the_shards_of_its_master(tmp_path):
    async with (
        redis_cluster(tmp_path, replicated=True) as cluster,
        linked(cluster.url, timeout=LIMIT) as link,
    ):
        await fill(link)
        for master in cluster.masters:
            async with master.client() as client:
                await client.wait(1, 5000)
        dead = cluster.masters[0]
        await dead.kill()
        await until_found(link, whole())
        await dead.start()  # a replica by now
        for _ in range(50):
            assert await found(link) == whole()
            await asyncio.sleep(0.02)


async def test_a_link_starts_while_a_master_is_down(cluster):
    dead = cluster.masters[2]
    await dead.kill()
    async with linked(cluster.url, timeout=LIMIT) as link:
        assert link.up
        await dead.start()
        async with asyncio.timeout(15):
            while True:
                with contextlib.suppress(StoreDown):
                    await fill(link)
                    break
                await asyncio.sleep(0.02)


async def test_what_is_published_is_heard_though_the_server_that_told_it_dies(cluster, link):
    listening = Link(cluster.url, timeout=LIMIT)
    heard, lost, back = set(), asyncio.Event(), asyncio.Event()
    listening.subscribe(b"gone", heard.add, lost.set, back.set)
    await listening.start()
    async with asyncio.timeout(20):
        await back.wait()
        back.clear()
        (told,) = [master for master in cluster.masters if await listeners(master)]
        others = [master for master in cluster.masters if master is not told]
        await told.kill()
        await lost.wait()
        await back.wait()
        for n, master in enumerate(others):
            async with master.client() as client:
                await client.publish("gone", b"%d" % n)
        await until(lambda: heard == {b"0", b"1"})
    await listening.stop()


def test_a_server_that_does_not_know_its_own_name_has_the_one_that_was_asked():
    answer = [[0, 9, [b"", 7000, b"id"]], [10, 99, [b"10.0.0.2", 7001, b"id"], [b"replica", 1]]]
    assert places_of(answer, "asked", [5, 10, 200]) == [("asked", 7000), ("10.0.0.2", 7001), None]
    assert places_of([[0, 9, [b"?", 7000, b"id"]]], "asked", [5]) == [None]


def test_redirections_are_read_with_ipv6_and_without_a_host():
    assert redirection("MOVED 12 fe80::1:7000", "asked") == ("MOVED", ("fe80::1", 7000))
    assert redirection("ASK 12 :7000", "asked") == ("ASK", ("asked", 7000))
    assert redirection("WRONGTYPE Operation", "asked") is None
