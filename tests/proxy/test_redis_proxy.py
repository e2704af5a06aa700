"""A proxy whose store is a Redis: what is answered while that comes and goes."""

import json

import pytest

from loopback.client import request
from loopback.origin import Gate, reply
from loopback.redis_server import redis_server
from loopback.waiting import until
from proxy.test_herd import herd
from scrubjay_policies.policy import PolicyError
from scrubjay_proxy.control.running import Purge
from scrubjay_proxy.errors import UsageMistake

FRESH = "Cache-Control: max-age=60"
JSON = "Content-Type: application/json"


@pytest.fixture
def begin(start, server):
    """Starts proxies that share the Redis."""

    async def one(given=None, **how):
        return await start(
            {"cache.store": server.url, "cache.policy": "lru", **(given or {})}, **how
        )

    return one


async def metric(proxy, name):
    text = (await proxy.control("/metrics")).body.decode()
    return [line.split()[-1] for line in text.splitlines() if line.startswith(name)]


async def test_what_one_proxy_fetched_another_serves(origin, begin):
    origin.on("/a", reply(b"hello", FRESH, 'ETag: "v1"'))
    one, other = await begin(), await begin()
    miss = await one.get("/a")
    await one.settle()
    hit = await other.get("/a")
    assert (miss.hit, hit.hit, hit.body) == (False, True, b"hello")
    assert (await other.get("/a", 'If-None-Match: "v1"')).status == 304
    assert (await other.get("/a", "Range: bytes=1-2")).body == b"el"
    assert origin.count("/a") == 1


async def test_large_bodies_come_back_whole_and_in_parts(origin, begin):
    body = bytes(range(256)) * 4000
    origin.on("/large", reply(body, FRESH))
    one, other = await begin(), await begin()
    assert (await one.get("/large")).body == body
    await one.settle()
    hit = await other.get("/large")
    assert (hit.hit, hit.body) == (True, body)
    assert (await other.get("/large", "Range: bytes=300000-300009")).body == body[300000:300010]


async def test_a_body_that_is_purged_under_its_reader_is_cut(origin, begin):
    body = bytes(48 * 2**20)
    origin.on("/large", reply(body, FRESH))
    one, other = await begin(), await begin()
    await one.get("/large")
    await one.settle()
    async with other.client() as client:
        await client.send(request("/large"))
        answer = await client.head()
        assert answer.hit
        assert await one.proxy.purge(Purge(urls=("/large",))) == 1
        await client._body(answer)
    assert answer.cut
    assert len(answer.body) < len(body)


async def test_variants_and_unsafe_requests_count_for_all(origin, begin):
    origin.on(
        "/a",
        reply(b"en", FRESH, "Vary: Accept-Language"),
        reply(b"de", FRESH, "Vary: Accept-Language"),
        reply(b"", status="204 No Content"),
        reply(b"new", FRESH),
    )
    one, other = await begin(), await begin()
    for language in ("en", "de"):
        await one.get("/a", f"Accept-Language: {language}")
        await one.settle()
    assert (await other.get("/a", "Accept-Language: en")).body == b"en"
    assert (await other.get("/a", "Accept-Language: de")).body == b"de"
    await other.get("/a", method="POST", body=b"x")
    assert (await one.get("/a", "Accept-Language: en")).body == b"new"


async def test_a_purge_reaches_all_and_the_books_are_shown(origin, begin):
    origin.on("/a", reply(b"hello", FRESH))
    one, other = await begin(control=True), await begin(control=True)
    await one.get("/a")
    await one.settle()
    assert await metric(one, "scrubjay_cache_bytes") == ["5.0"]
    await until(lambda: other.stored == 1)
    purged = await other.control("/api/purge", JSON, method="POST", body=b'{"urls": ["/a"]}')
    assert json.loads(purged.body) == {"purged": 1}
    assert not (await one.get("/a")).hit
    assert await metric(one, "scrubjay_store_up") == ["1.0"]


async def test_without_its_redis_a_proxy_asks_the_origin_and_recovers(origin, begin, server):
    origin.on("/a", *(reply(b"hello", FRESH) for _ in range(9)))
    proxy = await begin(control=True)
    await proxy.get("/a")
    await proxy.settle()
    assert (await proxy.get("/a")).hit
    await server.kill()
    for _ in range(3):
        answer = await proxy.get("/a")
        assert (answer.status, answer.body, answer.hit) == (200, b"hello", False)
        await proxy.settle()
    assert await metric(proxy, "scrubjay_store_up") == ["0.0"]
    assert await metric(proxy, 'scrubjay_store_errors_total{operation="find"}') != ["0.0"]
    refused = await metric(proxy, 'scrubjay_admissions_total{decision="store"}')
    assert refused == ["3.0"]
    purged = await proxy.control("/api/purge", JSON, method="POST", body=b'{"urls": ["/a"]}')
    assert purged.status == 503
    assert "purge again" in json.loads(purged.body)["error"]
    await server.start()
    await until(lambda: proxy.proxy.store.usage().up)
    await proxy.get("/a")
    await proxy.settle()
    assert (await proxy.get("/a")).hit


async def test_without_its_redis_a_herd_still_is_one_fetch(origin, begin, server):
    proxy = await begin()
    await server.kill()
    gate = Gate(reply(b"x" * 100_000, FRESH))
    origin.on("/a", gate)
    replies = await herd(proxy, origin, gate, count=20)
    assert {len(one.body) for one in replies} == {100_000}
    assert len(origin.asked) == 1


async def test_what_was_made_invalid_meanwhile_is_so_afterwards(origin, begin, server):
    origin.on("/a", reply(b"old", FRESH), reply(b"", status="204 No Content"), reply(b"new", FRESH))
    proxy = await begin({"redis.timeout": "50ms"})
    await proxy.get("/a")
    await proxy.settle()
    server.freeze()
    assert (await proxy.get("/a", method="POST", body=b"x")).status == 204
    server.thaw()
    await until(lambda: proxy.proxy.store.usage().up)
    assert (await proxy.get("/a")).body == b"new"
    await until(lambda: not proxy.proxy.store._changes.owed)
    assert (await proxy.get("/a")).body == b"new"


async def test_a_redis_that_is_not_there_is_one_clear_error(start, tmp_path):
    with pytest.raises(UsageMistake, match="cannot be used"):
        await start({"cache.store": f"unix://{tmp_path}/none"})


async def test_a_redis_that_evicts_by_itself_is_refused(start, tmp_path):
    async with redis_server(tmp_path, "--maxmemory-policy", "allkeys-lru") as server:
        with pytest.raises(UsageMistake, match="evicts by itself"):
            await start({"cache.store": server.url})


async def test_the_guard_is_left_out_and_exact_policies_are_refused(begin):
    proxy = await begin({"cache.policy": "hybrid"}, control=True)
    assert proxy.proxy.policy_name() == "drl"
    chosen = await proxy.control("/api/policy", JSON, method="PUT", body=b'{"name": "sieve"}')
    assert chosen.status == 422
    assert "drl" in json.loads(chosen.body)["hint"]
    assert (await proxy.control("/api/guard")).status == 404
    with pytest.raises(PolicyError, match="s3fifo"):
        await begin({"cache.policy": "s3fifo"})
