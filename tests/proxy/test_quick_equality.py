"""What is answered at once is what the long way answers, byte for byte, and counts the same."""

import asyncio

import pytest

from loopback.client import request
from loopback.origin import reply
from scrubjay_policies.hold import HITS

DATES = ["Date: Fri, 15 Jan 2027 07:59:50 GMT", "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT"]
FRESH = "Cache-Control: max-age=60"
STORED = {
    "plain": reply(b"hello", FRESH),
    "dated": reply(b"hello", FRESH, *DATES, 'ETag: "v1"', "Content-Type: text/plain"),
    "aged": reply(b"hello", FRESH, "Age: 10", "Via: 1.1 inner", "Cache-Status: inner; hit"),
    "empty": reply(b"", FRESH),
    "large": reply(b"0123456789" * 30_000, FRESH),
    "chunked": reply(b"hello", FRESH, chunked=True),
    "by language": reply(b"hello", FRESH, "Vary: Accept-Language"),
    "by anything": reply(b"hello", FRESH, "Vary: *"),
    "in the meantime": reply(b"hello", "Cache-Control: max-age=60, stale-while-revalidate=60"),
    "immutable": reply(b"hello", "Cache-Control: max-age=60, immutable"),
    "to be checked": reply(b"hello", "Cache-Control: no-cache", 'ETag: "v1"'),
    "private": reply(b"hello", "Cache-Control: private, max-age=60"),
    "not found": reply(b"gone", FRESH, status="404 Not Found"),
    "elsewhere": reply(b"", FRESH, "Location: /b", status="301 Moved Permanently"),
    "nothing": reply(b"", FRESH, status="204 No Content"),
    "heuristic": reply(b"hello", *DATES),
    "targeted": reply(b"hello", "CDN-Cache-Control: max-age=60", "Cache-Control: no-store"),
    "any query": reply(b"hello", FRESH, "No-Vary-Search: params"),
    "set cookie": reply(b"hello", FRESH, "Set-Cookie: a=1"),
    "odd fields": reply(b"hello", FRESH, "X-Odd: \xe4\xff", "Connection: x-hop", "X-Hop: 1"),
}
BROWSER = ["User-Agent: Test/1.0 (X11)", "Accept: text/html", "Cookie: a=1", "Referer: /x"]
ASKED = {
    "plain": request("/a"),
    "browser": request("/a", *BROWSER),
    "german": request("/a", "Accept-Language: de"),
    "query": request("/a?b=1&utm_source=x"),
    "other host": request("/a", "Host: OTHER.example:80"),
    "authorized": request("/a", "Authorization: Basic x"),
    "head": request("/a", method="HEAD"),
    "options": request("/a", method="OPTIONS"),
    "range": request("/a", "Range: bytes=1-2"),
    "tag": request("/a", 'If-None-Match: "v1"'),
    "since": request("/a", "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT"),
    "match": request("/a", 'If-Match: "v1"'),
    "no-cache": request("/a", "Cache-Control: no-cache"),
    "age": request("/a", "Cache-Control: max-age=20"),
    "max-stale": request("/a", "Cache-Control: max-stale"),
    "only": request("/a", "Cache-Control: only-if-cached"),
    "pragma": request("/a", "Pragma: no-cache"),
    "expect": request("/a", "Expect: 100-continue"),
    "hop": request("/a", "Connection: accept-language", "Accept-Language: de"),
    "keep": request("/a", "Connection: keep-alive"),
    "length": request("/a", body=b"abc"),
    "none": request("/a", "Content-Length: 0"),
    "old": request("/a", "Connection: keep-alive", minor=0),
    "close": request("/a", "Connection: close"),
    "absolute": request("http://site.example/a"),
    "fragment": request("/a#b"),
    "two hosts": request("/a", "Host: a", "Host: b"),
    "line feed": b"GET /a HTTP/1.1\nHost: site.example\n\n",
    "circle": request("/a", "CDN-Loop: other"),
    "purge": request("/a", method="PURGE"),
}
AGES = (0.0, 29.75, 59.5, -100.0, 100.0)  # seconds, one after the other


class Long:
    """Notes what takes the long way."""

    def __init__(self, proxy):
        self.flow, self.calls = proxy.proxy.flow, 0
        proxy.proxy.flow = self

    async def __call__(self, call):
        self.calls += 1
        await self.flow(call)


async def stream(proxy, data):
    """All that comes back for these requests, the last of which closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    async with asyncio.timeout(10):
        writer.write(data + request("/end", "Connection: close"))
        answer = await reader.read()
    writer.close()
    await proxy.settle()
    return answer


def traces(proxy):
    """What a request leaves behind, all but how long it took."""
    engine, meter = proxy.proxy.store.engine, proxy.proxy.meter
    rows = {one: engine.row(one) for one in engine.ids()}
    counted = {name: sum(spread.buckets) for name, spread in meter.durations.items()}
    return engine.clock, rows, meter.snapshot(), counted


async def both(start, given=None):
    """A proxy as it is, and one that knows only the long way."""
    quick, long = await start(given), await start(given)
    long.proxy.quick = None
    return quick, Long(quick), long


@pytest.mark.parametrize("stored", STORED)
async def test_an_answer_and_its_traces_are_the_same_by_either_way(origin, start, clock, stored):
    for path in ("/a", "/a?b=1"):
        origin.on(path, STORED[stored])
    origin.on("/end", reply(b"end"))
    quick, way, long = await both(start)
    sent = 0
    for seconds in AGES:
        clock.advance(seconds)
        for name, asked in ASKED.items():
            sent += 1
            answers = [await stream(one, asked * 3) for one in (quick, long)]
            assert answers[0] == answers[1], (name, seconds)
            assert traces(quick) == traces(long), (name, seconds)
    assert way.calls < sent * 4 - 20 or stored in NEVER


NEVER = {"by anything", "to be checked", "private", "nothing"}


@pytest.mark.parametrize("asked", ["plain", "browser", "german", "query", "authorized", "keep"])
async def test_a_plain_hit_never_takes_the_long_way(origin, start, asked):
    for path in ("/a", "/a?b=1"):
        origin.on(path, STORED["by language"])
    quick, way, _ = await both(start)
    await stream(quick, ASKED["plain"] + ASKED["german"] + ASKED["query"])
    before = way.calls
    await stream(quick, ASKED[asked] * 5)
    assert way.calls == before + 1  # the one that closes


async def test_a_forward_proxys_requests_are_answered_the_same(origin, start):
    origin.on("/a", STORED["plain"])
    quick, _, long = await both(start, {"proxy.forward": True})
    host = origin.url.removeprefix("http://")
    for target in (f"{origin.url}/a", "/a"):
        data = request(target, f"Host: {host}")
        assert await stream(quick, data * 3) == await stream(long, data * 3)
        assert traces(quick) == traces(long)


async def test_learned_lifetimes_hear_of_every_hit(origin, start):
    origin.on("/a", STORED["heuristic"])
    quick, way, long = await both(start, {"http.staleness": 0.05})
    hits = []
    for one in (quick, long):
        await stream(one, request("/a") * 5)
        changes = one.proxy.holding.changes
        hits.append(changes._rows[: len(changes), HITS].tolist())
    assert way.calls < 7
    assert hits == [[4.0], [4.0]]
