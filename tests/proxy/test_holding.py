"""Learned lifetimes through a real proxy: only where HTTP leaves them to the cache."""

import pytest

from loopback.origin import reply

SAME = reply(status="304 Not Modified")
TAG = 'ETag: "1"'
LEARNING = {"http.staleness": "5%"}


async def look(proxy, times, *, every=100.0, path="/a"):
    """Outcomes of so many requests in turn, True where the origin was not asked."""
    hits = []
    for _ in range(times):
        hits.append((await proxy.get(path)).hit)
        await proxy.settle()
        proxy.clock.advance(every)
    return hits


def learned(proxy):
    counts = proxy.proxy.meter.tallies["scrubjay_learned_lifetimes_total"].counts
    return {found: count for (found,), count in counts.items()}


async def test_what_never_changes_is_asked_about_less_and_less(origin, start):
    proxy = await start(LEARNING)
    origin.on("/a", reply(b"x", TAG), SAME)
    first, later = await look(proxy, 30), await look(proxy, 70)
    assert origin.count("/a") == 100 - sum(first) - sum(later)
    assert sum(later) / 70 > max(0.7, sum(first) / 30)
    assert learned(proxy) == {"new": 1, "unchanged": origin.count("/a") - 1, "changed": 0}


async def test_what_changes_all_the_time_is_asked_about_each_time(origin, start):
    proxy = await start(LEARNING)
    origin.on("/a", *(reply(b"x", f'ETag: "{n}"') for n in range(60)))
    assert sum(await look(proxy, 50)) <= 2
    assert learned(proxy)["changed"] >= 47


async def test_the_same_bytes_again_are_no_change_where_there_is_no_validator(origin, start):
    proxy = await start(LEARNING)
    origin.on("/a", reply(b"always this"))
    hits = await look(proxy, 60)
    assert sum(hits) > 20
    assert learned(proxy)["changed"] == 0
    # Of another class, which does not inherit the patience with the first.
    origin.on("/b", *(reply(b"%d" % n, "Content-Type: text/plain") for n in range(40)))
    await look(proxy, 30, path="/b")
    assert learned(proxy)["changed"] >= 27


@pytest.mark.parametrize("field", ["Cache-Control: max-age=60", "Cache-Control: s-maxage=60"])
async def test_a_lifetime_that_the_origin_states_is_left_alone(origin, start, field):
    proxy = await start(LEARNING)
    origin.on("/a", reply(b"x", TAG, field), SAME)
    assert await look(proxy, 12, every=25.0) == [False, True, True] * 4
    assert learned(proxy) == {"new": 0, "unchanged": 0, "changed": 0}


async def test_what_must_be_checked_each_time_is(origin, start):
    proxy = await start(LEARNING)
    origin.on("/a", reply(b"x", TAG, "Cache-Control: no-cache"), SAME)
    assert not any(await look(proxy, 20))
    assert sum(learned(proxy).values()) == 0


async def test_what_must_not_be_stored_is_not(origin, start):
    proxy = await start(LEARNING)
    origin.on("/a", reply(b"x", "Cache-Control: no-store"))
    origin.on("/b", reply(b"x", "Cache-Control: private"))
    await look(proxy, 3)
    await look(proxy, 3, path="/b")
    assert proxy.stored == 0


async def test_a_304_may_bring_a_lifetime_and_ends_the_learning(origin, start):
    proxy = await start(LEARNING)
    same = reply(b"", "Cache-Control: max-age=250", status="304 Not Modified")
    origin.on("/a", reply(b"x", TAG), same)
    await look(proxy, 1)
    assert await look(proxy, 6) == [False, True, True] * 2


async def test_a_lifetime_of_the_operator_is_left_alone(origin, start):
    route = {"name": "all", "origin": origin.url, "ttl_default": "60s"}
    proxy = await start(LEARNING, routes=[route])
    origin.on("/a", reply(b"x", TAG), SAME)
    assert await look(proxy, 12, every=25.0) == [False, True, True] * 4


@pytest.mark.parametrize("bound", ["http.heuristic_max", "ttl_max"])
async def test_no_lifetime_is_longer_than_the_operator_allows(origin, start, bound):
    route = {"name": "all", "origin": origin.url}
    given = dict(LEARNING)
    (route if bound == "ttl_max" else given)[bound] = "90s"
    proxy = await start(given, routes=[route])
    origin.on("/a", reply(b"x", TAG), SAME)
    assert not any(await look(proxy, 40))
    assert proxy.proxy.holding.changes.mean_lifetime <= 90


async def test_no_lifetime_is_shorter_than_the_operator_allows(origin, start):
    route = {"name": "all", "origin": origin.url, "ttl_min": "150s"}
    proxy = await start(LEARNING, routes=[route])
    origin.on("/a", *(reply(b"x", f'ETag: "{n}"') for n in range(20)))
    assert await look(proxy, 12) == [False, True] * 6


async def test_it_is_off_unless_asked_for(origin, proxy):
    origin.on("/a", reply(b"always this"))
    assert not any(await look(proxy, 10))
    assert (proxy.stored, proxy.proxy.holding) == (0, None)


async def test_what_was_learned_can_be_read_from_the_metrics(origin, start):
    proxy = await start(LEARNING, control=True)
    origin.on("/a", *(reply(b"x", f'ETag: "{n // 2}"') for n in range(80)))
    await look(proxy, 80, every=40.0)
    text = (await proxy.control("/metrics")).body.decode()
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("scrubjay"))
    assert float(lines['scrubjay_learned_lifetimes_total{found="changed"}']) >= 2
    assert 0 < float(lines["scrubjay_learned_staleness_ratio"]) < 0.5
    assert float(lines["scrubjay_learned_lifetime_seconds"]) > 0
