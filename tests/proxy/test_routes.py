"""Several sites behind one proxy: who gets what, and each route's own rules."""

import pytest

from loopback.origin import ScriptedOrigin, reply

FRESH = "Cache-Control: max-age=60"


@pytest.fixture
async def other():
    async with ScriptedOrigin() as scripted:
        yield scripted


async def test_host_and_path_choose_the_origin_in_the_order_given(origin, other, start):
    origin.on("*", reply(b"one"))
    other.on("*", reply(b"two"))
    for scripted, text in ((origin, b"one"), (other, b"two")):
        for path in ("/", "/api", "/api/x", "/api?x", "/apis"):
            scripted.on(path, reply(text))
    proxy = await start(
        routes=[
            {"name": "api", "host": "a.example", "path": "/api", "origin": other.url},
            {"name": "wild", "host": "*.b.example", "origin": other.url},
            {"name": "site", "host": "a.example", "origin": origin.url},
        ]
    )
    chosen = {
        ("a.example", "/"): b"one",
        ("A.Example:8080", "/"): b"one",
        ("a.example", "/api"): b"two",
        ("a.example", "/api/x"): b"two",
        ("a.example", "/api?x"): b"two",
        ("a.example", "/apis"): b"one",
        ("x.b.example", "/"): b"two",
        ("y.x.b.example", "/"): b"two",
    }
    for (host, path), text in chosen.items():
        assert (await proxy.get(path, f"Host: {host}")).body == text
    for host in ("b.example", "c.example", "xb.example"):
        assert (await proxy.get("/", f"Host: {host}")).status == 421


async def test_hosts_do_not_share_what_is_stored(origin, proxy):
    origin.on("/a", reply(b"one", FRESH), reply(b"two", FRESH))
    assert (await proxy.get("/a", "Host: a.example")).body == b"one"
    assert (await proxy.get("/a", "Host: b.example")).body == b"two"
    assert (await proxy.get("/a", "Host: A.EXAMPLE:80")).body == b"one"


@pytest.mark.parametrize(
    ("choice", "host"), [("auto", "a.example"), ("client", "a.example"), ("origin", None)]
)
async def test_the_origin_is_told_the_host_of_the_routes_choice(origin, start, choice, host):
    origin.on("/", reply(b"x"))
    proxy = await start(routes=[{"name": "r", "origin": origin.url, "host_header": choice}])
    await proxy.get("/", "Host: a.example")
    assert origin.asked[0].get("host") == (host or f"127.0.0.1:{origin.port}")
    assert origin.asked[0].get("x-forwarded-host") == "a.example"


async def test_lifetimes_are_bounded_by_the_route(origin, start):
    for path, field in (("/short", "max-age=1"), ("/long", "max-age=9999"), ("/none", "public")):
        origin.on(path, reply(b"x", f"Cache-Control: {field}"))
    origin.on("/bare", reply(b"x"))
    bounds = {"ttl_min": "10s", "ttl_max": "100s", "ttl_default": "50s"}
    proxy = await start(routes=[{"name": "r", "origin": origin.url, **bounds}])
    for path, ttl in (("/short", 10), ("/long", 100), ("/bare", 50)):
        await proxy.get(path)
        assert (await proxy.get(path)).cache == f"scrubjay; hit; ttl={ttl}"


async def test_tracking_parameters_are_neither_in_the_key_nor_sent_on(origin, proxy):
    origin.on("/a?x=1", reply(b"x", FRESH))
    await proxy.get("/a?utm_source=mail&x=1&fbclid=7")
    assert origin.asked[0].target == "/a?x=1"
    assert (await proxy.get("/a?x=1&gclid=3&utm_medium=")).hit
    assert not (await proxy.get("/a?x=2")).hit


async def test_query_rules_of_a_route(origin, start):
    origin.on("/a?id=1&v=2", reply(b"x", FRESH))
    rules = {"keep_query": ["id", "v"], "sort_query": True}
    proxy = await start(routes=[{"name": "r", "origin": origin.url, **rules}])
    await proxy.get("/a?v=2&session=abc&id=1")
    assert origin.asked[0].target == "/a?id=1&v=2"
    assert (await proxy.get("/a?id=1&v=2&other")).hit


async def test_no_vary_search_makes_queries_the_same(origin, proxy):
    said = 'No-Vary-Search: params=("session"), key-order'
    origin.on("/a?id=1&session=2&x=3", reply(b"x", FRESH, said))
    origin.on("/a?id=2&x=3", reply(b"y", FRESH, said))
    await proxy.get("/a?id=1&session=2&x=3")
    assert (await proxy.get("/a?x=3&session=9&id=1")).hit
    assert (await proxy.get("/a?id=2&x=3")).body == b"y"
    assert not (await proxy.get("/b?id=1&x=3")).hit


async def test_jitter_shortens_lifetimes_by_a_share_of_them(origin, start):
    proxy = await start({"http.ttl_jitter": 0.5})
    lasting = []
    for number in range(40):
        origin.on(f"/{number}", reply(b"x", "Cache-Control: max-age=1000"))
        await proxy.get(f"/{number}")
        lasting.append(int((await proxy.get(f"/{number}")).cache.rpartition("=")[2]))
    assert 500 <= min(lasting) < 600
    assert 900 < max(lasting) <= 1000
    assert len(set(lasting)) > 30
