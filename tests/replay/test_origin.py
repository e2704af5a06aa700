from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from scrubjay_replay.content import Content, catalog
from scrubjay_replay.errors import ReplayError
from scrubjay_replay.origin import TraceOrigin
from scrubjay_replay.trace import requests

BIG = 200_000


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def origin(clock: Clock) -> AsyncIterator[TraceOrigin]:
    trace = requests([0, 1, 2], [0, 1, 2], [10, BIG, 0], [60, float("nan"), 0])
    content = Content(catalog(trace), change_rate=1.0)
    async with TraceOrigin(content, run="r", clock=clock) as origin:
        yield origin


@pytest.fixture
async def web(origin: TraceOrigin) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(origin.url) as session:
        yield session


@pytest.mark.parametrize(("key", "size"), [(0, 10), (1, BIG), (2, 0)])
async def test_each_key_has_its_size_and_a_true_checksum(origin, web, key, size):
    async with web.get(f"/r/{key}") as answer:
        body = await answer.read()
    assert len(body) == size == origin.bytes_sent
    assert answer.headers["X-Checksum"] == f"crc32={zlib.crc32(body):08x}"
    assert origin.asked[key] == origin.full[key] == 1
    assert origin.serving == [0, 0, 0]


async def test_each_key_has_its_lifetime(web):
    lifetimes = []
    for key in range(3):
        async with web.get(f"/r/{key}") as answer:
            lifetimes.append(answer.headers["Cache-Control"])
            assert all(name in answer.headers for name in ("Date", "Last-Modified", "ETag"))
    assert lifetimes == ["max-age=60", "max-age=31536000", "max-age=0"]


async def test_the_same_version_is_answered_304_and_a_new_one_in_full(origin, web, clock):
    async with web.get("/r/0") as answer:
        tag, since = answer.headers["ETag"], answer.headers["Last-Modified"]
    for condition in (
        {"If-None-Match": f'"x", {tag}'},
        {"If-None-Match": f"W/{tag}"},
        {"If-Modified-Since": since},
    ):
        async with web.get("/r/0", headers=condition) as answer:
            assert (answer.status, answer.headers["ETag"]) == (304, tag)
    assert (origin.asked[0], origin.full[0]) == (4, 1)
    clock.now = 5.0
    async with web.get("/r/0", headers={"If-None-Match": tag}) as answer:
        assert answer.status == 200
        assert answer.headers["ETag"] != tag
    async with web.get("/r/0", headers={"If-Modified-Since": since}) as answer:
        assert answer.status == 200


async def test_head_has_the_length_and_no_body(origin, web):
    async with web.head("/r/1") as answer:
        assert answer.headers["Content-Length"] == str(BIG)
    assert origin.full[1] == origin.bytes_sent == 0


@pytest.mark.parametrize("path", ["/r/3", "/r/-1", "/r/x", "/other/0", "/r/" + "9" * 40, "/"])
async def test_what_is_not_in_the_trace_is_not_found_and_never_kept(origin, web, path):
    async with web.get(path) as answer:
        assert answer.status == 404
        assert answer.headers["Cache-Control"] == "no-store"
    assert sum(origin.asked) == 0


async def test_other_methods_are_refused(web):
    async with web.post("/r/0") as answer:
        assert answer.status == 405


async def test_a_taken_port_is_said_in_one_line(origin):
    second = TraceOrigin(origin.content, run="s", port=origin.port)
    with pytest.raises(ReplayError, match="cannot listen") as caught:
        async with second:
            pass
    assert "--origin-listen" in caught.value.hint


async def test_a_lifetime_that_the_trace_has_not_may_stay_unstated(clock):
    trace = requests([0, 1], [0, 1], [10, 10], [60, float("nan")])
    content = Content(catalog(trace, ttl=float("nan")))
    async with (
        TraceOrigin(content, run="r", clock=clock, wall=lambda: 0.0) as origin,
        aiohttp.ClientSession(origin.url) as session,
        session.get("/r/0") as told,
        session.get("/r/1") as untold,
    ):
        assert told.headers["Cache-Control"] == "max-age=60"
        assert "Cache-Control" not in untold.headers
        assert untold.headers["Date"] == "Thu, 01 Jan 1970 00:00:00 GMT"
