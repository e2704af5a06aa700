"""A body shared while it arrives: every reader gets every byte, or the failure."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay_proxy.fill import _AHEAD, Fill
from scrubjay_proxy.http.messages import Exchange, Head, Headers, Stored

STORED = Stored(1, "http://a/", Head(200, "OK", Headers()), Exchange(0.0, 0.0))


def fill(length=None):
    return Fill(STORED, length)


async def read(one, span=None):
    return b"".join([piece async for piece in one.read(span)])


async def test_readers_join_early_and_late_and_get_the_same():
    one = fill()
    early = asyncio.ensure_future(read(one))
    await asyncio.sleep(0)
    one.add(b"hello")
    late = asyncio.ensure_future(read(one))
    await asyncio.sleep(0)
    one.add(b"world")
    one.finish(Headers((("X-Sum", "1"),)))
    assert await early == await late == await read(one) == b"helloworld"
    assert (one.length, one.trailers.get("x-sum")) == (10, "1")


async def test_a_failure_reaches_everybody():
    one = fill(10)
    reading = [asyncio.ensure_future(read(one)) for _ in range(3)]
    await asyncio.sleep(0)
    one.add(b"hello")
    one.fail(ConnectionError("cut"))
    for task in reading:
        with pytest.raises(ConnectionError):
            await task
    assert not one.joinable


async def test_a_span_that_has_come_is_given_before_the_end_comes():
    one = fill(10)
    one.add(b"hello")
    assert await asyncio.wait_for(read(one, (1, 4)), 1) == b"ell"


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(st.binary(min_size=1, max_size=9), max_size=8),
    ends=st.tuples(st.integers(0, 70), st.integers(0, 70)),
)
def test_any_span_is_what_slicing_gives(pieces, ends):
    async def check():
        whole = b"".join(pieces)
        span = tuple(sorted(min(end, len(whole)) for end in ends))
        one = fill(len(whole))
        early = asyncio.ensure_future(read(one, span))
        for piece in pieces:
            await asyncio.sleep(0)
            one.add(piece)
        one.finish(Headers())
        assert await early == await read(one, span) == whole[span[0] : span[1]]

    asyncio.run(check())


async def test_what_is_kept_never_waits_for_a_slow_reader():
    one = fill()
    reader = one.read(None)
    one.add(b"x")
    await anext(reader)
    one.add(bytes(_AHEAD * 2))
    await asyncio.wait_for(one.room(), 1)
    assert one.joinable
    await reader.aclose()


async def test_what_is_not_kept_waits_for_its_slowest_reader_and_forgets_what_all_have_seen():
    one = fill()
    slow, quick = one.read(None), one.read(None)
    one.add(b"x")
    await anext(slow)
    await anext(quick)
    one.let_go()
    pieces = [bytes(_AHEAD // 2) for _ in range(3)]
    for piece in pieces:
        one.add(piece)
        await anext(quick)
    room = asyncio.ensure_future(one.room())
    await asyncio.sleep(0)
    assert not room.done()
    assert not one.joinable
    await anext(slow)
    await anext(slow)
    await asyncio.wait_for(room, 1)
    assert sum(map(len, one._pieces)) <= _AHEAD + len(pieces[0])
    await slow.aclose()
    await quick.aclose()
    assert not one.wanted


async def test_a_slow_reader_that_leaves_holds_nobody_back():
    one = fill()
    slow, quick = one.read(None), one.read(None)
    one.add(b"x")
    await anext(slow)
    await anext(quick)
    one.let_go()
    one.add(bytes(_AHEAD * 2))
    await anext(quick)
    room = asyncio.ensure_future(one.room())
    await asyncio.sleep(0)
    assert not room.done()
    await slow.aclose()
    one.add(b"y")
    assert await anext(quick) == b"y"
    await asyncio.wait_for(room, 1)
    await quick.aclose()


async def test_what_came_in_the_first_piece_is_there_at_once_until_it_is_let_go():
    one = fill(10)
    assert one.ready((0, 1)) is None
    one.add(b"hello")
    assert (one.ready((0, 5)), one.ready((1, 3)), one.ready((1, 6))) == (b"hello", b"el", None)
    one.let_go()
    assert one.ready((0, 5)) is None
    failed = fill(5)
    failed.add(b"hello")
    failed.fail(ConnectionError("cut"))
    assert failed.ready((0, 5)) is None
