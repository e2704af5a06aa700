"""What makes stored responses stale or vanish: unsafe requests, groups, PURGE."""

import pytest

from loopback.origin import reply

FRESH = "Cache-Control: max-age=60"
DONE = reply(b"done", "Cache-Control: no-store")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "BREW"])
async def test_an_unsafe_request_makes_the_stored_response_stale(origin, proxy, method):
    origin.on("/a", reply(b"old", FRESH), DONE, reply(b"new", FRESH))
    await proxy.get("/a")
    passed = await proxy.get("/a", method=method, body=b"x")
    assert (passed.body, "fwd=method" in passed.cache) == (b"done", True)
    assert (await proxy.get("/a")).body == b"new"


async def test_tracking_parameters_do_not_save_a_response_from_a_change(origin, proxy):
    origin.on("/a", reply(b"old", FRESH), reply(b"new", FRESH))
    origin.on("/a?utm_source=mail", DONE)
    await proxy.get("/a?utm_source=news")
    await proxy.get("/a?utm_source=mail", method="POST", body=b"x")
    assert origin.count("/a?utm_source=mail") == 1  # the origin is told all of it
    assert (await proxy.get("/a")).body == b"new"


@pytest.mark.parametrize(
    ("method", "status"), [("POST", "500 No"), ("POST", "404 No"), ("OPTIONS", "200 OK")]
)
async def test_a_failed_or_safe_request_changes_nothing(origin, proxy, method, status):
    origin.on("/a", reply(b"old", FRESH), reply(b"x", status=status))
    await proxy.get("/a")
    await proxy.get("/a", method=method)
    assert (await proxy.get("/a")).hit


async def test_location_and_content_location_of_the_same_origin_are_stale_too(origin, proxy):
    for path in ("/b", "/c", "/d"):
        origin.on(path, reply(b"x", FRESH))
        await proxy.get(path)
    fields = ("Location: /b", "Content-Location: http://site.example/c")
    origin.on("/a", reply(b"done", *fields, status="201 Created"))
    await proxy.get("/a", method="POST", body=b"x")
    assert [(await proxy.get(path)).hit for path in ("/b", "/c", "/d")] == [False, False, True]


async def test_another_origin_cannot_be_made_stale(origin, proxy):
    origin.on("/b", reply(b"x", FRESH))
    await proxy.get("/b", "Host: other.example")
    origin.on("/a", reply(b"done", "Location: http://other.example/b", status="201 Created"))
    await proxy.get("/a", method="POST", body=b"x")
    assert (await proxy.get("/b", "Host: other.example")).hit


LENIENT = "Cache-Control: max-age=60, stale-while-revalidate=600, stale-if-error=600"


async def test_an_invalidated_response_is_checked_even_where_a_stale_one_may_be_served(
    origin, proxy
):
    stored = reply(b"old", LENIENT, 'ETag: "v1"')
    origin.on("/a", stored, DONE, reply(b"no", status="500 No"), reply(b"new", FRESH))
    await proxy.get("/a")
    await proxy.get("/a", method="POST", body=b"x")
    assert (await proxy.get("/a")).status == 500
    assert (await proxy.get("/a")).body == b"new"


async def test_a_post_that_describes_the_resource_answers_later_gets(origin, proxy):
    origin.on("/a", reply(b"made", FRESH, "Content-Location: /a"))
    await proxy.get("/a", method="POST", body=b"x")
    hit = await proxy.get("/a")
    assert (hit.body, hit.hit) == (b"made", True)


async def test_a_cache_group_is_made_stale_together(origin, proxy):
    origin.on("/b", reply(b"x", FRESH, 'Cache-Groups: "shop", "news"'))
    origin.on("/c", reply(b"x", FRESH, 'Cache-Groups: "other"'))
    for path in ("/b", "/c"):
        await proxy.get(path)
    await proxy.get("/b", "Host: other.example")
    origin.on("/a", reply(b"done", 'Cache-Group-Invalidation: "shop"'))
    await proxy.get("/a", method="POST", body=b"x")
    assert [(await proxy.get(path)).hit for path in ("/b", "/c")] == [False, True]
    assert (await proxy.get("/b", "Host: other.example")).hit


# PURGE


@pytest.fixture
async def shop(origin, start):
    """A proxy that obeys PURGE from loopback, with a small shop in it."""
    proxy = await start({"proxy.purge_from": ["127.0.0.0/8"]})
    for path in ("/shop/1", "/shop/2", "/shopping", "/news"):
        origin.on(path, reply(b"x", FRESH, 'ETag: "v1"', f"Surrogate-Key: all {path[1:5]}"))
        await proxy.get(path)
    keys = proxy.proxy.store.keys
    proxy.held = lambda: [one.partition("example")[2] for one in keys()]
    return proxy


async def test_purge_of_a_url_removes_it(origin, shop):
    answer = await shop.get("/news", method="PURGE")
    assert (answer.status, answer.body) == (200, b"200 OK: 1 purged\n")
    assert shop.held() == ["/shop/1", "/shop/2", "/shopping"]
    assert (await shop.get("/news", method="PURGE")).status == 404
    assert origin.count("/news") == 1


async def test_purge_by_tag_removes_all_that_carry_it(origin, shop):
    assert (await shop.get("/", "Surrogate-Key: shop", method="PURGE")).status == 200
    assert shop.held() == ["/news"]


async def test_purge_by_prefix_removes_all_below(origin, shop):
    assert (await shop.get("/shop/", "Purge-Type: prefix", method="PURGE")).status == 200
    assert shop.held() == ["/shopping", "/news"]


async def test_a_soft_purge_keeps_the_body_for_a_check(origin, shop):
    assert (await shop.get("/news", "Purge-Type: soft", method="PURGE")).status == 200
    origin.on("/news", reply(b"", FRESH, status="304 Not Modified"))
    checked = await shop.get("/news")
    assert (checked.body, "fwd-status=304" in checked.cache) == (b"x", True)
    assert (await shop.get("/news")).hit


async def test_after_a_soft_purge_a_stale_answer_may_still_be_served(origin, shop):
    origin.on("/a", reply(b"old", LENIENT), reply(b"new", FRESH))
    await shop.get("/a")
    await shop.get("/a", "Purge-Type: soft", method="PURGE")
    stale = await shop.get("/a")
    assert (stale.body, "detail=stale-while-revalidate" in stale.cache) == (b"old", True)
    await shop.settle()
    assert (await shop.get("/a")).body == b"new"


async def test_a_url_of_another_host_is_not_purged(origin, shop):
    assert (await shop.get("/news", "Host: other.example", method="PURGE")).status == 404


async def test_purge_from_elsewhere_is_passed_on_like_any_method(origin, start):
    proxy = await start({"proxy.purge_from": ["10.0.0.0/8"]})
    origin.on("/a", reply(b"x", FRESH), reply(b"unknown method", status="405 No"))
    await proxy.get("/a")
    answer = await proxy.get("/a", method="PURGE")
    assert (answer.status, answer.body) == (405, b"unknown method")
    assert (await proxy.get("/a")).hit


async def test_purge_through_the_control_port(origin, start):
    proxy = await start(control=True)
    origin.on("/a", reply(b"x", FRESH))
    await proxy.get("/a")
    body = b'{"urls": ["http://site.example/a"]}'
    how = {"method": "POST", "body": body}
    done = await proxy.control("/api/purge", "Content-Type: application/json", **how)
    assert (done.status, done.body) == (200, b'{"purged":1}')
    assert not (await proxy.get("/a")).hit
