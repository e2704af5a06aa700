"""Requests on their way to the shared books: gathered, bounded, and added up as if one by one."""

import random
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from loopback.waiting import until
from proxy.redis_homes import shared
from proxy.stored import put, response
from scrubjay_policies import rows as at
from scrubjay_policies.judge import Judge
from scrubjay_policies.registry import policy
from scrubjay_policies.rows import views
from scrubjay_proxy.store import accesses
from scrubjay_proxy.store.accesses import SOON, Accesses
from scrubjay_proxy.store.packing import unpack_rows
from scrubjay_proxy.store.redis_record import unpack_record


def gathered(*clocks, of=None):
    used = Accesses(lambda _: 0)
    for clock in clocks:
        used.used(of or response(), clock)
    return used


def told(used):
    """Requests, time of the last, and the last gaps, of the one object."""
    (one,) = used.take()[0].values()
    return one.count, one.last, one.gap, one.before


@pytest.mark.parametrize(
    ("clocks", "expected"),
    [
        ((7,), (1, 7, 0, 0)),
        ((7, 9), (2, 9, 2, 0)),
        ((7, 9, 14), (3, 14, 5, 2)),
        ((7, 9, 14, 14), (4, 14, 0, 5)),
    ],
)
def test_requests_come_down_to_a_few_numbers(clocks, expected):
    assert told(gathered(*clocks)) == expected


@pytest.mark.parametrize("split", range(1, 6))
def test_what_could_not_be_told_is_told_with_what_came_meanwhile(split):
    clocks = (3, 4, 6, 10, 15, 22)
    used = gathered(*clocks[:split])
    untold = used.take()[0]
    for clock in clocks[split:]:
        used.used(response(), clock)
    used.keep(untold)
    assert told(used) == told(gathered(*clocks))


def test_another_generation_begins_anew():
    used = gathered(1, 2, 3)
    untold = used.take()[0]
    used.used(replace(response(), generation=5), 9)
    used.keep(untold)
    assert told(used) == (1, 9, 0, 0)


def test_many_objects_are_worth_telling_at_once():
    used = Accesses(lambda _: 0)
    assert [used.used(response(f"/{n}"), n) for n in range(SOON)] == [False] * (SOON - 1) + [True]


def test_what_cannot_be_told_is_bounded_and_counted():
    used = Accesses(lambda _: 0, most=2)
    for path in ("/a", "/b", "/c", "/a", "/c"):
        used.used(response(path), 1)
    assert (len(used), used.dropped) == (2, 2)
    untold = used.take()[0]
    for path in ("/c", "/d", "/d"):
        used.used(response(path), 2)
    used.keep(untold)
    assert (len(used), used.dropped) == (2, 5)


def test_they_are_taken_by_shard():
    used = Accesses(len)
    for path in ("/a", "/bb", "/cc"):
        used.used(response(path), 1)
    assert sorted(len(shard) for shard in used.take().values()) == [1, 2]
    assert not used.take()


def row_of(server, stored):
    record = unpack_record(server.redis.hget("{sj0}rows", stored.id.to_bytes(8, "big")))
    return unpack_rows([record.row])


@pytest.mark.parametrize("name", ["lru", "gdsf", "drl"])
async def test_rows_become_what_the_policies_make_of_them_one_by_one(server, name):
    """Two proxies, in turns, each telling what it saw before the other goes on."""
    chance = random.Random(name)
    judge = Judge(policy(name), capacity=10_000, max_objects=50)
    async with AsyncExitStack() as stack:
        pair = [
            await stack.enter_async_context(shared(server.url, name=name, flush=60.0))
            for _ in range(2)
        ]
        stored = [await put(pair[0], response(f"/{n}", 100)) for n in range(5)]
        rows = {one.id: row_of(server, one) for one in stored}
        for turn in range(40):
            store = pair[turn % 2]
            store._judge.clock = judge.clock
            for _ in range(chance.randrange(12)):
                one = chance.choice(stored)
                for _ in range(chance.randrange(1, 4)):
                    store.seen()
                    judge.clock += 1
                judge.inflation = store._judge.inflation = chance.random() + judge.inflation
                store.used(one)
                judge.hit(views(rows[one.id]))
            await store.beats.beat()
            for row in rows.values():  # a row has the inflation of when it was told
                row[0, at.CREDIT] = 0.0
            for one in stored:
                told = row_of(server, one)
                told[0, at.CREDIT] = 0.0
                assert told.tobytes() == rows[one.id].tobytes(), (turn, told, rows[one.id])


async def test_a_row_has_the_inflation_of_when_it_was_told(server):
    async with shared(server.url, name="gdsf", flush=60.0) as store:
        one = await put(store, response("/a", 100))
        store.used(one)
        store._judge.inflation = 0.1 + 0.2
        await store.beats.beat()
        assert row_of(server, one)[0, at.CREDIT] == 0.1 + 0.2


async def test_what_comes_out_of_order_counts_and_moves_no_time_back(server):
    async with AsyncExitStack() as stack:
        early, late = [
            await stack.enter_async_context(shared(server.url, flush=60.0)) for _ in range(2)
        ]
        one = await put(early, response("/a", 100))
        for store, clock in ((early, 50), (late, 90)):
            store._judge.clock = clock
            store.used(one)
        await late.beats.beat()
        await early.beats.beat()
    row = row_of(server, one)
    assert (row[0, at.SEEN], at.past(row)[0, at.HITS], at.past(row)[0, at.GAP]) == (90, 3, 90)


async def test_the_judge_hears_of_hits(server):
    async with shared(server.url, name="drl", flush=60.0) as store:
        one = await put(store, response("/a", 100))
        before = store._judge.climate.misses, store._judge.climate.firsts
        for _ in range(5):
            store.used(one)
        await store.beats.beat()
        climate = store._judge.climate
        assert climate.misses == pytest.approx(before[0] / 6)
        assert climate.firsts == pytest.approx(before[1], rel=0.01)


async def test_the_last_requests_are_told_when_the_proxy_ends(server):
    async with shared(server.url, flush=60.0) as store:
        one = await put(store, response("/a", 100))
        store.used(one)
    assert at.past(row_of(server, one))[0, at.HITS] == 2


async def test_many_are_told_before_it_is_time(server, monkeypatch):
    monkeypatch.setattr(accesses, "SOON", 3)
    async with shared(server.url, flush=60.0) as store:
        stored = [await put(store, response(f"/{n}", 10)) for n in range(3)]
        for one in stored:
            store.used(one)
        await until(lambda: at.past(row_of(server, stored[0]))[0, at.HITS] == 2)


async def test_while_redis_is_away_they_are_kept(server):
    async with shared(server.url, flush=0.02, timeout=0.05) as store:
        one = await put(store, response("/a", 100))
        server.freeze()
        store.used(one)
        await until(lambda: not store.usage().up)
        store.used(one)
        server.thaw()
        # What it was told while it was frozen it may have heard all the same.
        await until(lambda: at.past(row_of(server, one))[0, at.HITS] >= 3)
