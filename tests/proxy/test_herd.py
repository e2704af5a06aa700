"""Many clients at once: one fetch where the answer can be shared, no waiting where it cannot."""

import asyncio

import pytest

from loopback.origin import Gate, reply
from loopback.waiting import until

FRESH = "Cache-Control: max-age=60"
HERD = 100


def busy(proxy):
    return sum(client.busy for client in proxy.proxy._clients)


async def herd(proxy, origin, gate, target="/a", count=HERD, asked=1):
    """Send `count` requests while the first is held at the origin, then let it answer."""
    clients = [proxy.client() for _ in range(count)]
    await asyncio.gather(*(client.__aenter__() for client in clients))
    try:
        replies = [asyncio.ensure_future(client.ask(target)) for client in clients]
        await origin.seen(asked)
        await until(lambda: busy(proxy) >= count)
        gate.open()
        return await asyncio.gather(*replies)
    finally:
        for client in clients:
            client.leave()


async def test_a_cold_herd_is_one_fetch(origin, proxy):
    gate = Gate(reply(b"hello", FRESH))
    origin.on("/a", gate)
    replies = await herd(proxy, origin, gate)
    assert {reply.body for reply in replies} == {b"hello"}
    assert sum("collapsed" in reply.cache for reply in replies) == HERD - 1
    assert len(origin.asked) == 1


@pytest.mark.parametrize("answer", [reply(b"new", FRESH), reply(b"", FRESH, status="304 Same")])
async def test_a_herd_on_an_expired_answer_is_one_check(origin, proxy, clock, answer):
    gate = Gate(answer)
    origin.on("/a", reply(b"old", FRESH, 'ETag: "v1"'), gate)
    await proxy.get("/a")
    clock.advance(61)
    replies = await herd(proxy, origin, gate, asked=2)
    assert {reply.body for reply in replies} == {b"old" if b"304" in answer else b"new"}
    assert len(origin.asked) == 2


async def test_a_herd_reads_along_while_the_body_arrives(origin, proxy):
    gate = Gate(b"world")

    async def slowly(exchange):
        await exchange.send(reply(b"hello", FRESH, length=10))
        await gate(exchange)

    origin.on("/a", slowly)
    async with proxy.client() as first, proxy.client() as second:
        await first.send(b"GET /a HTTP/1.1\r\nHost: site.example\r\n\r\n")
        assert (await first.head()).status == 200
        assert await first.reader.readexactly(5) == b"hello"
        await second.send(b"GET /a HTTP/1.1\r\nHost: site.example\r\n\r\n")
        assert (await second.head()).cache.endswith("; collapsed")
        assert await second.reader.readexactly(5) == b"hello"
        gate.open()
        assert await first.reader.readexactly(5) == b"world"
        assert await second.reader.readexactly(5) == b"world"
    assert len(origin.asked) == 1


async def test_an_answer_that_cannot_be_shared_releases_all_at_once(origin, proxy):
    gate, others = Gate(reply(b"mine", "Cache-Control: private")), asyncio.Event()

    async def together(exchange):
        """Answers nobody before all the others have asked."""
        await exchange.read_body()
        if len(origin.asked) == HERD:
            others.set()
        await others.wait()
        await exchange.send(reply(b"yours", "Cache-Control: private"))

    origin.on("/a", gate, together)
    replies = await herd(proxy, origin, gate)
    assert sorted(reply.body for reply in replies) == [b"mine"] + [b"yours"] * (HERD - 1)
    assert len(origin.asked) == HERD


async def test_that_it_cannot_be_shared_is_remembered_for_a_moment(origin, proxy):
    gate = Gate(reply(b"second", "Cache-Control: private"))
    origin.on("/a", reply(b"first", "Cache-Control: private"), gate, reply(b"third", FRESH))
    await proxy.get("/a")
    async with proxy.client() as waiting:
        await waiting.send(b"GET /a HTTP/1.1\r\nHost: site.example\r\n\r\n")
        await origin.seen(2)
        assert (await proxy.get("/a")).body == b"third"
        gate.open()
        assert (await waiting.reply()).body == b"second"


async def test_when_the_leader_fails_one_more_tries_and_then_all_get_the_same(origin, proxy):
    first = asyncio.Event()

    async def fail_late(exchange):
        await first.wait()
        exchange.reset()

    async def fail(exchange):
        exchange.reset()

    class Opener:
        open = staticmethod(first.set)

    origin.on("/a", fail_late, fail, reply(b"never", FRESH))
    replies = await herd(proxy, origin, Opener)
    assert [reply.status for reply in replies] == [502] * HERD
    assert len(origin.asked) == 2


async def test_when_the_leader_fails_and_the_next_does_not_all_are_served(origin, proxy):
    first = asyncio.Event()

    async def fail_late(exchange):
        await first.wait()
        exchange.reset()

    class Opener:
        open = staticmethod(first.set)

    origin.on("/a", fail_late, reply(b"hello", FRESH))
    replies = await herd(proxy, origin, Opener)
    assert sorted(reply.status for reply in replies) == [200] * (HERD - 1) + [502]
    assert len(origin.asked) == 2


async def test_when_the_leaders_client_leaves_the_fetch_goes_on(origin, proxy):
    gate = Gate(reply(b"hello", FRESH))
    origin.on("/a", gate)
    async with proxy.client() as leader:
        await leader.send(b"GET /a HTTP/1.1\r\nHost: site.example\r\n\r\n")
        await origin.seen(1)
        async with proxy.client() as follower:
            asking = asyncio.ensure_future(follower.ask("/a"))
            await until(lambda: busy(proxy) == 2)
            leader.leave()
            await until(lambda: any(not c._call.keep_alive for c in proxy.proxy._clients))
            gate.open()
            assert (await asking).body == b"hello"
    assert (await proxy.get("/a")).hit
    assert len(origin.asked) == 1


async def test_when_everybody_leaves_within_the_body_the_fetch_goes_on(origin, proxy):
    gate = Gate(b"world")

    async def slowly(exchange):
        await exchange.send(reply(b"hello", FRESH, length=10))
        await gate(exchange)

    origin.on("/a", slowly)
    async with proxy.client() as leader:
        await leader.send(b"GET /a HTTP/1.1\r\nHost: site.example\r\n\r\n")
        await leader.head()
    await until(lambda: any(not c._call.keep_alive for c in proxy.proxy._clients))
    gate.open()
    await proxy.settle()
    assert (await proxy.get("/a")).body == b"helloworld"
    assert len(origin.asked) == 1


async def test_variants_do_not_wait_for_each_other_in_vain(origin, proxy):
    gate = Gate(reply(b"en", FRESH, "Vary: Accept-Language"))
    origin.on("/a", gate, reply(b"de", FRESH, "Vary: Accept-Language"))
    async with proxy.client() as english, proxy.client() as german:
        await english.send(b"GET /a HTTP/1.1\r\nHost: a\r\nAccept-Language: en\r\n\r\n")
        await origin.seen(1)
        await german.send(b"GET /a HTTP/1.1\r\nHost: a\r\nAccept-Language: de\r\n\r\n")
        await until(lambda: busy(proxy) == 2)
        gate.open()
        assert (await english.reply()).body == b"en"
        assert (await german.reply()).body == b"de"
    assert len(origin.asked) == 2
