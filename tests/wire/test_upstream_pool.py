"""Connections to an origin: kept only when clean, lent once at a time, never too many."""

import asyncio

import pytest

from loopback.origin import Gate, reply
from loopback.waiting import until
from scrubjay_proxy.answers import Ask, OriginError
from scrubjay_proxy.http.messages import Headers
from scrubjay_proxy.wire.body import Body

OK = reply(b"hello")


def ask(target="/", method="GET", body=None):
    lines = [("Host", "site.example")]
    if body is not None:
        lines.append(("Content-Length", str(body.length)))
    return Ask(method, target, Headers(lines), body)


def sent(data):
    """A request body that is there already."""
    body = Body(len(data), lambda: None, lambda: None)
    body.feed(data)
    return body


async def whole(answer):
    data = b""
    while piece := await answer.read():
        data += piece
    return data


async def get(origin, **what):
    return await whole(await origin.fetch(ask(**what)))


async def test_a_clean_connection_is_used_again(scripted, pool):
    scripted.on("/", OK, reply(b"again", chunked=True), OK)
    origin = pool()
    assert [await get(origin) for _ in range(3)] == [b"hello", b"again", b"hello"]
    assert scripted.connections == 1


@pytest.mark.parametrize(
    "first",
    [
        reply(b"hello", "Connection: close"),
        OK.replace(b"1.1", b"1.0"),
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL",
        reply(b"hello", chunked=True) + b"EVIL",
        reply(status="304 Not Modified") + b"EVIL",
        reply(status="204 No Content") + b"\r\n",
    ],
)
async def test_a_connection_that_did_not_end_where_it_should_is_not_used_again(
    scripted, pool, first
):
    scripted.on("/", first, OK)
    origin = pool()
    await get(origin)
    assert not origin._idle
    assert await get(origin) == b"hello"
    assert scripted.connections == 2


async def test_a_head_answer_with_a_body_is_not_used_again(scripted, pool):
    async def wrong(exchange):
        await exchange.send(OK)
        await exchange.gone()

    scripted.on("/", wrong, OK)
    origin = pool()
    assert await get(origin, method="HEAD") == b""
    assert await get(origin) == b"hello"
    assert scripted.connections == 2


async def test_a_word_on_an_idle_connection_ends_it(scripted, pool):
    speak = asyncio.Event()

    async def talkative(exchange):
        await exchange.send(OK)
        await speak.wait()
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL")
        await exchange.gone()

    scripted.on("/", talkative, OK)
    origin = pool()
    await get(origin)
    (idle,) = origin._idle
    speak.set()
    await until(lambda: not idle.open)
    assert await get(origin) == b"hello"
    assert scripted.connections == 2


async def test_an_answer_that_is_not_read_to_its_end_ends_its_connection(scripted, pool):
    scripted.on("/", reply(bytes(10**6)), OK)
    origin = pool()
    (await origin.fetch(ask())).discard()
    assert await get(origin) == b"hello"
    assert scripted.connections == 2


async def test_an_idle_connection_is_closed_after_a_while(scripted, pool):
    scripted.on("/", OK)
    origin = pool(idle=0.02)
    await get(origin)
    (idle,) = origin._idle
    await until(lambda: not idle.open)
    assert not origin._idle


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_a_harmless_request_on_a_dead_connection_is_tried_again_once(scripted, pool, method):
    async def hang_up(exchange):
        exchange.reset()

    scripted.on("/", OK, hang_up, OK)
    origin = pool()
    await get(origin)
    answer = await origin.fetch(ask(method=method))
    assert answer.head.status == 200
    await whole(answer)
    assert scripted.connections == 2
    assert [asked.method for asked in scripted.asked] == ["GET", method, method]
    assert [failed for _, failed in pool.observed] == ["", ""]


async def test_it_is_not_tried_a_third_time(scripted, pool):
    async def hang_up(exchange):
        exchange.reset()

    scripted.on("/", OK, hang_up)
    origin = pool()
    await get(origin)
    with pytest.raises(OriginError):
        await origin.fetch(ask())
    assert len(scripted.asked) == 3


async def test_a_failure_on_a_new_connection_is_not_tried_again(scripted, pool):
    async def hang_up(exchange):
        exchange.reset()

    scripted.on("/", hang_up, OK)
    with pytest.raises(OriginError):
        await pool().fetch(ask())
    assert len(scripted.asked) == 1


async def test_an_answer_that_had_begun_is_not_asked_for_again(scripted, pool):
    async def half(exchange):
        await exchange.send(b"HTTP/1.1 200")
        exchange.close()

    scripted.on("/", OK, half, OK)
    origin = pool()
    await get(origin)
    with pytest.raises(OriginError):
        await origin.fetch(ask())
    assert len(scripted.asked) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "BREW"])
async def test_an_unsafe_request_takes_no_kept_connection_and_is_never_sent_twice(
    scripted, pool, method
):
    async def hang_up(exchange):
        await exchange.read_body()
        exchange.reset()

    scripted.on("/", OK, hang_up, OK)
    origin = pool()
    await get(origin)
    with pytest.raises(OriginError):
        await origin.fetch(ask(method=method, body=sent(b"data")))
    assert [asked.method for asked in scripted.asked] == ["GET", method]
    assert scripted.connections == 2


async def test_requests_beyond_the_limit_wait_for_their_turn(scripted, pool):
    gate = Gate(OK)
    scripted.on("/", gate)
    origin = pool(connections=2)
    asking = [asyncio.ensure_future(get(origin)) for _ in range(5)]
    await scripted.seen(2)
    await asyncio.sleep(0.01)
    assert len(scripted.asked) == 2
    gate.open()
    assert await asyncio.gather(*asking) == [b"hello"] * 5
    assert scripted.connections == 2


async def test_the_limit_counts_idle_connections_too(scripted, pool):
    scripted.on("/", OK)
    origin = pool(connections=1)
    await get(origin)
    await get(origin, method="POST", body=sent(b"data"))
    assert len(origin._idle) == 1


async def test_uploads_that_take_long_keep_no_fetch_waiting(scripted, pool):
    scripted.on("/", OK)
    origin = pool(connections=1)
    endless = Body(10, lambda: None, lambda: None)
    uploading = asyncio.ensure_future(origin.fetch(ask(method="POST", body=endless)))
    await until(lambda: scripted.connections == 1)
    assert await get(origin) == b"hello"
    uploading.cancel()


async def test_a_full_queue_is_told_at_once_and_a_long_wait_at_its_limit(scripted, pool):
    scripted.on("/", reply(bytes(2**22)))
    origin = pool(connections=1, waiting=1, timeout=0.1)
    unread = await origin.fetch(ask())
    second = asyncio.ensure_future(get(origin))
    await asyncio.sleep(0)
    with pytest.raises(OriginError) as third:
        await get(origin)
    with pytest.raises(OriginError) as waited:
        await second
    assert (third.value.kind, third.value.status, waited.value.kind) == ("busy", 503, "busy")
    unread.discard()


async def test_who_gives_up_waiting_gives_its_turn_to_the_next(scripted, pool):
    gate = Gate(OK)
    scripted.on("/", gate)
    origin = pool(connections=1)
    asking = [asyncio.ensure_future(get(origin)) for _ in range(3)]
    await scripted.seen(1)
    await until(lambda: origin._waiting == 2)
    asking[1].cancel()
    gate.open()
    assert await asking[0] == await asking[2] == b"hello"


async def test_who_is_woken_and_gives_up_in_the_same_moment_wakes_the_next(scripted, pool):
    gate = Gate(OK)
    scripted.on("/", gate)
    origin = pool(connections=1)
    asking = [asyncio.ensure_future(get(origin)) for _ in range(3)]
    await scripted.seen(1)
    await until(lambda: origin._waiting == 2)
    woken = origin._fetches._waiters[0]
    woken.add_done_callback(lambda _: asking[1].cancel())
    gate.open()
    assert await asking[0] == b"hello"
    assert await asyncio.wait_for(asking[2], 2) == b"hello"


async def test_failures_do_not_use_up_the_limit(scripted, pool):
    async def hang_up(exchange):
        exchange.reset()

    scripted.on("/", *[hang_up] * 5, OK)
    origin = pool(connections=1)
    for _ in range(5):
        with pytest.raises(OriginError):
            await get(origin)
    assert await get(origin) == b"hello"
    assert not origin._lent
