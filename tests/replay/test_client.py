from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from scrubjay_replay.client import Address, BrokenAnswer, Client, read_head
from scrubjay_replay.errors import UseError

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def client_of(handler: Handler, **options):
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    client = Client(Address("127.0.0.1", server.sockets[0].getsockname()[1], tls=False), **options)
    yield client
    client.close()
    server.close()
    await server.wait_closed()


def answering(raw: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()

    return handler


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        CHUNKED + b"2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nT: v\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    ],
    ids=["length", "chunked", "until closed", "after 103"],
)
async def test_a_body_is_read_whole_however_it_is_framed(raw):
    async with client_of(answering(raw)) as client:
        answer = await client.get("/", "h")
    assert (answer.status, answer.length, answer.start) == (200, 5, b"hello")
    assert answer.checksum == zlib.crc32(b"hello")


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        CHUNKED + b"5\r\nhello\r\n",
        CHUNKED + b"zz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"garbage\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 600_000,
    ],
)
async def test_half_an_answer_is_no_answer(raw):
    async with client_of(answering(raw)) as client:
        with pytest.raises(BrokenAnswer):
            await client.get("/", "h")


async def test_a_silent_server_times_out():
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with client_of(silent, timeout=0.05) as client:
        with pytest.raises(TimeoutError):
            await client.get("/", "h")


async def test_one_connection_serves_request_after_request():
    connections = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(3):
            await answering(EMPTY)(reader, writer)

    async with client_of(handler) as client:
        for _ in range(3):
            assert (await client.get("/", "h")).status == 200
    assert connections == 1


async def test_a_kept_connection_closed_without_an_answer_is_tried_anew():
    heads: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(EMPTY)(reader, writer)
        heads.append(await reader.readuntil(b"\r\n\r\n"))  # asked again: closes in silence

    async with client_of(handler) as client:
        assert (await client.get("/one", "h")).status == 200
        assert (await client.get("/two", "h")).status == 200
    assert heads[0].startswith(b"GET /two ")


async def test_a_kept_connection_that_breaks_inside_an_answer_is_not_tried_anew():
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(EMPTY)(reader, writer)
        await answering(CHUNKED)(reader, writer)

    async with client_of(handler) as client:
        await client.get("/one", "h")
        with pytest.raises(BrokenAnswer):
            await client.get("/two", "h")


def test_repeated_headers_are_joined_in_order():
    answer = read_head(b"HTTP/1.1 200 OK\r\nCache-Status: a\r\ncache-status: b; hit\r\n\r\n")
    assert answer.headers == {"cache-status": "a, b; hit"}


@pytest.mark.parametrize(
    "url", ["", "localhost:8080", "ftp://h", "http://", "http://h:99999", "http://[::1"]
)
def test_what_is_no_address_of_a_proxy_is_refused(url):
    with pytest.raises(UseError, match="not the address of a proxy"):
        Address.of(url)


def test_an_address_is_shown_as_a_host_header_wants_it():
    assert str(Address.of("http://[::1]:81/x")) == "[::1]:81"
    assert Address.of("https://h") == Address("h", 443, tls=True)
