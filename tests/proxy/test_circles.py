"""A request that comes round in a circle is told so at once; a chain of proxies is none."""

from loopback.origin import reply

FRESH = "Cache-Control: public, max-age=60"


async def test_a_request_for_the_proxy_itself_is_508_and_waits_for_nobody(start):
    proxy = await start({"proxy.forward": True, "proxy.forward_private": True})
    got = await proxy.get(f"http://127.0.0.1:{proxy.port}/x")
    assert got.status == 508
    assert b"very proxy" in got.body


async def test_a_proxy_behind_a_proxy_is_no_circle(origin, start):
    origin.on("/a", reply(b"hello", FRESH))
    inner = await start()
    outer = await start({"proxy.origin": f"http://127.0.0.1:{inner.port}"})
    assert (await outer.get("/a")).body == b"hello"
    assert (await outer.get("/a")).status == 200
    assert origin.count("/a") == 1
