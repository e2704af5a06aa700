"""What is answered from the store, seen from outside: Cache-Status and the origin's count."""

import pytest

from loopback.origin import reply

FRESH = "Cache-Control: max-age=60"


async def test_the_first_answer_is_a_miss_and_the_second_a_hit(origin, proxy):
    origin.on("/a", reply(b"hello", FRESH, "X-Own: 1"))
    miss, hit = await proxy.get("/a"), await proxy.get("/a")
    assert miss.cache == "scrubjay; fwd=uri-miss; fwd-status=200; stored"
    assert hit.cache == "scrubjay; hit; ttl=60"
    assert (miss.body, hit.body, hit.get("x-own")) == (b"hello", b"hello", "1")
    assert (hit.get("content-length"), hit.get("age"), hit.get("via")) == ("5", "0", "1.1 scrubjay")
    assert origin.count("/a") == 1


async def test_age_grows_until_the_answer_is_checked(origin, proxy, clock):
    origin.on("/a", reply(b"hello", FRESH), reply(b"newer", FRESH))
    await proxy.get("/a")
    clock.advance(59)
    hit = await proxy.get("/a")
    assert (hit.get("age"), hit.cache) == ("59", "scrubjay; hit; ttl=1")
    clock.advance(2)
    again = await proxy.get("/a")
    assert (again.body, again.cache) == (b"newer", "scrubjay; fwd=stale; fwd-status=200; stored")


async def test_a_304_keeps_the_body_and_renews_the_head(origin, proxy, clock):
    origin.on(
        "/a",
        reply(b"hello", FRESH, 'ETag: "v1"', "X-Old: 1"),
        reply(b"", FRESH, 'ETag: "v1"', "X-New: 2", status="304 Not Modified"),
    )
    await proxy.get("/a")
    clock.advance(61)
    checked = await proxy.get("/a")
    assert origin.asked[1].get("if-none-match") == '"v1"'
    assert checked.cache == "scrubjay; fwd=stale; fwd-status=304; stored; ttl=60"
    assert (checked.body, checked.get("x-old"), checked.get("x-new")) == (b"hello", "1", "2")
    assert (await proxy.get("/a")).hit
    assert len(origin.asked) == 2


async def test_a_200_to_a_check_replaces_what_was_stored(origin, proxy, clock):
    first = reply(b"hello", FRESH, "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT")
    origin.on("/a", first, reply(b"newer", FRESH))
    await proxy.get("/a")
    clock.advance(61)
    assert (await proxy.get("/a")).body == b"newer"
    assert origin.asked[1].get("if-modified-since") == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert (await proxy.get("/a")).body == b"newer"
    assert proxy.stored == 1


async def test_a_clients_condition_is_answered_from_the_store(origin, proxy):
    origin.on("/a", reply(b"hello", FRESH, 'ETag: "v1"'))
    await proxy.get("/a")
    same = await proxy.get("/a", 'If-None-Match: W/"v1"')
    other = await proxy.get("/a", 'If-None-Match: "v2"')
    assert (same.status, same.body, same.hit) == (304, b"", True)
    assert (other.status, other.body) == (200, b"hello")


async def test_variants_are_told_apart(origin, proxy):
    origin.on("/a", *[reply(text, FRESH, "Vary: Accept-Language") for text in (b"en", b"de")])
    assert (await proxy.get("/a", "Accept-Language: en")).body == b"en"
    german = await proxy.get("/a", "Accept-Language: de")
    assert (german.body, german.cache[:26]) == (b"de", "scrubjay; fwd=vary-miss; f")
    assert [
        (await proxy.get("/a", f"Accept-Language: {name}")).body for name in ("en", "DE", "de")
    ] == [b"en", b"de", b"de"]
    assert len(origin.asked) == 2


async def test_the_number_of_variants_is_bounded(origin, start):
    origin.on("/a", reply(b"x", FRESH, "Vary: X"))
    proxy = await start({"http.max_variants": 3})
    for number in range(10):
        await proxy.get("/a", f"X: {number}")
    assert proxy.stored == 3


async def test_a_head_is_answered_from_a_stored_get(origin, proxy):
    origin.on("/a", reply(b"hello", FRESH))
    await proxy.get("/a")
    head = await proxy.get("/a", method="HEAD")
    assert (head.status, head.get("content-length"), head.hit) == (200, "5", True)
    assert len(origin.asked) == 1


async def test_a_head_fetches_nothing_to_store(origin, proxy):
    origin.on("/a", reply(b"hello", FRESH))
    head = await proxy.get("/a", method="HEAD")
    assert (head.status, head.get("content-length"), head.hit) == (200, "5", False)
    assert not (await proxy.get("/a")).hit


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (["Cache-Control: no-store"], "no-store"),
        (["Cache-Control: private, max-age=60"], "private"),
        (["Cache-Control: max-age=60", "Vary: *"], "vary-star"),
        ([], "no-lifetime"),
        (["Cache-Control: max-age=60", "Set-Cookie: a=b"], "set-cookie"),
    ],
)
async def test_a_refusal_to_store_is_named(origin, proxy, fields, why):
    origin.on("/a", reply(b"hello", *fields))
    for _ in range(2):
        answer = await proxy.get("/a")
        assert answer.cache == f"scrubjay; fwd=uri-miss; fwd-status=200; detail={why}"
    assert (origin.count("/a"), proxy.stored) == (2, 0)


@pytest.mark.parametrize(
    ("directives", "kept"), [("max-age=60", False), ("public, max-age=60", True)]
)
async def test_an_answer_to_somebody_is_kept_only_where_it_is_public(
    origin, proxy, directives, kept
):
    for path, line in (("/auth", "Authorization: Basic eDp5"), ("/cookie", "Cookie: id=1")):
        origin.on(path, reply(b"hello", f"Cache-Control: {directives}"))
        await proxy.get(path, line)
        assert (await proxy.get(path)).hit is kept


async def test_cookies_may_be_left_to_the_rfc(origin, start):
    origin.on("/a", reply(b"hello", FRESH, "Set-Cookie: a=b"))
    proxy = await start({"http.cookies": "rfc"})
    await proxy.get("/a", "Cookie: id=1")
    hit = await proxy.get("/a", "Cookie: id=2")
    assert (hit.hit, hit.get("set-cookie")) == (True, "a=b")


@pytest.mark.parametrize(
    ("wish", "hit"),
    [
        ("max-age=10", True),
        ("max-age=4", False),
        ("min-fresh=50", True),
        ("min-fresh=58", False),
        ("no-cache", False),
        ("no-store", True),
        ("only-if-cached", True),
    ],
)
async def test_what_a_client_asks_of_caches_is_obeyed(origin, proxy, clock, wish, hit):
    origin.on("/a", reply(b"hello", FRESH))
    await proxy.get("/a")
    clock.advance(5)
    assert (await proxy.get("/a", f"Cache-Control: {wish}")).hit is hit


async def test_only_if_cached_gets_504_and_the_origin_is_not_asked(origin, proxy):
    answer = await proxy.get("/a", "Cache-Control: only-if-cached")
    assert (answer.status, answer.cache) == (504, "scrubjay; detail=only-if-cached")
    assert not origin.asked


async def test_max_stale_accepts_a_stale_answer(origin, proxy, clock):
    origin.on("/a", reply(b"hello", FRESH), reply(b"newer", FRESH))
    await proxy.get("/a")
    clock.advance(70)
    stale = await proxy.get("/a", "Cache-Control: max-stale=20")
    assert (stale.body, stale.cache) == (b"hello", "scrubjay; hit; ttl=-10; detail=max-stale")
    assert (await proxy.get("/a", "Cache-Control: max-stale=5")).body == b"newer"


async def test_a_request_that_says_no_store_leaves_nothing_behind(origin, proxy):
    origin.on("/a", reply(b"hello", FRESH))
    await proxy.get("/a", "Cache-Control: no-store")
    assert proxy.stored == 0


async def test_cdn_cache_control_outranks_cache_control(origin, proxy):
    origin.on("/a", reply(b"hello", "Cache-Control: no-store", "CDN-Cache-Control: max-age=60"))
    await proxy.get("/a")
    assert (await proxy.get("/a")).hit


async def test_an_unmodified_page_is_fresh_for_a_tenth_of_its_age(origin, proxy, clock):
    origin.on("/a", reply(b"hello", "Last-Modified: Fri, 15 Jan 2027 07:43:20 GMT"))
    await proxy.get("/a")
    first = await proxy.get("/a")
    assert first.cache == "scrubjay; hit; ttl=100"
    clock.advance(101)
    assert not (await proxy.get("/a")).hit


async def test_what_does_not_fit_makes_room_and_what_is_too_large_is_passed_on(origin, start):
    for name in "abcd":
        origin.on(f"/{name}", reply(name.encode() * 400, FRESH))
    origin.on("/big", reply(bytes(2000), FRESH))
    proxy = await start({"cache.capacity": "1000B", "cache.policy": "lru"})
    for name in "abcd":
        await proxy.get(f"/{name}")
    assert proxy.proxy.usage().bytes == 800
    assert [(await proxy.get(f"/{name}")).hit for name in "dcb"] == [True, True, False]
    big = await proxy.get("/big")
    assert len(big.body) == 2000
    assert not (await proxy.get("/big")).hit
    assert proxy.proxy.store.usage().filling == 0
