"""A client's connection over a real socket: order, keep-alive, bodies, limits, leaving."""

import asyncio

import pytest

from loopback.client import Client, request
from loopback.serving import echo, ignore, serving
from loopback.waiting import until


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
