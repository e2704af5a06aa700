"""Asking a real Redis, many at once."""

from __future__ import annotations

import asyncio

import pytest
import trustme
from redis.exceptions import ResponseError

from loopback.linking import linked
from loopback.redis_server import free_port, redis_server
from scrubjay_proxy.errors import UsageMistake
from scrubjay_proxy.store.redis_link import LARGE, Link, Script

ECHO = Script("echo", "return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}")


@pytest.fixture
async def server(tmp_path):
    async with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
async def link(server):
    async with linked(server.url, timeout=1.0) as link:
        yield link


async def calls(server, command):
    async with server.client() as client:
        stats = await client.info("commandstats")
    return stats.get(f"cmdstat_{command}", {"calls": 0})["calls"]


async def test_lookups_of_one_turn_are_one_command(server, link):
    await link.send(0, ("MSET", b"a", b"1", b"b", b"2"))
    found = await asyncio.gather(link.get(0, [b"a", b"none"]), link.get(0, [b"b"]))
    assert found == [[b"1", None], [b"2"]]
    assert await calls(server, "mget") == 1


async def test_more_lookups_than_one_answer_should_hold_are_several_commands(server, link):
    await link.send(0, ("SET", b"7", b"seven"))
    found = await asyncio.gather(*(link.get(0, [b"%d" % n]) for n in range(300)))
    assert found[7] == [b"seven"]
    assert found.count([None]) == 299
    assert await calls(server, "mget") == 3


async def test_answers_come_in_the_order_of_the_commands(link):
    assert await link.send(0, ("SET", b"n", 1), ("INCRBY", b"n", 41), ("GET", b"n")) == [
        b"OK",
        42,
        b"42",
    ]


async def test_what_redis_refuses_stands_among_the_answers(link):
    answers = await link.send(0, ("SET", b"s", b"x"), ("INCR", b"s"), ("GET", b"s"))
    assert answers[0::2] == [b"OK", b"x"]
    assert isinstance(answers[1], ResponseError)
    assert link.up


async def test_a_script_is_sent_once_and_then_named(server, link):
    assert await link.run(0, ECHO, [b"k"], [b"x"]) == [b"k", b"x", 1]
    assert await link.run(0, ECHO, [b"k"], [0.5]) == [b"k", b"0.5", 2]
    assert await calls(server, "eval") == 1


async def test_an_error_of_a_script_is_raised(link):
    bad = Script("bad", "return redis.call('HGET', KEYS[1], 'f')")
    await link.send(0, ("SET", b"k", b"x"))
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await link.run(0, bad, [b"k"], [])
    assert link.up


async def test_what_is_large_goes_beside_the_lookups(server, link):
    body = b"b" * (4 * LARGE)
    large = asyncio.ensure_future(link.send(0, ("SET", b"large", body)))
    assert await link.get(0, [b"none"]) == [None]
    assert await large == [b"OK"]
    assert await link.send(0, ("GET", b"large"), bulk=len(body)) == [body]
    async with server.client() as client:
        assert len(await client.client_list()) == 3  # lookups, bulk, and this one


async def test_a_caller_that_goes_away_leaves_the_others_their_answers(link):
    await link.send(0, ("SET", b"a", b"1"))
    gone, stays = link.get(0, [b"none", b"none"]), link.get(0, [b"a"])
    gone.cancel()
    assert await stays == [b"1"]


async def test_what_is_published_is_heard(server, link, tmp_path):
    other = Link(server.url)
    heard, back = asyncio.Queue(), asyncio.Event()
    other.subscribe(b"gone", heard.put_nowait, lambda: None, back.set)
    await other.start()
    await asyncio.wait_for(back.wait(), 5)
    await link.send(0, ("PUBLISH", b"gone", b"ids"))
    assert await asyncio.wait_for(heard.get(), 5) == b"ids"
    await other.stop()


async def test_a_password_is_said_and_never_shown(tmp_path):
    async with redis_server(tmp_path, "--requirepass", "sesame", port=None) as server:
        good = Link(f"redis://:sesame@127.0.0.1:{server.port}/2", timeout=1.0)
        await good.start()
        assert await good.send(0, ("PING",)) == [b"PONG"]
        await good.stop()
        with pytest.raises(UsageMistake, match="WRONGPASS") as refused:
            await Link(f"redis://:opensesame@127.0.0.1:{server.port}").start()
        assert "sesame" not in str(refused.value)


async def test_tls_is_spoken_with_servers_that_one_trusts_alone(tmp_path):
    authority, port = trustme.CA(), free_port()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "server.pem"
    )
    files = "--tls-cert-file", "server.pem", "--tls-key-file", "server.pem"
    options = "--tls-port", str(port), "--tls-auth-clients", "no", "--tls-ca-cert-file", "ca.pem"
    async with redis_server(tmp_path, *files, *options):
        url = f"rediss://localhost:{port}/0"
        async with linked(f"{url}?ssl_ca_certs={tmp_path}/ca.pem", timeout=1.0) as link:
            assert await link.send(0, ("PING",)) == [b"PONG"]
        with pytest.raises(UsageMistake, match="CERTIFICATE_VERIFY_FAILED"):
            await Link(url).start()


async def test_nobody_at_the_address_is_one_clear_error(tmp_path):
    with pytest.raises(UsageMistake, match=r"redis\.sock cannot be used"):
        await Link(f"unix://{tmp_path}/redis.sock").start()


async def test_an_unknown_option_of_the_url_is_named_with_those_that_are():
    with pytest.raises(UsageMistake, match="ssl_ca_certs"):
        await Link("redis://127.0.0.1:1/0?colour=blue").start()


async def test_a_replica_is_refused(tmp_path):
    async with redis_server(tmp_path, "--replicaof", "127.0.0.1", "1") as replica:
        with pytest.raises(UsageMistake, match="replica"):
            await Link(replica.url, timeout=1.0).start()
