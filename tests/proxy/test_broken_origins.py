"""Origins that break off: the client's answer is cut too, and nothing half is ever stored."""

import asyncio

import pytest

from loopback.origin import Gate, reply
from loopback.waiting import until

FRESH = "Cache-Control: max-age=60"
HEAD = f"HTTP/1.1 200 OK\r\n{FRESH}\r\n".encode()
BEGUN = {
    "length": HEAD + b"Content-Length: 10\r\n\r\nhello",
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
}


def breaking(begun, act):
    """An answer that begins, waits for the test, and breaks off."""
    gate = Gate(b"")

    async def script(exchange):
        await exchange.send(begun)
        await gate(exchange)
        await act(exchange)

    return script, gate


async def cut(exchange):
    exchange.close()


async def reset(exchange):
    exchange.reset()


async def bad_chunk(exchange):
    await exchange.send(b"zz\r\n")
    await exchange.gone()


async def fall_silent(exchange):
    await exchange.gone()


@pytest.mark.parametrize(
    ("framing", "act"),
    [
        ("length", cut),
        ("length", reset),
        ("length", fall_silent),
        ("chunked", cut),
        ("chunked", reset),
        ("chunked", bad_chunk),
        ("chunked", fall_silent),
    ],
)
@pytest.mark.parametrize("directives", ["max-age=60", "no-store"])
async def test_a_body_that_breaks_off_cuts_the_answer_and_is_not_stored(
    origin, start, framing, act, directives
):
    proxy = await start({"origin.timeout": "150ms"})
    script, gate = breaking(BEGUN[framing].replace(b"max-age=60", directives.encode()), act)
    origin.on("/a", script, reply(b"whole", FRESH))
    async with proxy.client() as client, proxy.client() as follower:
        await client.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        await follower.send(b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = await client.head()
        gate.open()
        await client._body(answer)
        assert (answer.status, answer.cut) == (200, True)
        assert await client.ended()
    assert proxy.stored == 0
    assert proxy.proxy.store.usage().filling == 0
    assert (await proxy.get("/a")).body == b"whole"


async def test_all_who_read_along_are_cut(origin, proxy):
    script, gate = breaking(BEGUN["length"], reset)
    origin.on("/a", script)
    clients = [proxy.client() for _ in range(5)]
    for client in clients:
        await client.__aenter__()
        await client.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
    answers = [await client.head() for client in clients]
    gate.open()
    for client, answer in zip(clients, answers, strict=True):
        await client._body(answer)
        assert answer.cut
        client.leave()
    assert (len(origin.asked), proxy.stored) == (1, 0)


async def test_an_http_1_0_client_sees_a_cut_as_a_reset_not_as_the_end(origin, proxy):
    script, gate = breaking(BEGUN["chunked"], cut)
    origin.on("/a", script)
    async with proxy.client() as client:
        await client.send(b"GET /a HTTP/1.0\r\nHost: a\r\n\r\n")
        answer = await client.head()
        gate.open()
        await client._body(answer)
        assert answer.cut


async def test_a_close_delimited_answer_is_passed_on_and_not_stored(origin, proxy):
    async def until_close(exchange):
        await exchange.send(HEAD + b"\r\nhello")
        exchange.close()

    origin.on("/a", until_close)
    answer = await proxy.get("/a")
    assert (answer.body, answer.cut) == (b"hello", False)
    assert answer.cache.endswith("detail=close-delimited")
    assert proxy.stored == 0


async def test_a_check_that_breaks_off_leaves_the_stored_response_as_it_was(origin, proxy, clock):
    script, gate = breaking(BEGUN["length"], reset)
    origin.on("/a", reply(b"old", FRESH, 'ETag: "v1"'), script, reply(b"", status="304 Same"))
    await proxy.get("/a")
    clock.advance(61)
    gate.open()
    broken = await proxy.get("/a")
    assert broken.cut or broken.status == 502
    assert (await proxy.get("/a")).body == b"old"


@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nX: a\nEvil: b\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    ],
)
async def test_an_answer_that_is_not_http_is_502(origin, proxy, answer):
    async def garble(exchange):
        await exchange.send(answer)
        await exchange.gone()

    origin.on("/a", garble)
    assert (await proxy.get("/a")).status == 502
    assert proxy.stored == 0


async def test_an_answer_smuggled_behind_another_is_never_served(origin, proxy):
    smuggled = reply(b"evil", FRESH)
    origin.on("/a", reply(b"good", FRESH) + smuggled)
    origin.on("/b", reply(b"also good", FRESH))
    assert (await proxy.get("/a")).body == b"good"
    assert (await proxy.get("/b")).body == b"also good"


async def test_the_rest_of_an_answer_nobody_wants_is_not_fetched(origin, proxy):
    gone = asyncio.Event()

    async def endless(exchange):
        await exchange.send(b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n\r\n")
        try:
            while True:
                await exchange.send(bytes(65536))
        finally:
            gone.set()

    origin.on("/a", endless)
    async with proxy.client() as client:
        await client.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        await client.head()
    await asyncio.wait_for(gone.wait(), 5)
    await until(lambda: not proxy.proxy._clients)


async def test_a_body_too_large_to_keep_is_not_fetched_once_all_have_left(origin, start):
    gone = asyncio.Event()

    async def large(exchange):
        await exchange.send(reply(bytes(65536), FRESH, length=10**9))
        try:
            while True:
                await exchange.send(bytes(65536))
        finally:
            gone.set()

    origin.on("/a", large)
    proxy = await start({"cache.max_object": "1MiB"})
    async with proxy.client() as client:
        await client.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        await client.head()
    await asyncio.wait_for(gone.wait(), 5)
    await proxy.settle()
    assert proxy.stored == 0
