"""A miss that is told by callbacks is what the long way answers, byte for byte, to both sides."""

import asyncio
import contextlib

import pytest

from loopback.client import request
from loopback.origin import WHATEVER, reply
from scrubjay_proxy import app

FRESH = "Cache-Control: max-age=60"
NEVER = "Cache-Control: no-store"
DATED = "Date: Fri, 15 Jan 2027 07:59:50 GMT"


def in_parts(answer, *at):
    """The answer, cut at these places."""

    async def script(exchange):
        begun = 0
        for end in (*at, len(answer)):
            await exchange.send(answer[begun:end])
            await asyncio.sleep(0.01)
            begun = end

    return script


async def drop(exchange):
    exchange.close()


async def until_close(exchange):
    await exchange.send(b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n\r\nhello")
    exchange.close()


ANSWERS = {
    "storable": [reply(b"hello", FRESH, DATED, 'ETag: "v1"')],
    "without a date": [reply(b"hello", FRESH)],
    "aged": [reply(b"hello", FRESH, "Age: 10", "Via: 1.1 inner", "Cache-Status: inner; hit")],
    "not to be stored": [reply(b"hello", NEVER, DATED)],
    "then to be stored": [reply(b"no", NEVER), reply(b"yes", FRESH)],
    "private": [reply(b"hello", "Cache-Control: private, max-age=60")],
    "set cookie": [reply(b"hello", FRESH, "Set-Cookie: a=1")],
    "by language": [reply(b"hello", FRESH, "Vary: Accept-Language")],
    "by anything": [reply(b"hello", FRESH, "Vary: *")],
    "empty": [reply(b"", FRESH)],
    "empty, private": [reply(b"", NEVER)],
    "no content": [reply(b"", FRESH, status="204 No Content")],
    "not modified": [reply(b"", FRESH, status="304 Not Modified")],
    "not found": [reply(b"gone", status="404 Not Found")],
    "failing": [reply(b"oh", status="500 Internal Server Error")],
    "elsewhere": [reply(b"", FRESH, "Location: /b", status="301 Moved Permanently")],
    "a part": [reply(b"el", FRESH, "Content-Range: bytes 1-2/5", status="206 Partial Content")],
    "chunked": [reply(b"hello", FRESH, chunked=True)],
    "chunked, private": [reply(b"hello", NEVER, chunked=True)],
    "any query": [reply(b"hello", FRESH, "No-Vary-Search: params")],
    "odd fields": [reply(b"hello", NEVER, "X-Odd: \xe4\xff", "Connection: x-hop", "X-Hop: 1")],
    "closing": [reply(b"hello", NEVER, "Connection: close")],
    "to learn": [reply(b"hello", DATED, "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT")],
    "hints": [b"HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n" + reply(b"hello", NEVER)],
    "head, then body": [in_parts(reply(b"hello", NEVER), -5)],
    "head, then body to keep": [in_parts(reply(b"hello", FRESH), -5)],
    "half a head": [in_parts(reply(b"hello", NEVER), 10, -3)],
    "large": [reply(b"0123456789" * 60_000, NEVER)],
    "too long": [reply(b"hello", NEVER) + b"more"],
    "cut": [reply(b"hello", NEVER, length=9)[:-2], drop],
    "garbled": [b"HTTP/1.1 nonsense\r\n\r\n"],
    "dropped once": [drop, reply(b"hello", NEVER)],
    "dropped always": [drop],
    "until close": [until_close],
}
BROWSER = ["User-Agent: Test/1.0 (X11)", "Accept: text/html", "Cookie: a=1", "Referer: /x"]
ASKED = {
    "plain": request("/a"),
    "browser": request("/a", *BROWSER),
    "query": request("/a?b=1&utm_source=x"),
    "authorized": request("/a", "Authorization: Basic x"),
    "hop": request("/a", "Connection: accept-language", "Accept-Language: de"),
    "forwarded": request("/a", "Via: 1.0 far", "X-Forwarded-For: 1.2.3.4", "Forwarded: for=x"),
    "fragment": request("/a#b"),
}
ENDS = {"cut", "garbled", "dropped always", "closing", "too long", "until close"}


async def stream(proxy, data):
    """All that comes back for these requests, the last of which closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    answer = b""
    async with asyncio.timeout(10):
        writer.write(request("/warm") + data * 3 + request("/end", "Connection: close"))
        with contextlib.suppress(ConnectionError):  # what is cut is reset
            while data := await reader.read(65536):
                answer += data
    writer.close()
    await proxy.settle()
    return answer


class Direct:
    """Notes what needed no task to begin."""

    def __init__(self, proxy):
        self.direct, self.begun = proxy.proxy.direct, 0
        proxy.proxy.direct = self

    def __call__(self, call):
        begun = self.direct(call)
        self.begun += begun
        return begun


def traces(proxy):
    """What a request leaves behind, all but how long it took."""
    engine, meter = proxy.proxy.store.engine, proxy.proxy.meter
    rows = {one: engine.row(one) for one in engine.ids()}
    counted = {name: sum(spread.buckets) for name, spread in meter.durations.items()}
    return engine.clock, rows, meter.snapshot(), counted


@pytest.mark.parametrize("answers", ANSWERS)
async def test_a_miss_is_the_same_to_both_sides_by_either_way(origin, start, monkeypatch, answers):
    monkeypatch.setattr(app.secrets, "token_hex", lambda _: "0")
    origin.on(WHATEVER, reply(b"end", NEVER))
    for name, asked in ASKED.items():
        told = []
        begun = 0
        for direct in (True, False):
            proxy = await start()
            way = Direct(proxy) if direct else None
            proxy.proxy.direct = way
            for path in ("/a", "/a?b=1"):
                origin.on(path, *ANSWERS[answers])
            before = len(origin.asked)
            answer = await stream(proxy, asked)
            heard = [(one.method, one.target, one.lines) for one in origin.asked[before:]]
            told.append((answer, heard, traces(proxy)))
            begun += way.begun if way else 0
        assert told[0][0] == told[1][0], name
        assert told[0][1] == told[1][1], name
        assert told[0][2] == told[1][2], name
        assert begun or name == "fragment" or answers in ENDS
