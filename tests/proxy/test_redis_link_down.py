"""A Redis that freezes, dies or talks nonsense: nobody waits for it, and it is found again."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
import uvloop

from loopback.linking import Lag, linked, timed
from loopback.redis_server import redis_server
from loopback.waiting import until
from scrubjay_proxy.errors import UsageMistake
from scrubjay_proxy.store.redis_link import LARGE, Link, Script, StoreDown

LIMIT = 0.1
SOON = LIMIT + 0.15  # two cores are shared by many tests
ONE = Script("one", "return 1")


@pytest.fixture
async def server(tmp_path):
    async with redis_server(tmp_path) as server:
        yield server


async def test_a_frozen_server_costs_each_caller_its_limit_and_then_nothing(server):
    async with linked(server.url, timeout=LIMIT) as link:
        server.freeze()
        lag = Lag()
        large = link.send(0, ("GET", b"k"), bulk=LARGE + 1)
        asked = link.get(0, [b"k"]), link.run(0, ONE, [], []), link.send(0, ("PING",)), large
        for answer, seconds in await asyncio.gather(*map(timed, asked)):
            assert isinstance(answer, StoreDown)
            assert seconds < SOON
        assert not link.up
        for asked_later in (link.get(0, [b"k"]), link.run(0, ONE, [], []), link.send(0, ("PING",))):
            answer, seconds = await timed(asked_later)
            assert isinstance(answer, StoreDown)
            assert seconds < LIMIT
        assert lag.stop() < LIMIT
        assert (link.timeouts, link.errors, link.opened) == (1, 0, 1)
        server.thaw()
        await until(lambda: link.up)
        assert await link.get(0, [b"k"]) == [None]


async def test_a_killed_server_is_found_again_when_it_is_back_empty(server):
    async with linked(server.url, timeout=LIMIT) as link:
        await link.run(0, ONE, [], [])
        await server.kill()
        answer, seconds = await timed(link.get(0, [b"k"]))
        assert isinstance(answer, StoreDown)
        assert seconds < SOON
        await until(lambda: not link.up)
        assert (link.errors, link.opened) == (1, 1)
        await server.start()
        await until(lambda: link.up)
        assert await link.run(0, ONE, [], []) == 1  # the script is sent again


async def test_what_is_on_its_way_when_the_server_dies_ends_at_once(server):
    async with linked(server.url, timeout=5.0) as link:
        server.freeze()
        asked = asyncio.ensure_future(timed(link.get(0, [b"k"])))
        large = asyncio.ensure_future(timed(link.send(0, ("SET", b"k", b"x" * (LARGE + 1)))))
        await asyncio.sleep(0)
        await server.kill()
        for answer, seconds in await asyncio.gather(asked, large):
            assert isinstance(answer, StoreDown)
            assert seconds < 1


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_loop_that_was_held_up_itself_blames_no_server(tmp_path, factory):
    async def ask():
        async with redis_server(tmp_path) as server, linked(server.url, timeout=0.05) as link:
            one, other = socket.socketpair()
            server.freeze()
            asked = link.get(0, [b"k"])

            def hold_up():
                one.recv(1)
                server.thaw()
                time.sleep(0.2)  # the answer comes meanwhile, and the time limit passes

            with one, other:
                asyncio.get_running_loop().add_reader(one, hold_up)
                other.send(b"x")
                assert await asked == [None]
                assert link.up
                asyncio.get_running_loop().remove_reader(one)

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(ask())


async def test_a_server_that_became_a_replica_is_not_asked_until_it_is_none(server):
    async with linked(server.url, timeout=LIMIT) as link, server.client() as client:
        await client.replicaof("127.0.0.1", 1)
        (answer,) = await asyncio.gather(link.send(0, ("SET", b"k", 1)), return_exceptions=True)
        assert isinstance(answer, StoreDown)
        assert not link.up
        await client.replicaof("NO", "ONE")
        await until(lambda: link.up)
        assert await link.send(0, ("SET", b"k", 1)) == [b"OK"]


async def test_a_lost_subscription_is_told_and_taken_up_again(server):
    told = asyncio.Queue()
    link = Link(server.url)
    link.subscribe(
        b"gone", told.put_nowait, lambda: told.put_nowait("lost"), lambda: told.put_nowait("back")
    )
    await link.start()
    try:
        async with asyncio.timeout(10):
            assert await told.get() == "back"
            server.freeze()
            assert await told.get() == "lost"
            server.thaw()
            assert await told.get() == "back"
            await server.kill()
            assert await told.get() == "lost"
            await server.start()
            assert await told.get() == "back"
        async with server.client() as client:
            await client.publish("gone", b"ids")
        assert await asyncio.wait_for(told.get(), 5) == b"ids"
    finally:
        await link.stop()


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
async def test_another_kind_of_server_is_one_clear_error(said):
    async def answer(reader, writer):
        await reader.read(1)
        writer.write(said)
        writer.close()

    other = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    async with other:
        with pytest.raises(UsageMistake, match=f"127.0.0.1:{port} cannot be used"):
            await Link(f"redis://127.0.0.1:{port}").start()
