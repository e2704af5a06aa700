"""The hit path from outside: order, slow readers, changes in between, what is remembered."""

import asyncio

import pytest

from loopback.client import request
from loopback.origin import Gate, reply
from loopback.waiting import settled, until
from scrubjay_proxy.quick import LARGEST, LONGEST

FRESH = "Cache-Control: max-age=60"
SOCKETS = 8 * 2**20  # what kernels may hold in the two sockets on the way


@pytest.fixture
def remembered(proxy):
    """How many request heads are."""
    return lambda: sum(len(heads._known) for heads in proxy.proxy.quick._heads)


@pytest.fixture
def long_way(proxy):
    """Targets of the requests that took it; for connections made from now on."""
    flow, targets = proxy.proxy.flow, []

    async def noted(call):
        targets.append(call.head.target)
        await flow(call)

    proxy.proxy.flow = noted
    return targets


async def test_fast_and_slow_answers_keep_the_order_of_their_requests(origin, proxy):
    slow = [Gate(reply(b"slow", "Cache-Control: no-store")) for _ in range(2)]
    origin.on("/a", reply(b"fast", FRESH))
    origin.on("/slow", *slow)
    origin.on("/b", reply(b"second", FRESH))
    await proxy.get("/a")
    a, s, b = request("/a"), request("/slow"), request("/b")
    async with proxy.client() as client:
        await client.send(a + s + a + b + b"\r\n" + b + s + a)
        for gate in slow:
            gate.open()
        bodies = [(await client.reply()).body for _ in range(7)]
    assert bodies == [b"fast", b"slow", b"fast", b"second", b"second", b"slow", b"fast"]


async def test_a_hit_behind_a_slow_answer_waits_for_it(origin, proxy):
    slow = Gate(reply(b"slow", "Cache-Control: no-store"))
    origin.on("/a", reply(b"fast", FRESH))
    origin.on("/slow", slow)
    await proxy.get("/a")
    async with proxy.client() as client:
        await client.send(request("/slow"))
        await origin.seen(2)
        await client.send(request("/a"))
        assert (await proxy.get("/a")).hit
        slow.open()
        assert [(await client.reply()).body for _ in range(2)] == [b"slow", b"fast"]


async def test_a_head_may_be_split_anywhere(origin, proxy, long_way):
    origin.on("/a", reply(b"hello", FRESH))
    await proxy.get("/a")
    before = len(long_way)
    data = request("/a", "Accept: */*")
    async with proxy.client() as client:
        for at in range(1, len(data) * 2):
            await client.send((data * 2)[:at])
            await asyncio.sleep(0)
            await client.send((data * 2)[at:])
            assert [(await client.reply()).body for _ in range(2)] == [b"hello"] * 2
    assert len(long_way) == before


async def test_a_slow_reader_of_many_hits_costs_a_bounded_buffer(origin, proxy):
    bodies = {f"/{n}": bytes([n]) * (LARGEST - n) for n in range(3)}
    for target, body in bodies.items():
        origin.on(target, reply(body, FRESH))
        await proxy.get(target)
    asked = [*bodies] * 20
    async with proxy.client() as client:
        client.writer.transport.pause_reading()
        await client.send(b"".join(map(request, asked)))
        (served,) = proxy.proxy._clients
        counts = proxy.proxy.meter
        answered = await settled(lambda: counts.snapshot()["outcomes"]["hit"])
        assert answered * LARGEST < SOCKETS + 3 * LARGEST
        assert served._transport.get_write_buffer_size() < 3 * LARGEST
        client.writer.transport.resume_reading()
        for target in asked:
            assert (await client.reply()).body == bodies[target]


async def test_a_body_too_large_for_one_write_takes_the_long_way(origin, proxy, long_way):
    for size in (LARGEST, LARGEST + 1):
        origin.on(f"/{size}", reply(bytes(size), FRESH))
        await proxy.get(f"/{size}")
    del long_way[:]
    for size in (LARGEST, LARGEST + 1):
        answer = await proxy.get(f"/{size}")
        assert (answer.hit, len(answer.body)) == (True, size)
    assert long_way == [f"/{LARGEST + 1}"]


async def test_who_stops_sending_still_gets_the_whole_answer(origin, proxy, long_way):
    origin.on("/a", reply(bytes(LARGEST), FRESH))
    await proxy.get("/a")
    del long_way[:]
    async with proxy.client() as client:
        await client.send(request("/a"))
        client.writer.write_eof()
        assert len((await client.reply()).body) == LARGEST
        assert await client.ended()
    assert not long_way


async def test_what_fails_here_is_left_to_the_long_way(origin, proxy, long_way, monkeypatch):
    def failing(*_, **__):
        raise RuntimeError("a mistake of ours")

    origin.on("/a", reply(b"hello", FRESH))
    await proxy.get("/a")
    monkeypatch.setattr("scrubjay_proxy.quick.plan_for", failing)
    assert (await proxy.get("/a")).hit
    assert long_way == ["/a", "/a"]


async def test_a_purge_between_two_equal_heads_is_seen(origin, proxy):
    origin.on("/a", reply(b"old", FRESH), reply(b"new", FRESH))
    a, purge = request("/a"), request("/a", method="PURGE")
    async with proxy.client() as client:
        await client.send(a * 4 + purge + a * 2)
        replies = [await client.reply() for _ in range(7)]
    assert [one.body for one in replies if one.get("age")] == [b"old"] * 4 + [b"new"] * 2
    assert [one.hit for one in replies] == [False, True, True, True, False, False, True]


async def test_what_replaces_a_response_is_sent_from_then_on(origin, proxy):
    origin.on("/a", reply(b"old", FRESH, "X-Is: old"), reply(b"new", FRESH, "X-Is: new"))
    a = request("/a")
    async with proxy.client() as client:
        await client.send(a * 3 + request("/a", "Cache-Control: no-cache") + a * 2)
        replies = [await client.reply() for _ in range(6)]
    assert [(one.body, one.get("x-is")) for one in replies[3:]] == [(b"new", "new")] * 3
    assert [one.hit for one in replies] == [False, True, True, False, True, True]


async def test_a_304_renews_the_head_of_what_is_ready(origin, proxy, clock):
    checked = reply(b"", FRESH, 'ETag: "v1"', "X-Is: new", status="304 Not Modified")
    origin.on("/a", reply(b"hello", FRESH, 'ETag: "v1"', "X-Is: old"), checked)
    async with proxy.client() as client:
        for _ in range(3):
            await client.ask("/a")
        clock.advance(60)
        replies = [await client.ask("/a") for _ in range(3)]
    assert [one.get("x-is") for one in replies] == ["new"] * 3
    assert [one.hit for one in replies] == [False, True, True]


async def test_a_rule_on_queries_changes_the_key_of_a_known_head(origin, proxy):
    origin.on("/a?x=1", reply(b"one", FRESH))
    origin.on("/a?x=2", reply(b"two", FRESH, "No-Vary-Search: params"))
    for _ in range(4):
        assert (await proxy.get("/a?x=1")).body == b"one"
    await proxy.get("/a?x=2")
    assert (await proxy.get("/a?x=1")).body == b"two"


async def test_a_drain_sends_the_hits_that_were_answered(origin, start):
    proxy = await start({"proxy.drain_timeout": "5s"})
    origin.on("/a", reply(bytes(LARGEST), FRESH))
    outcomes = lambda: proxy.proxy.meter.snapshot()["outcomes"]  # noqa: E731
    async with proxy.client() as client:
        await client.ask("/a")
        (served,) = proxy.proxy._clients
        await until(lambda: not served.busy)
        client.writer.transport.pause_reading()
        hits = 0
        while not served.busy:
            await client.send(request("/a"))
            hits += 1
            await until(lambda: outcomes()["hit"] == hits)  # noqa: B023  waited for at once
        assert served._task is None
        draining = asyncio.ensure_future(proxy.proxy.drain())
        await until(lambda: proxy.proxy.draining)
        client.writer.transport.resume_reading()
        replies = [await client.reply() for _ in range(hits)]
        assert [len(one.body) for one in replies] == [LARGEST] * hits
    await draining


@pytest.mark.parametrize(
    "asked",
    [
        request("/a", "Host: one", "Host: two"),
        request("/a", "Content-Length: 3", "Content-Length: 3"),
        request("/a", "Transfer-Encoding: chunked", "Content-Length: 0"),
        request("/a").replace(b"\r\n", b"\n"),
        request("/a", "X : 1"),
        request("/a b"),
        request("/a#b"),
        request("/a", minor=0),
        request("/a", "Connection: close"),
        request("/a", "Cache-Control: max-age=9"),
        request("/a", f"X-Long: {LONGEST * 'x'}"),
        request("/a", method="HEAD"),
    ],
)
async def test_heads_that_are_refused_odd_or_long_are_not_remembered(
    origin, proxy, remembered, asked
):
    origin.on("/a", reply(b"hello", FRESH))
    await proxy.get("/a")
    for _ in range(3):
        async with proxy.client() as client:
            await client.send(asked)
            await client.head()
    assert remembered() == 0


async def test_a_head_is_remembered_when_it_comes_again(origin, proxy, remembered):
    origin.on("/a", reply(b"hello", FRESH))
    async with proxy.client() as client:
        for n in range(50):
            await client.ask("/a", f"X-Id: {n}")
        assert remembered() == 0
        for _ in range(3):
            await client.ask("/a", "X-Id: 0")
    assert remembered() == 1
