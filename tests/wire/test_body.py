"""A body on its way: bounded for a slow reader, and never whole when it was cut."""

import asyncio

import pytest

from scrubjay_proxy.wire.body import HIGH_WATER, LOW_WATER, Body, BodyCut
from scrubjay_proxy.wire.framing import Framing
from scrubjay_proxy.wire.heads import BadMessage


class Sender:
    """The sending connection, as the body sees it."""

    def __init__(self):
        self.calls = []

    def body(self, length):
        return Body(length, lambda: self.calls.append("pause"), lambda: self.calls.append("resume"))


async def whole(body):
    return b"".join([piece async for piece in body])


async def test_a_body_of_known_length_ends_there_and_gives_the_rest_back():
    body = Sender().body(5)
    assert body.feed(b"abc") == b""
    assert not body.ended
    assert body.feed(b"deNEXT") == b"NEXT"
    assert body.ended
    assert await whole(body) == b"abcde"


async def test_an_empty_body_has_ended_before_it_began():
    body = Sender().body(0)
    assert body.ended
    assert await body.read() == b""


async def test_a_chunked_body_brings_its_trailers():
    body = Sender().body(Framing.CHUNKED)
    assert body.feed(b"3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\nNEXT") == b"NEXT"
    assert await whole(body) == b"abc"
    assert body.trailers.get("x-sum") == "7"


async def test_a_broken_chunk_is_told_to_who_feeds():
    with pytest.raises(BadMessage):
        Sender().body(Framing.CHUNKED).feed(b"zz\r\n")


async def test_the_end_of_the_connection_ends_only_a_close_delimited_body():
    until_close = Sender().body(Framing.UNTIL_CLOSE)
    until_close.feed(b"abc")
    until_close.eof()
    assert await whole(until_close) == b"abc"
    for length, data in ((5, b"abc"), (Framing.CHUNKED, b"3\r\nabc\r\n")):
        body = Sender().body(length)
        body.feed(data)
        body.eof()
        assert await body.read() == b"abc"
        with pytest.raises(BodyCut):
            await body.read()


async def test_a_failure_comes_behind_what_arrived_and_stays():
    body = Sender().body(Framing.UNTIL_CLOSE)
    body.feed(b"abc")
    body.fail(ConnectionResetError("reset"))
    body.eof()
    assert await body.read() == b"abc"
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            await body.read()


async def test_a_failure_after_the_end_changes_nothing():
    body = Sender().body(3)
    body.feed(b"abc")
    body.fail(BodyCut("too late"))
    assert await whole(body) == b"abc"


async def test_a_waiting_reader_is_woken_by_data_the_end_and_a_failure():
    for act, expected in (
        (lambda body: body.feed(b"abc"), b"abc"),
        (lambda body: body.eof(), b""),
        (lambda body: body.fail(BodyCut("cut")), BodyCut),
    ):
        body = Sender().body(Framing.UNTIL_CLOSE)
        reading = asyncio.ensure_future(body.read())
        await asyncio.sleep(0)
        act(body)
        if expected is BodyCut:
            with pytest.raises(BodyCut):
                await reading
        else:
            assert await reading == expected


async def test_a_slow_reader_stops_the_sender_and_a_reader_that_catches_up_lets_it_go_on():
    sender = Sender()
    body = sender.body(Framing.UNTIL_CLOSE)
    piece = bytes(LOW_WATER // 2)
    while not sender.calls:
        body.feed(piece)
    assert HIGH_WATER < body._waiting <= HIGH_WATER + len(piece)
    body.feed(piece)
    assert sender.calls == ["pause"]
    while body._waiting > LOW_WATER:
        assert sender.calls == ["pause"]
        await body.read()
    assert sender.calls == ["pause", "resume"]


async def test_a_body_that_ends_leaves_the_connection_reading():
    sender = Sender()
    body = sender.body(HIGH_WATER * 2)
    body.feed(bytes(HIGH_WATER + 1))
    assert body.feed(bytes(HIGH_WATER)) == b"\0"
    assert sender.calls == ["pause", "resume"]
