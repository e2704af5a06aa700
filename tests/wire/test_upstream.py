"""Exchanges with an origin that misbehaves in every way: one answer, or one clear failure."""

import asyncio

import pytest

from loopback.asking import ask, raw, then, upload, whole
from loopback.origin import reply
from loopback.waiting import settled, until
from scrubjay_proxy.answers import Ask, OriginError
from scrubjay_proxy.http.messages import Headers
from scrubjay_proxy.wire.body import HIGH_WATER, BodyCut
from scrubjay_proxy.wire.call import ClientGone
from scrubjay_proxy.wire.framing import Framing
from scrubjay_proxy.wire.heads import BadMessage

OK = reply(b"hello")
PART = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhello"


async def failure(origin, what):
    """The kind of failure, whether it comes with the head or within the body."""
    with pytest.raises(OriginError) as caught:
        await whole(await origin.fetch(what))
    return caught.value.kind


@pytest.mark.parametrize(
    "data",
    [OK, reply(b"hello", chunked=True), b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
)
async def test_a_whole_answer_is_read(scripted, pool, data):
    scripted.on("/", data)
    answer = await pool().fetch(ask())
    assert (answer.head.status, await whole(answer)) == (200, b"hello")
    assert pool.observed == [(5, "")]


async def test_an_answer_may_come_a_byte_at_a_time(scripted, pool):
    async def drip(exchange):
        for byte in reply(b"hello", "X: y", chunked=True):
            await exchange.send(bytes((byte,)))
            await asyncio.sleep(0)

    scripted.on("/", drip)
    answer = await pool().fetch(ask())
    assert (answer.head.headers.get("x"), await whole(answer)) == ("y", b"hello")


async def test_the_end_of_the_connection_ends_a_close_delimited_answer(scripted, pool):
    scripted.on("/", raw(UNTIL_CLOSE))
    answer = await pool().fetch(ask())
    assert answer.body.length is Framing.UNTIL_CLOSE
    assert await whole(answer) == b"hello"


async def test_a_reset_never_ends_a_close_delimited_answer(scripted, pool):
    scripted.on("/", then("reset", UNTIL_CLOSE))
    assert await failure(pool(), ask()) == "reset"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        PART,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
    ],
)
@pytest.mark.parametrize("action", ["close", "reset"])
async def test_an_answer_that_is_cut_is_a_failure(scripted, pool, data, action):
    scripted.on("/", then(action, data))
    assert await failure(pool(), ask()) == "reset"


@pytest.mark.parametrize(
    "data",
    [
        b"garbage\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        b"HTTP/1.1 200 OK\r\nX Y: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 65,
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 10_000,
    ],
)
async def test_an_answer_that_is_not_http_is_a_failure(scripted, pool, data):
    async def garble(exchange):
        await exchange.send(data)
        await exchange.gone()

    scripted.on("/", garble)
    assert await failure(pool(), ask()) == "protocol"
    assert scripted.connections == 1


async def test_interim_answers_are_told_but_not_100(scripted, pool):
    hints = reply(b"", "Link: </a.css>", status="103 Early Hints")
    scripted.on("/", reply(status="100 Continue") + hints + reply(status="102 Processing") + OK)
    seen = []
    answer = await pool().fetch(ask(interim=seen.append))
    assert [(head.status, head.headers.get("link")) for head in seen] == [
        (103, "</a.css>"),
        (102, None),
    ]
    assert await whole(answer) == b"hello"


async def test_an_origin_that_answers_nothing_times_out(scripted, pool):
    async def silent(exchange):
        await exchange.gone()

    scripted.on("/", silent)
    assert await failure(pool(timeout=0.05), ask()) == "timeout"


async def test_an_origin_that_falls_silent_within_the_body_times_out(scripted, pool):
    async def stall(exchange):
        await exchange.send(PART)
        await exchange.gone()

    scripted.on("/", stall)
    assert await failure(pool(timeout=0.05), ask()) == "timeout"


async def test_a_kept_connection_that_falls_silent_later_times_out_too(scripted, pool):
    async def silent(exchange):
        await exchange.gone()

    scripted.on("/", OK, silent)
    origin = pool(timeout=0.05)
    assert await whole(await origin.fetch(ask())) == b"hello"
    assert await failure(origin, ask()) == "timeout"


async def test_a_body_may_take_longer_than_the_limit_while_it_comes(scripted, pool):
    async def slow(exchange):
        await exchange.send(PART[:-5])
        for byte in b"helloworld":
            await asyncio.sleep(0.015)
            await exchange.send(bytes((byte,)))

    scripted.on("/", slow)
    assert await whole(await pool(timeout=0.1).fetch(ask())) == b"helloworld"


async def test_a_reader_that_takes_its_time_is_not_the_origins_silence(scripted, pool):
    size = HIGH_WATER * 4

    async def much(exchange):
        await exchange.send(reply(bytes(size)))

    scripted.on("/", much)
    answer = await pool(timeout=0.05).fetch(ask())
    connection = answer._connection
    await until(lambda: connection._held)
    await asyncio.sleep(0.12)  # longer than an origin may be silent
    assert len(await whole(answer)) == size


async def test_a_slow_reader_holds_the_origin_back(scripted, pool):
    written = 0

    async def endless(exchange):
        nonlocal written
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await exchange.send(bytes(65536))
            written += 65536

    scripted.on("/", endless)
    answer = await pool().fetch(ask())
    await settled(lambda: written)
    assert answer.body._waiting <= HIGH_WATER + 262_144
    answer.discard()


async def test_an_unreachable_origin_is_told_at_once(scripted, pool):
    await scripted.stop()
    async with asyncio.timeout(1):
        assert await failure(pool(), ask()) == "connect"
    assert pool.observed == [(0, "connect")]


# Request bodies.


@pytest.mark.parametrize("length", [10, Framing.CHUNKED])
async def test_a_request_body_is_streamed(scripted, pool, length):
    body = upload(length)
    first = asyncio.Event()

    async def streaming(exchange):
        if length is Framing.CHUNKED:
            assert await exchange.reader.readexactly(10) == b"5\r\nhello\r\n"
        else:
            assert await exchange.reader.readexactly(5) == b"hello"
        first.set()
        if length is Framing.CHUNKED:
            assert await exchange.reader.readexactly(23) == b"5\r\nworld\r\n0\r\nX-T: 1\r\n\r\n"
        else:
            assert await exchange.reader.readexactly(5) == b"world"
        await exchange.send(OK)

    scripted.on("/", streaming)
    coming = asyncio.ensure_future(pool().fetch(ask(method="PUT", body=body)))
    body.feed(b"5\r\nhello\r\n" if length is Framing.CHUNKED else b"hello")
    await asyncio.wait_for(first.wait(), 5)
    body.feed(b"5\r\nworld\r\n0\r\nX-T: 1\r\n\r\n" if length is Framing.CHUNKED else b"world")
    assert await whole(await coming) == b"hello"


@pytest.mark.parametrize("length", [10, Framing.CHUNKED])
async def test_an_upload_that_fails_never_looks_finished_to_the_origin(scripted, pool, length):
    body = upload(length)
    outcome = asyncio.get_running_loop().create_future()

    async def reading(exchange):
        try:
            outcome.set_result(await exchange.read_body())
        except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
            outcome.set_result(type(error))

    scripted.on("/", reading)
    coming = asyncio.ensure_future(pool().fetch(ask(method="PUT", body=body)))
    await scripted.seen(1)
    body.feed(b"5\r\nhello\r\n" if length is Framing.CHUNKED else b"hello")
    body.fail(BodyCut("the client left"))
    with pytest.raises((OriginError, BodyCut)):
        await coming
    assert not isinstance(await asyncio.wait_for(outcome, 5), bytes)


@pytest.mark.parametrize("fault", [ClientGone("left"), BadMessage(400, "a bad chunk")])
async def test_the_clients_fault_is_not_blamed_on_the_origin(scripted, pool, fault):
    scripted.on("/", OK)
    body = upload(10)
    coming = asyncio.ensure_future(pool().fetch(ask(method="PUT", body=body)))
    await scripted.seen(1)
    body.fail(fault)
    with pytest.raises(type(fault)):
        await coming
    assert not pool.observed


async def test_an_answer_before_the_upload_is_over_is_taken_and_the_connection_not_kept(
    scripted, pool
):
    async def early(exchange):
        await exchange.send(reply(b"no", status="413 Content Too Large"))
        await exchange.gone()

    scripted.on("/", early)
    origin = pool()
    answer = await origin.fetch(ask(method="PUT", body=upload(10)))
    assert (answer.head.status, await whole(answer)) == (413, b"no")
    assert not origin._idle
    assert not origin._lent


async def test_an_origin_that_does_not_read_an_upload_times_out(scripted, pool):
    async def deaf(exchange):
        await asyncio.sleep(60)

    scripted.on("/", deaf)
    body = upload(Framing.UNTIL_CLOSE)
    for _ in range(200):
        body.feed(bytes(65536))
    body.eof()
    request = Ask("PUT", "/", Headers([("Content-Length", "13107200")]), body)
    assert await failure(pool(timeout=0.1), request) == "timeout"
