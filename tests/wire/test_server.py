"""A client's connection over a real socket: order, keep-alive, bodies, limits, leaving."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from loopback.client import Client, request
from loopback.waiting import settled, until
from scrubjay_proxy.http.messages import Head, Headers
from scrubjay_proxy.outgoing import refusal
from scrubjay_proxy.wire.body import HIGH_WATER
from scrubjay_proxy.wire.call import ClientGone
from scrubjay_proxy.wire.heads import render_response
from scrubjay_proxy.wire.server import ClientConnection, Limits


class Served:
    """A server around one handler; `known` are its connections."""

    def __init__(self, handler, limits):
        self.known, self.calls = set(), []

        async def remembered(call):
            self.calls.append(call)
            await handler(call)

        self._new = lambda: ClientConnection(
            remembered, lambda bad: refusal(bad, 0.0), limits, self.known
        )

    async def start(self):
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(self._new, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self):
        self.server.close()
        for connection in [*self.known]:
            connection.abort()
        await until(lambda: not self.known)


@asynccontextmanager
async def serving(handler, **limits):
    served = Served(handler, Limits(**limits))
    await served.start()
    try:
        yield served
    finally:
        await served.stop()


async def answer(call, body=b"", **fields):
    lines = [(name.replace("_", "-"), value) for name, value in fields.items()]
    headers = Headers([*lines, ("Content-Length", str(len(body)))])
    await call.begin_with(render_response(Head(200, "OK", headers)), body)


async def echo(call):
    """Answers with the request's target and body."""
    call.continue_if_expected()
    body = b"".join([piece async for piece in call.body])
    await answer(call, call.head.target.encode() + body)


async def ignore(call):
    """Answers without a look at the body."""
    await answer(call, b"done")


async def test_pipelined_requests_are_answered_in_their_order():
    first = asyncio.Event()

    async def slow_first(call):
        if call.head.target == "/1":
            await first.wait()
        await echo(call)

    async with serving(slow_first) as served, Client(served.port) as client:
        await client.send(
            request("/1") + request("/2", method="POST", body=b"body") + request("/3")
        )
        await until(lambda: served.calls)
        first.set()
        assert [(await client.reply()).body for _ in range(3)] == [b"/1", b"/2body", b"/3"]
        assert len(served.known) == 1


@pytest.mark.parametrize("step", [1, 7])
async def test_a_request_may_come_in_small_pieces(step):
    data = request("/a", method="POST", body=b"hello") + request(
        "/b",
        "Transfer-Encoding: chunked",
        method="POST",
        body=b"3\r\nabc\r\n2;x\r\nde\r\n0\r\nX-T: 1\r\n\r\n",
    )
    async with serving(echo) as served, Client(served.port) as client:
        for at in range(0, len(data), step):
            await client.send(data[at : at + step])
            await asyncio.sleep(0)
        assert [(await client.reply()).body for _ in range(2)] == [b"/ahello", b"/babcde"]


async def test_empty_lines_before_a_request_are_skipped():
    async with serving(echo) as served, Client(served.port) as client:
        await client.send(b"\r\n\r\n" + request("/a") + b"\r\n" + request("/b"))
        assert [(await client.reply()).body for _ in range(2)] == [b"/a", b"/b"]


async def test_connection_close_is_obeyed_and_nothing_behind_it_is_answered():
    async with serving(echo) as served, Client(served.port) as client:
        await client.send(request("/a", "Connection: close") + request("/b"))
        assert (await client.reply()).body == b"/a"
        assert await client.ended()
        assert len(served.calls) == 1


@pytest.mark.parametrize(("lines", "kept"), [([], False), (["Connection: keep-alive"], True)])
async def test_http_1_0_is_kept_only_where_it_asks_for_it(lines, kept):
    async with serving(echo) as served, Client(served.port) as client:
        assert (await client.ask("/a", *lines, minor=0)).body == b"/a"
        if kept:
            assert (await client.ask("/b", *lines, minor=0)).body == b"/b"
        else:
            assert await client.ended()


async def test_who_expects_100_is_told_to_go_on_once():
    async with serving(echo) as served, Client(served.port) as client:
        await client.send(request("/a", "Expect: 100-continue", "Content-Length: 4", method="PUT"))
        assert (await client.head()).status == 100
        await client.send(b"body")
        reply = await client.reply()
        assert (reply.body, reply.interim) == (b"/abody", [])


async def test_who_expects_100_and_is_refused_its_body_loses_the_connection():
    async with serving(ignore) as served, Client(served.port) as client:
        await client.send(request("/a", "Expect: 100-continue", "Content-Length: 4", method="PUT"))
        reply = await client.reply()
        assert (reply.body, reply.interim) == (b"done", [])
        assert await client.ended()


async def test_a_body_nobody_read_is_not_taken_for_the_next_request():
    smuggled = request("/smuggled")
    async with serving(ignore) as served, Client(served.port) as client:
        await client.send(request("/a", method="POST", body=smuggled) + request("/b"))
        assert [(await client.reply()).body for _ in range(2)] == [b"done", b"done"]
        assert [call.head.target for call in served.calls] == ["/a", "/b"]


async def test_a_huge_body_nobody_reads_costs_the_connection():
    async with serving(ignore) as served, Client(served.port) as client:
        await client.send(request("/a", f"Content-Length: {10**9}", method="POST"))
        assert (await client.reply()).body == b"done"
        assert await client.ended()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
        (request("/", "Content-Length: 1", "Transfer-Encoding: chunked"), 400),
        (request("/", "Transfer-Encoding: gzip"), 501),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 129 + b"\r\n", 431),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ],
)
async def test_a_message_that_is_refused_is_the_last_one_read(data, status):
    async with serving(echo) as served, Client(served.port) as client:
        await client.send(data + request("/next"))
        reply = await client.reply()
        assert reply.status == status
        assert reply.get("connection") == "close"
        assert await client.ended()
        assert not served.calls


async def test_a_bad_request_waits_for_the_answers_before_it():
    async with serving(echo) as served, Client(served.port) as client:
        await client.send(request("/a") + b"BAD\r\n\r\n")
        assert [(await client.reply()).status for _ in range(2)] == [200, 400]


async def test_a_body_that_proves_malformed_is_400():
    async with serving(echo) as served, Client(served.port) as client:
        await client.send(
            request("/a", "Transfer-Encoding: chunked", method="POST", body=b"3\r\nabc\r\n")
        )
        await client.send(b"zz\r\n" + request("/next"))
        assert (await client.reply()).status == 400
        assert await client.ended()


async def test_a_body_that_proves_malformed_after_the_answer_began_cuts_it():
    async def early(call):
        await call.begin(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", chunked=False)
        await echo(call)

    async with serving(early) as served, Client(served.port) as client:
        await client.send(request("/a", "Transfer-Encoding: chunked", method="POST"))
        await client.head()
        await client.send(b"zz\r\n")
        assert await client.ended()


async def test_a_slow_head_is_408_and_silence_is_closed_without_a_word():
    async with serving(echo, head=0.05) as served:
        async with Client(served.port) as client:
            await client.send(b"GET / HTTP/1.1\r\nX: ")
            assert (await client.reply()).status == 408
            assert await client.ended()
        async with Client(served.port) as client:
            assert await client.ended()


async def test_a_head_that_drips_is_408_all_the_same():
    async with serving(echo, head=0.1) as served, Client(served.port) as client:

        async def drip():
            while True:
                await client.send(b"X: 1\r\n")
                await asyncio.sleep(0.01)

        await client.send(b"GET / HTTP/1.1\r\n")
        dripping = asyncio.ensure_future(drip())
        assert (await client.head()).status == 408
        dripping.cancel()


async def test_a_body_that_stops_coming_is_408():
    async with serving(echo, body=0.05) as served, Client(served.port) as client:
        await client.send(request("/", "Content-Length: 9", method="POST", body=b"some"))
        assert (await client.reply()).status == 408
        assert await client.ended()


async def test_a_body_held_back_by_a_slow_origin_is_not_the_clients_fault():
    go_on = asyncio.Event()

    async def slow(call):
        await go_on.wait()
        await echo(call)

    size = HIGH_WATER * 3
    async with serving(slow, body=0.05) as served, Client(served.port) as client:
        sending = asyncio.ensure_future(client.send(request("/", method="POST", body=bytes(size))))
        await until(lambda: any(connection._held for connection in served.known))
        await asyncio.sleep(0.12)  # longer than a client may be silent
        go_on.set()
        assert len((await client.reply()).body) == size + 1
        await sending


async def test_an_idle_connection_is_closed():
    async with serving(echo, idle=0.05) as served, Client(served.port) as client:
        assert (await client.ask("/a")).status == 200
        assert await client.ended()


async def test_a_client_that_leaves_is_noticed_by_who_writes():
    noticed = asyncio.get_running_loop().create_future()

    async def endless(call):
        try:
            await call.begin(b"HTTP/1.1 200 OK\r\n\r\n", chunked=False)
            while True:
                await call.send(bytes(65536))
        except ClientGone as gone:
            noticed.set_result(gone)
            raise

    async with serving(endless) as served:
        async with Client(served.port) as client:
            await client.send(request("/"))
            await client.head()
        assert isinstance(await asyncio.wait_for(noticed, 5), ClientGone)


async def test_a_client_that_leaves_within_its_body_is_noticed_by_who_reads():
    noticed = asyncio.get_running_loop().create_future()

    async def reading(call):
        try:
            await echo(call)
        except ClientGone as gone:
            noticed.set_result(gone)
            raise

    async with serving(reading) as served:
        async with Client(served.port) as client:
            await client.send(request("/", "Content-Length: 9", method="POST", body=b"some"))
            await until(lambda: served.calls)
        assert isinstance(await asyncio.wait_for(noticed, 5), ClientGone)


async def test_a_client_that_stops_sending_still_gets_its_answer_and_then_the_end(monkeypatch):
    stopped = asyncio.Event()
    eof_received = ClientConnection.eof_received

    def noticed(connection):
        stopped.set()
        return eof_received(connection)

    async def late(call):
        await stopped.wait()
        await echo(call)

    monkeypatch.setattr(ClientConnection, "eof_received", noticed)
    async with serving(late) as served, Client(served.port) as client:
        await client.send(request("/a"))
        client.writer.write_eof()
        assert (await client.reply()).body == b"/a"
        assert await client.ended()


async def test_a_body_that_a_client_ends_too_early_is_not_answered():
    async with serving(echo) as served, Client(served.port) as client:
        await client.send(request("/", "Content-Length: 9", method="POST", body=b"some"))
        await until(lambda: served.calls)
        client.writer.write_eof()
        assert await client.ended()


async def test_many_pipelined_requests_are_held_back_while_one_is_answered():
    gate = asyncio.Event()

    async def held(call):
        await gate.wait()
        await echo(call)

    flood = request("/x") * 20_000
    async with serving(held) as served, Client(served.port) as client:
        sending = asyncio.ensure_future(client.send(flood))
        await until(lambda: any(connection._held for connection in served.known))
        (connection,) = served.known
        assert len(connection._buffer) <= HIGH_WATER + 262_144
        gate.set()
        for _ in range(20_000):
            assert (await client.head()).status == 200
            await client.reader.readexactly(2)
        await sending


async def test_a_slow_reader_holds_the_writer_back():
    sent = 0

    async def endless(call):
        nonlocal sent
        await call.begin(b"HTTP/1.1 200 OK\r\n\r\n", chunked=False)
        while True:
            await call.send(bytes(65536))
            sent += 65536

    async with serving(endless) as served, Client(served.port) as client:
        client.writer.transport.pause_reading()
        await client.send(request("/"))
        await settled(lambda: sent)
        (connection,) = served.known
        assert connection._transport.get_write_buffer_size() <= 2 * 65536


async def test_a_drain_closes_idle_connections_and_lets_busy_ones_finish_their_upload():
    async with (
        serving(echo) as served,
        Client(served.port) as idle,
        Client(served.port) as busy,
    ):
        assert (await idle.ask("/a")).status == 200
        await busy.send(request("/b", "Content-Length: 8", method="POST", body=b"half"))
        await until(lambda: len(served.calls) == 2)
        for connection in [*served.known]:
            connection.close_when_idle()
        assert await idle.ended()
        await busy.send(b"half")
        assert (await busy.reply()).body == b"/bhalfhalf"
        assert await busy.ended()
