"""Hits that lie in Redis and not in the process: as the long way answers, but without a task."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from loopback.client import request
from loopback.origin import reply
from loopback.waiting import until
from proxy.test_quick_equality import ASKED, FRESH, STORED, Long, stream
from scrubjay_proxy.control.running import Purge
from scrubjay_proxy.store.redis_record import unpack_record
from scrubjay_proxy.wire.body import HIGH_WATER

ESSENTIAL = [
    "plain", "aged", "empty", "large", "by language", "in the meantime", "to be checked",
    "not found", "any query",
]  # fmt: skip
HOT = {"off": "0", "on": "64MiB"}
PATIENT = "10s"
A = request("/a")


@pytest.fixture
def begin(start, server):
    """Starts proxies on the Redis, without a hot tier."""

    async def one(**given):
        settings = {
            "cache.store": server.url, "cache.policy": "lru", "redis.hot": "0",
            "redis.timeout": PATIENT,
        }  # fmt: skip
        return await start({**settings, **{k.replace("__", "."): v for k, v in given.items()}})

    return one


@pytest.fixture
async def stored(origin, begin):
    """A proxy, what takes the long way through it, and /a, /b in Redis."""
    origin.on("/a", *[reply(b"first", FRESH)] * 2)
    origin.on("/b", reply(b"second", FRESH))
    proxy = await begin()
    for path in ("/a", "/b"):
        await proxy.get(path)
        await proxy.settle()
    return proxy, Long(proxy)


@asynccontextmanager
async def asking(proxy, server, data=A):
    """A client whose request waits for Redis, and its connection."""
    async with proxy.client() as client:
        await until(lambda: proxy.proxy._clients)
        server.freeze()
        await client.send(data)
        (connection,) = proxy.proxy._clients
        await until(lambda: connection._waiting)
        yield client, connection


async def traces(proxy, server, prefix):
    """What requests leave behind, in the process and in Redis."""
    store, meter = proxy.proxy.store, proxy.proxy.meter
    await store.beats.beat()
    books = server.redis.hgetall(f"{{{prefix}0}}rows")
    rows = {id: unpack_record(data).row for id, data in books.items()}
    counted = {name: sum(spread.buckets) for name, spread in meter.durations.items()}
    return store._judge.clock, rows, meter.snapshot(), counted


@pytest.mark.parametrize("hot", HOT)
@pytest.mark.parametrize("name", ESSENTIAL)
async def test_an_answer_is_the_same_by_either_way(origin, begin, clock, server, name, hot):
    for path in ("/a", "/a?b=1"):
        origin.on(path, STORED[name])
    origin.on("/end", reply(b"end"))
    how = {"redis__hot": HOT[hot], "redis__flush": "60s"}
    quick, slow = [await begin(redis__prefix=one, **how) for one in ("q", "s")]
    slow.proxy.quick = None
    way = Long(quick)
    for seconds in (0.0, 59.5):
        clock.advance(seconds)
        for asked in ASKED:
            for _ in range(2):  # what the first one fetched is stored when the second one comes
                answers = [await stream(one, ASKED[asked]) for one in (quick, slow)]
                assert answers[0] == answers[1], (asked, seconds)
            left = [await traces(quick, server, "q"), await traces(slow, server, "s")]
            assert left[0] == left[1], (asked, seconds)
    assert way.calls < 8 * len(ASKED) - 20 or name in {"to be checked", "large"}


@pytest.mark.parametrize("language", ["en", "de"])
async def test_what_another_proxy_stored_is_answered_without_a_task(origin, begin, language):
    vary = [FRESH, "Vary: Accept-Language"]
    origin.on("/a", reply(b"en", *vary), reply(b"de", *vary))
    one, other = await begin(), await begin()
    for chosen in ("en", "de"):
        await one.get("/a", f"Accept-Language: {chosen}")
        await one.settle()
    way = Long(other)
    async with other.client() as client:
        for _ in range(4):
            answer = await client.ask("/a", f"Accept-Language: {language}")
            assert (answer.hit, answer.body) == (True, language.encode())
    assert way.calls == 0


async def test_a_miss_asks_redis_once_before_the_origin(origin, stored, server):
    proxy, _ = stored
    origin.on("/new", reply(b"new", "Cache-Control: no-store"))

    def asked():
        return server.redis.info("commandstats")["cmdstat_mget"]["calls"]

    before = asked()
    assert (await proxy.get("/new")).body == b"new"
    await proxy.get("/a")
    assert asked() == before + 2


async def test_a_herd_of_one_turn_asks_redis_once(stored, server):
    proxy, way = stored
    async with asking(proxy, server) as (client, _):
        lookups = proxy.proxy.store._lookups
        assert lookups.prepare("http://site.example/x", lambda: False)
        before = [lookup.asked for lookup in lookups._waited.values()][-1].keys
        assert lookups.prepare("http://site.example/x", lambda: False)
        assert len(before) == 2
        server.thaw()
        assert (await client.reply()).hit
    assert way.calls == 0


async def test_answers_keep_the_order_of_their_requests(origin, stored):
    proxy, way = stored
    origin.on("/new", *[reply(b"new", "Cache-Control: no-store")] * 2)
    targets = ["/a", "/b", "/new", "/a", "/a", "/new", "/b"]
    async with proxy.client() as client:
        await client.send(b"".join(map(request, targets)))
        bodies = [(await client.reply()).body for _ in targets]
    assert bodies == [b"first", b"second", b"new", b"first", b"first", b"new", b"second"]
    assert way.calls == 0


async def test_a_client_that_does_not_read_is_waited_for(origin, begin):
    body = bytes(30_000)
    origin.on("/a", reply(body, FRESH))
    proxy = await begin()
    await proxy.get("/a")
    await proxy.settle()
    async with proxy.client() as client:
        client.writer.transport.pause_reading()
        await client.send(request("/a") * 400)
        (connection,) = proxy.proxy._clients
        await until(lambda: connection.gate.is_shut)
        client.writer.transport.resume_reading()
        for _ in range(400):
            assert (await client.reply()).body == body


async def test_what_comes_while_redis_is_asked_is_read_to_a_bound_and_answered(stored, server):
    proxy, way = stored
    more = request("/b", f"X-Filler: {'x' * 4000}")
    count = 2 * HIGH_WATER // len(more)
    async with asking(proxy, server) as (client, connection):
        sending = asyncio.ensure_future(client.send(more * count))
        await until(lambda: connection._tap.is_shut)
        server.thaw()
        bodies = [(await client.reply()).body for _ in range(count + 1)]
        await sending
    assert bodies == [b"first"] + [b"second"] * count
    assert way.calls == 0


async def test_a_client_that_leaves_while_redis_is_asked_is_missed_by_nobody(stored, server):
    proxy, _ = stored
    errors = []
    asyncio.get_running_loop().set_exception_handler(lambda _, error: errors.append(error))
    async with asking(proxy, server) as (client, connection):
        client.leave()
        await until(lambda: connection._last)
        server.thaw()
        await asyncio.wait_for(connection.gone.wait(), 5)
    assert (await proxy.get("/a")).body == b"first"
    assert not errors


@pytest.mark.parametrize("how", ["drained", "half closed"])
async def test_an_answer_under_way_is_given_before_the_connection_closes(stored, server, how):
    proxy, _ = stored
    async with asking(proxy, server) as (client, connection):
        if how == "drained":
            connection.close_when_idle()
        else:
            client.writer.write_eof()
            await until(lambda: connection._last)
        assert connection.busy
        server.thaw()
        answer = await client.reply()
        assert (answer.hit, answer.body) == (True, b"first")
        assert await client.ended()


async def test_redis_killed_while_it_is_asked_leaves_the_origin(stored, server):
    proxy, _ = stored
    async with asking(proxy, server) as (client, _):
        await server.kill()
        answer = await client.reply()
        assert (answer.hit, answer.body) == (False, b"first")


async def test_redis_that_is_too_slow_leaves_the_origin(origin, begin, server):
    origin.on("/a", *[reply(b"first", FRESH)] * 2)
    proxy = await begin(redis__timeout="50ms")
    await proxy.get("/a")
    await proxy.settle()
    async with asking(proxy, server) as (client, _):
        answer = await client.reply()
        assert (answer.hit, answer.body) == (False, b"first")
        server.thaw()


async def test_a_garbled_value_is_fetched_again(origin, stored, server):
    proxy, _ = stored
    for name in server.redis.keys("{sj0}o*"):
        server.redis.append(name, b"!")
    answer = await proxy.get("/a")
    assert (answer.hit, answer.body) == (False, b"first")
    assert origin.count("/a") == 2


async def test_what_was_purged_by_another_is_not_answered(origin, begin):
    origin.on("/a", reply(b"old", FRESH), reply(b"new", FRESH))
    one, other = await begin(), await begin()
    await one.get("/a")
    await one.settle()
    async with other.client() as client:
        for _ in range(3):
            assert (await client.ask("/a")).body == b"old"
        assert await one.proxy.purge(Purge(urls=("/a",))) == 1
        assert (await client.ask("/a")).body == b"new"
    assert not other.proxy.store._lookups.now
