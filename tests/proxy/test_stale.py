"""Stale answers: when one may be served, and what an origin that fails gives otherwise."""

import time

import pytest

from loopback.origin import Gate, reply

SWR = "Cache-Control: max-age=60, stale-while-revalidate=30"
SIE = "Cache-Control: max-age=60, stale-if-error=30"
ERROR = reply(b"broken", status="503 Broken")


async def hang_up(exchange):
    exchange.reset()


async def silent(exchange):
    await exchange.gone()


async def test_while_revalidating_the_stale_answer_is_served_and_checked_once(origin, proxy, clock):
    gate = Gate(reply(b"new", SWR))
    origin.on("/a", reply(b"old", SWR), gate)
    await proxy.get("/a")
    clock.advance(70)
    for _ in range(5):
        stale = await proxy.get("/a")
        assert stale.body == b"old"
        assert stale.cache == "scrubjay; hit; ttl=-10; detail=stale-while-revalidate"
    await origin.seen(2)
    gate.open()
    await proxy.settle()
    assert (await proxy.get("/a")).body == b"new"
    assert len(origin.asked) == 2


async def test_the_check_behind_the_clients_back_asks_for_the_whole(origin, proxy, clock):
    origin.on("/a", reply(b"old", SWR, 'ETag: "v1"'), reply(b"new", SWR))
    await proxy.get("/a")
    clock.advance(70)
    part = await proxy.get("/a", "Range: bytes=0-1", 'If-None-Match: "v0"')
    await proxy.settle()
    check = await origin.seen(2)
    assert (part.status, part.body) == (206, b"ol")
    assert (check.get("range"), check.get("if-none-match")) == (None, '"v1"')
    assert (await proxy.get("/a")).body == b"new"


async def test_beyond_the_window_the_client_waits_for_the_check(origin, proxy, clock):
    origin.on("/a", reply(b"old", SWR), reply(b"new", SWR))
    await proxy.get("/a")
    clock.advance(91)
    assert (await proxy.get("/a")).body == b"new"


@pytest.mark.parametrize(("late", "status"), [(80, 200), (100, 503)])
async def test_an_error_is_replaced_by_a_stale_answer_within_the_window(
    origin, proxy, clock, late, status
):
    origin.on("/a", reply(b"old", SIE), ERROR)
    await proxy.get("/a")
    clock.advance(late)
    answer = await proxy.get("/a")
    assert answer.status == status
    assert ("detail=stale-if-error" in answer.cache) is (status == 200)


@pytest.mark.parametrize("how", [hang_up, b"garbage\r\n\r\n"])
async def test_when_the_origin_gives_no_answer_the_stale_one_is_served(origin, proxy, clock, how):
    origin.on("/a", reply(b"old", "Cache-Control: max-age=60"), how)
    await proxy.get("/a")
    clock.advance(3600)
    answer = await proxy.get("/a")
    assert (answer.body, answer.get("age")) == (b"old", "3600")
    assert answer.cache == "scrubjay; hit; ttl=-3540; detail=origin-unreachable"


async def test_when_the_origin_is_down_fresh_and_stale_are_served_and_then_it_is_back(
    origin, proxy, clock
):
    origin.on("/a", reply(b"old", "Cache-Control: max-age=60"), reply(b"new"))
    await proxy.get("/a")
    await origin.stop()
    assert (await proxy.get("/a")).hit
    clock.advance(61)
    assert (await proxy.get("/a")).body == b"old"
    assert (await proxy.get("/b")).status == 502
    async with origin:
        assert (await proxy.get("/a")).body == b"new"


@pytest.mark.parametrize(
    "directive", ["must-revalidate", "proxy-revalidate", "s-maxage=60", "no-cache"]
)
async def test_what_must_be_checked_is_never_served_unchecked(origin, proxy, clock, directive):
    fields = f"Cache-Control: max-age=60, stale-if-error=900, {directive}"
    origin.on("/a", reply(b"old", fields, 'ETag: "v1"'), hang_up)
    await proxy.get("/a")
    clock.advance(61)
    assert (await proxy.get("/a")).status == 502


async def test_the_operator_limits_how_stale_is_too_stale(origin, start, clock):
    proxy = await start({"http.stale_if_error": "1m"})
    origin.on("/a", reply(b"old", "Cache-Control: max-age=60"), hang_up)
    await proxy.get("/a")
    clock.advance(121)
    assert (await proxy.get("/a")).status == 502


async def test_an_unreachable_origin_is_502_in_under_a_second(origin, proxy):
    await origin.stop()
    began = time.monotonic()
    answer = await proxy.get("/a")
    assert time.monotonic() - began < 1
    assert answer.status == 502
    assert answer.body.startswith(f"502 Bad Gateway: 127.0.0.1:{origin.port} cannot be".encode())
    assert answer.get("cache-control") == "no-store"


async def test_a_silent_origin_is_504_at_its_limit_and_others_do_not_wait(origin, start):
    origin.on("/silent", silent)
    origin.on("/b", reply(b"quick"))
    proxy = await start({"origin.timeout": "200ms"})
    began = time.monotonic()
    async with proxy.client() as waiting:
        await waiting.send(b"GET /silent HTTP/1.1\r\nHost: site.example\r\n\r\n")
        await origin.seen(1)
        assert (await proxy.get("/b")).body == b"quick"
        assert time.monotonic() - began < 0.2
        answer = await waiting.reply()
    assert answer.status == 504
    assert 0.2 <= time.monotonic() - began < 1.2


async def test_too_many_requests_for_one_origin_are_503(origin, start):
    gate = Gate(reply(b"x"))
    origin.on("/1", gate)
    proxy = await start({"origin.max_connections": 1, "origin.max_waiting": 0})
    async with proxy.client() as first:
        await first.send(b"GET /1 HTTP/1.1\r\nHost: site.example\r\n\r\n")
        await origin.seen(1)
        assert (await proxy.get("/2")).status == 503
        gate.open()
        assert (await first.reply()).status == 200
