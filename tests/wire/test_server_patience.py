"""Clients that are slow, silent, or gone: what they may cost and how long."""

import asyncio

from loopback.client import Client, request
from loopback.serving import echo, serving
from loopback.waiting import settled, until
from scrubjay_proxy.wire.body import HIGH_WATER
from scrubjay_proxy.wire.call import ClientGone
from scrubjay_proxy.wire.server import ClientConnection


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


async def test_a_body_that_drips_is_408_and_one_that_flows_is_not():
    async with serving(echo, body=0.1, rate=200.0) as served, Client(served.port) as client:

        async def drip(size):
            while True:
                await client.send(bytes(size))
                await asyncio.sleep(0.01)

        await client.send(request("/", "Content-Length: 100000", method="POST"))
        dripping = asyncio.ensure_future(drip(1))
        assert (await client.reply()).status == 408
        dripping.cancel()
    async with serving(echo, body=0.1, rate=200.0) as served, Client(served.port) as client:
        await client.send(request("/", "Content-Length: 3000", method="POST"))
        for _ in range(30):
            await client.send(bytes(100))
            await asyncio.sleep(0.01)
        assert (await client.reply()).status == 200


async def test_a_body_held_back_by_a_slow_origin_is_not_the_clients_fault():
    go_on = asyncio.Event()

    async def slow(call):
        await go_on.wait()
        await echo(call)

    size = HIGH_WATER * 3
    async with serving(slow, body=0.05) as served, Client(served.port) as client:
        sending = asyncio.ensure_future(client.send(request("/", method="POST", body=bytes(size))))
        await until(lambda: any(connection._tap.is_shut for connection in served.known))
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
        await until(lambda: any(connection._tap.is_shut for connection in served.known))
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
