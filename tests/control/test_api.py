import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from scrubjay_proxy.control.api import create_api
from scrubjay_proxy.control.running import Purge
from scrubjay_proxy.control.serve import ControlServer
from scrubjay_proxy.errors import PortTaken, ScrubjayError
from scrubjay_proxy.quantities import Address
from scrubjay_proxy.settings import Settings

ANYWHERE = Address("127.0.0.1", 0)


@pytest.fixture
async def control(running):
    async with (
        ControlServer(create_api(running), ANYWHERE) as server,
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session,
    ):
        yield session


async def answer(control, method, path, **how):
    async with control.request(method, path, **how) as response:
        return response.status, await response.json()


async def test_health_is_ok_while_the_process_lives(control):
    assert await answer(control, "GET", "/healthz") == (200, {"status": "ok", "parts": {}})


async def test_ready_names_each_part(control, running):
    assert await answer(control, "GET", "/readyz") == (
        200,
        {"status": "ok", "parts": {"store": "ok"}},
    )
    running.parts = {"store": "unreachable"}
    assert await answer(control, "GET", "/readyz") == (
        503,
        {"status": "not ready", "parts": {"store": "unreachable"}},
    )


async def test_a_draining_proxy_is_not_ready(control, running):
    running.draining = True
    status, body = await answer(control, "GET", "/readyz")
    assert (status, body["status"]) == (503, "draining")


async def test_metrics_are_prometheus_text(control, running):
    running.meter.request("default", "hit", "", 200, 0.001, 5, 5)
    async with control.get("/metrics") as response:
        assert response.content_type == "text/plain"
        families = {one.name: one for one in text_string_to_metric_families(await response.text())}
    assert sum(one.value for one in families["scrubjay_requests"].samples) == 1


async def test_stats_are_the_meters_counts(control, running):
    running.meter.request("default", "hit", "", 200, 0.001, 5, 5)
    _, body = await answer(control, "GET", "/api/stats")
    assert body["counts"] == running.meter.snapshot()
    assert body["store"] == {"bytes": 10, "objects": 2, "capacity": 100}
    assert body["policy"] == "gdsf"


async def test_config_gives_values_and_sources_but_no_secret(running):
    running.settings = Settings.load(None, {"control.token": "s3cret", "cache.capacity": "1KiB"})
    headers = {"Authorization": "Bearer s3cret"}
    async with (
        ControlServer(create_api(running), ANYWHERE) as server,
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as control,
    ):
        _, rows = await answer(control, "GET", "/api/config", headers=headers)
        refused, _ = await answer(control, "GET", "/api/config")
        alive, _ = await answer(control, "GET", "/healthz")
    assert {"key": "cache.capacity", "value": "1KiB", "source": "flag"} in rows
    assert "s3cret" not in str(rows)
    assert (refused, alive) == (401, 200)


async def test_the_policy_is_switched(control, running):
    status, body = await answer(control, "PUT", "/api/policy", json={"name": "lru"})
    assert (status, body["current"], running.policy) == (200, "lru", "lru")
    assert {"gdsf", "lru"} <= set(body["available"])
    assert await answer(control, "GET", "/api/policies") == (200, body)


async def test_an_unknown_policy_is_refused_and_the_old_one_stays(control, running):
    status, body = await answer(control, "PUT", "/api/policy", json={"name": "magic"})
    assert status == 422
    assert body == {"error": "no policy is named magic", "hint": "there are gdsf, lru"}
    assert running.policy == "gdsf"


async def test_a_purge_order_reaches_the_proxy(control, running):
    running.found = 3
    order = {"urls": ["/a"], "tags": ["t"], "prefixes": ["http://h/p"], "soft": True}
    assert await answer(control, "POST", "/api/purge", json=order) == (200, {"purged": 3})
    assert running.purges == [Purge(("/a",), ("t",), ("http://h/p",), soft=True)]


@pytest.mark.parametrize(
    "order", [{}, {"urls": ["example.com"]}, {"prefixes": ["/p"]}, {"tag": ["t"]}, {"tags": [""]}]
)
async def test_a_purge_order_that_makes_no_sense_is_refused(control, running, order):
    status, _ = await answer(control, "POST", "/api/purge", json=order)
    assert status == 422
    assert running.purges == []


async def test_purge_as_a_method_takes_any_path(control, running):
    how = {"headers": {"Host": "www.example.com"}}
    assert await answer(control, "PURGE", "/api/stats?q=%20a", **how) == (200, {"purged": 1})
    assert running.purges[0].urls[0] == "http://www.example.com/api/stats?q=%20a"
    running.found = 0
    assert await answer(control, "PURGE", "/gone") == (404, {"purged": 0})
    assert running.purges[1] == Purge(urls=("/gone",))


async def test_a_prefix_purge_needs_a_site(control, running):
    status, body = await answer(control, "PURGE", "/", headers={"Purge-Type": "prefix"})
    assert (status, body) == (400, {"error": "a prefix is one site's: name the site in Host"})


async def test_the_front_page_links_to_what_there_is(control):
    async with control.get("/") as response:
        page = await response.text()
    assert response.status == 200
    for path in ("/api/stats", "/metrics", "/readyz", "/openapi.json"):
        assert f'href="{path}"' in page
        async with control.get(path) as linked:
            assert linked.status == 200


async def test_a_foreign_name_and_a_foreign_page_are_refused(control, running):
    status, _ = await answer(control, "GET", "/api/stats", headers={"Host": "evil.example"})
    assert status == 403
    headers = {"Origin": "http://evil.example"}
    status, _ = await answer(control, "POST", "/api/purge", json={"tags": ["t"]}, headers=headers)
    assert (status, running.purges) == (403, [])


async def test_a_taken_port_is_one_clear_error(running):
    async with ControlServer(create_api(running), ANYWHERE) as first:
        taken = Address("127.0.0.1", first.port)
        with pytest.raises(PortTaken, match=f"127.0.0.1:{first.port} is taken") as caught:
            async with ControlServer(create_api(running), taken):
                pass
    assert "--control" in caught.value.hint


async def test_a_stopped_control_port_is_free_again(running):
    async with ControlServer(create_api(running), ANYWHERE) as first:
        port = first.port
    async with ControlServer(create_api(running), Address("127.0.0.1", port)) as second:
        assert second.port == port


async def test_an_address_that_is_not_ours_is_one_clear_error(running):
    with pytest.raises(ScrubjayError, match="cannot listen on"):
        async with ControlServer(create_api(running), Address("192.0.2.1", 0)):
            pass


async def test_signals_stay_with_the_proxy(running):
    import signal

    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with ControlServer(create_api(running), ANYWHERE):
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
