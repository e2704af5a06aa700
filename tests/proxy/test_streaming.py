"""Bodies both ways as they come: bounded for who is slow, never gathered whole."""

import asyncio

import pytest

from loopback.client import request
from loopback.origin import Gate, reply
from loopback.waiting import settled
from scrubjay_proxy.wire.body import HIGH_WATER

FRESH = "Cache-Control: max-age=60"
SIZE = 64 * 2**20
SOCKETS = 8 * 2**20  # what kernels may hold in the two pairs of sockets on the way


class Endless:
    """Sends `SIZE` bytes as fast as they are taken and counts them."""

    def __init__(self, *fields, length=SIZE):
        self.head = reply(b"", *fields, length=length)
        self.sent = 0

    async def __call__(self, exchange):
        await exchange.send(self.head)
        piece = bytes(65536)
        while self.sent < SIZE:
            await exchange.send(piece)
            self.sent += len(piece)


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        (["Cache-Control: no-store"], {}),
        ([FRESH], {"cache.max_object": "1MiB"}),
        ([FRESH], {"cache.capacity": "2MiB"}),
    ],
)
async def test_a_slow_reader_holds_the_origin_back_and_memory_stays_bounded(
    origin, start, fields, settings
):
    script = Endless(*fields)
    origin.on("/a", script)
    proxy = await start(settings)
    async with proxy.client() as slow:
        await slow.send(request("/a"))
        answer = await slow.head()
        slow.writer.transport.pause_reading()
        await settled(lambda: script.sent)
        assert script.sent < SIZE / 2
        assert held(proxy) < 4 * 2**20
        slow.writer.transport.resume_reading()
        left = int(answer.get("content-length"))
        while data := await slow.reader.read(2**20):
            left -= len(data)
            if not left:
                break
    assert (left, script.sent, proxy.stored) == (0, SIZE, 0)


def held(proxy):
    """Bytes of bodies in the proxy's hands."""
    connections = [c for origin in proxy.proxy._origins for c in origin._lent]
    from_origins = sum(c.body._waiting for c in connections)
    to_clients = sum(c._transport.get_write_buffer_size() for c in proxy.proxy._clients)
    return from_origins + to_clients + proxy.proxy.store.usage().filling


async def test_a_slow_reader_of_what_is_kept_does_not_slow_the_others(origin, start):
    size = 16 * 2**20
    origin.on("/a", reply(bytes(size), FRESH))
    proxy = await start({"cache.capacity": "32MiB"})
    async with proxy.client() as slow, proxy.client() as quick:
        await slow.send(request("/a"))
        await slow.head()
        slow.writer.transport.pause_reading()
        assert len((await quick.ask("/a")).body) == size
    assert proxy.stored == 1
    assert len(origin.asked) == 1


async def test_two_readers_share_a_body_too_large_to_keep(origin, start):
    gate = Gate(bytes(2**20) * 7)

    async def large(exchange):
        await exchange.send(reply(bytes(2**20), FRESH, length=8 * 2**20))
        await gate(exchange)

    origin.on("/a", large)
    proxy = await start({"cache.max_object": "4MiB", "cache.capacity": "16MiB"})
    async with proxy.client() as one, proxy.client() as two:
        asking = [asyncio.ensure_future(client.ask("/a")) for client in (one, two)]
        await origin.seen(1)
        gate.open()
        replies = await asyncio.gather(*asking)
    assert [len(reply.body) for reply in replies] == [8 * 2**20] * 2
    assert proxy.stored == 0


async def test_the_first_bytes_pass_before_the_last_have_come(origin, proxy):
    for fields, framing in ((FRESH, "length"), ("Cache-Control: no-store", "chunked")):
        gate = Gate(b"world" if framing == "length" else b"5\r\nworld\r\n0\r\n\r\n")

        async def halves(exchange, gate=gate, fields=fields, framing=framing):
            if framing == "length":
                await exchange.send(reply(b"hello", fields, length=10))
            else:
                await exchange.send(reply(b"hello", fields, chunked=True)[:-5])
            await gate(exchange)

        origin.on("/a", halves)
        async with proxy.client() as client:
            await client.send(request("/a", "Cache-Control: no-cache"))
            answer = await client.head()
            await client.reader.readuntil(b"hello")
            gate.open()
            await client.reader.readuntil(b"world")
            assert answer.status == 200


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_request_body_passes_as_it_comes(origin, proxy, chunked):
    seen = asyncio.Event()

    async def reading(exchange):
        await exchange.reader.readuntil(b"hello")
        seen.set()
        await exchange.reader.readuntil(b"world")
        if chunked:
            await exchange.reader.readuntil(b"X-Sum: 1\r\n\r\n")
        await exchange.send(reply(b"got it"))

    origin.on("/a", reading)
    framing = "Transfer-Encoding: chunked" if chunked else "Content-Length: 10"
    async with proxy.client() as client:
        await client.send(request("/a", framing, method="PUT"))
        await client.send(b"5\r\nhello\r\n" if chunked else b"hello")
        await asyncio.wait_for(seen.wait(), 5)
        await client.send(b"5\r\nworld\r\n0\r\nX-Sum: 1\r\n\r\n" if chunked else b"world")
        assert (await client.reply()).body == b"got it"
    asked = origin.asked[0]
    assert asked.get(framing.partition(":")[0].lower()) == framing.partition(": ")[2]


async def test_a_slow_origin_holds_the_uploading_client_back(origin, proxy):
    go_on = asyncio.Event()

    async def slow(exchange):
        await go_on.wait()
        await exchange.read_body()
        await exchange.send(reply(str(len(exchange.asked.body)).encode()))

    origin.on("/a", slow)
    sent = 0

    async def sending(client):
        nonlocal sent
        while sent < SIZE // 2:
            await client.send(bytes(65536))
            sent += 65536

    async with proxy.client() as client:
        await client.send(request("/a", f"Content-Length: {SIZE // 2}", method="PUT"))
        task = asyncio.ensure_future(sending(client))
        await settled(lambda: sent)
        (connection,) = proxy.proxy._clients
        assert connection._body._waiting <= HIGH_WATER + 262_144
        assert sent < SIZE // 2
        go_on.set()
        assert (await client.reply()).body == str(SIZE // 2).encode()
        await task


@pytest.mark.parametrize(
    ("framing", "begun"),
    [("Content-Length: 10", b"hello"), ("Transfer-Encoding: chunked", b"5\r\nhello\r\n")],
)
async def test_an_upload_whose_client_leaves_is_cut_at_the_origin_too(
    origin, proxy, framing, begun
):
    outcome = asyncio.get_running_loop().create_future()

    async def reading(exchange):
        try:
            outcome.set_result(await exchange.read_body())
        except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
            outcome.set_result(error)

    origin.on("/a", reading)
    async with proxy.client() as client:
        await client.send(request("/a", framing, method="PUT") + begun)
        await origin.seen(1)
    assert not isinstance(await asyncio.wait_for(outcome, 5), bytes)


async def test_a_request_body_beyond_the_limit_is_413(origin, start):
    proxy = await start({"proxy.max_body": "1KiB"})
    origin.on("/a", reply(b"ok"))
    assert (await proxy.get("/a", method="POST", body=bytes(1024))).status == 200
    assert (await proxy.get("/a", method="POST", body=bytes(1025))).status == 413
    chunks = b"400\r\n" + bytes(1024) + b"\r\n1\r\nx\r\n0\r\n\r\n"
    told = await proxy.get("/a", "Transfer-Encoding: chunked", method="POST", body=chunks)
    assert told.status == 413
    assert [asked.body for asked in origin.asked if asked.body] == [bytes(1024)]


async def test_who_expects_100_is_told_to_go_on(origin, proxy):
    origin.on("/a", reply(b"ok"))
    async with proxy.client() as client:
        await client.send(request("/a", "Expect: 100-continue", "Content-Length: 4", method="PUT"))
        assert (await client.head()).status == 100
        await client.send(b"body")
        assert (await client.reply()).body == b"ok"
    assert (origin.asked[0].body, origin.asked[0].get("expect")) == (b"body", None)
