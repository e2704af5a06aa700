"""The control port of a proxy at work, and how it ends."""

import asyncio
import json

import pytest

from loopback.client import request
from loopback.origin import Gate, reply
from loopback.waiting import until
from policies.models import weights, written
from scrubjay_policies import model
from scrubjay_policies.learned import drl
from scrubjay_policies.model import ModelError

FRESH = "Cache-Control: max-age=60"


async def test_the_policy_is_switched_while_it_works(origin, start):
    proxy = await start({"cache.capacity": "1000B", "cache.policy": "lru"}, control=True)
    for name in "abc":
        origin.on(f"/{name}", reply(name.encode() * 400, FRESH))
    for name in "ab":
        await proxy.get(f"/{name}")
    for _ in range(3):
        await proxy.get("/a")
    await proxy.get("/b")
    json_type = "Content-Type: application/json"
    chosen = await proxy.control("/api/policy", json_type, method="PUT", body=b'{"name": "lfu"}')
    assert json.loads(chosen.body)["current"] == "lfu"
    await proxy.get("/c")
    assert (await proxy.get("/a", "Cache-Control: only-if-cached")).hit
    wrong = await proxy.control("/api/policy", json_type, method="PUT", body=b'{"name": "lfy"}')
    assert wrong.status == 422
    code = b'{"name": "subprocess:getoutput"}'
    assert (await proxy.control("/api/policy", json_type, method="PUT", body=code)).status == 422
    assert proxy.proxy.policy_name() == "lfu"


async def test_a_switch_to_drl_takes_the_model_of_the_settings(start, tmp_path):
    path = written(tmp_path)
    proxy = await start({"cache.policy": "lru", "cache.model": str(path)}, control=True)
    json_type, put = "Content-Type: application/json", {"method": "PUT", "body": b'{"name": "drl"}'}
    assert b"scrubjay_model_info{" not in (await proxy.control("/metrics")).body
    assert (await proxy.control("/api/policy", json_type, **put)).status == 200
    assert (proxy.proxy.store.engine.policy.params == drl(weights()).params).all()
    digest = model.load(path).sha256.encode()
    assert b'scrubjay_model_info{digest="%s"} 1' % digest in (await proxy.control("/metrics")).body
    path.write_bytes(b"weights")
    wrong = await proxy.control("/api/policy", json_type, **put)
    assert wrong.status == 422
    assert b"no safetensors file" in wrong.body
    assert proxy.proxy.store.engine.policy.model == digest.decode()


async def test_a_bad_model_shows_at_the_start_whatever_the_policy(start, tmp_path):
    (tmp_path / "m").write_bytes(b"weights")
    for name in ("drl", "lru"):
        with pytest.raises(ModelError, match="no safetensors file"):
            await start({"cache.policy": name, "cache.model": str(tmp_path / "m")})


async def test_requests_are_counted_by_outcome(origin, start, clock):
    proxy = await start(control=True)
    origin.on("/a", reply(b"hello", FRESH, 'ETag: "1"'))
    origin.on("/none", reply(b"x", "Cache-Control: private"))
    for target in ("/a", "/a", "/none"):
        await proxy.get(target)
    await proxy.get("/b", "Cache-Control: only-if-cached")
    await proxy.get("/a", method="POST")
    text = (await proxy.control("/metrics")).body.decode()
    counted = [line for line in text.splitlines() if line.startswith("scrubjay_requests_total{")]
    for outcome in ("hit", "fetched", "refused", "bypass"):
        assert any(f'outcome="{outcome}"' in line for line in counted), counted


async def test_what_is_running_is_ready(start):
    proxy = await start(control=True)
    assert (await proxy.control("/readyz")).status == 200
    assert (await proxy.control("/healthz")).status == 200


async def test_a_drain_lets_a_download_finish_and_takes_nothing_new(origin, start):
    proxy = await start({"proxy.drain_timeout": "5s"}, control=True)
    gate = Gate(b"world")

    async def slowly(exchange):
        await exchange.send(reply(b"hello", FRESH, length=10))
        await gate(exchange)

    origin.on("/a", slowly)
    origin.on("/b", reply(b"x"))
    async with proxy.client() as busy, proxy.client() as idle:
        assert (await idle.ask("/b")).status == 200
        await busy.send(request("/a"))
        answer = await busy.head()
        draining = asyncio.ensure_future(proxy.proxy.drain())
        assert await idle.ended()
        await refused(proxy.port)
        assert (await proxy.control("/readyz")).status == 503
        gate.open()
        await busy._body(answer)
        assert (answer.body, answer.cut) == (b"helloworld", False)
        assert await busy.ended()
    await asyncio.wait_for(draining, 5)


async def refused(port):
    """Nobody listens there any more."""
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return
        writer.transport.abort()
        await asyncio.sleep(0.01)
    raise AssertionError("the port is still open")


async def test_a_drain_lets_an_upload_finish_and_says_that_it_closes(origin, start):
    proxy = await start({"proxy.drain_timeout": "5s"})

    origin.on("/a", reply(b"got it"))
    async with proxy.client() as client:
        await client.send(request("/a", "Content-Length: 10", method="PUT") + b"hello")
        await origin.seen(1)
        draining = asyncio.ensure_future(proxy.proxy.drain())
        await until(lambda: proxy.proxy.draining)
        await client.send(b"world")
        answer = await client.reply()
        assert (answer.body, answer.get("connection")) == (b"got it", "close")
        assert await client.ended()
    await asyncio.wait_for(draining, 5)
    assert origin.asked[0].body == b"helloworld"


async def test_a_drain_cuts_what_takes_longer_than_its_limit(origin, start):
    proxy = await start({"proxy.drain_timeout": "50ms"})

    async def forever(exchange):
        await exchange.send(reply(b"hello", FRESH, length=10))
        await exchange.gone()

    origin.on("/a", forever)
    async with proxy.client() as client:
        await client.send(request("/a"))
        answer = await client.head()
        await asyncio.wait_for(proxy.proxy.drain(), 2)
        await client._body(answer)
        assert answer.cut
    assert proxy.stored == 0


async def test_a_drain_finishes_a_fetch_whose_clients_have_left(origin, start):
    proxy = await start({"proxy.drain_timeout": "5s"})
    gate = Gate(b"world")

    async def slowly(exchange):
        await exchange.send(reply(b"hello", FRESH, length=10))
        await gate(exchange)

    origin.on("/a", slowly)
    async with proxy.client() as client:
        await client.send(request("/a"))
        await client.head()
    draining = asyncio.ensure_future(proxy.proxy.drain())
    await until(lambda: proxy.proxy.draining)
    gate.open()
    await asyncio.wait_for(draining, 5)
    assert proxy.stored == 1


async def test_the_guard_tells_whom_it_follows_and_why(origin, start):
    origin.on("/a", reply(b"a" * 400, FRESH))
    proxy = await start({"cache.policy": "hybrid"}, control=True)
    await proxy.get("/a")
    await proxy.get("/a")
    told = json.loads((await proxy.control("/api/guard")).body)
    assert (told["follows"], told["since"], told["requests"], told["unit"]) == (
        "gdsf",
        0,
        2,
        "hits",
    )
    assert told["reason"].startswith("follows gdsf from the start; ")
    assert {one["name"]: one["hits"] for one in told["shadows"]} == dict.fromkeys(
        ("lru", "sieve", "s3fifo", "gdsf", "own"), 1
    )
    text = (await proxy.control("/metrics")).body.decode()
    assert 'scrubjay_guard_hits_total{cache="live"} 1.0' in text
    assert 'scrubjay_guard_follows{cache="gdsf"} 1.0' in text
    json_type = "Content-Type: application/json"
    await proxy.control("/api/policy", json_type, method="PUT", body=b'{"name": "lru"}')
    assert (await proxy.get("/a")).hit
    assert (await proxy.control("/api/guard")).status == 404
    assert b"scrubjay_guard_follows{" not in (await proxy.control("/metrics")).body
