"""The bookkeeping of a cache: what is held, charged, refused, replaced, and who leaves."""

import pytest

from policies.engines import engine, filled, known, offer, use
from scrubjay_policies import Policy, policy
from scrubjay_policies.features import LEFT


def test_what_was_offered_is_held_and_charged():
    cache = engine()
    assert offer(cache, 7, 30).admitted
    assert 7 in cache
    assert 8 not in cache
    assert (len(cache), cache.used, list(cache.ids())) == (1, 30, [7])


def test_an_empty_body_is_charged_as_one_byte():
    cache = engine()
    offer(cache, 1, 0)
    assert cache.used == 1
    assert cache.drop(1) == 1


def test_the_least_worthy_leave_in_order_until_the_newcomer_fits():
    cache = filled()
    use(cache, 0)
    given = offer(cache, 99, 25)
    assert (given.admitted, given.reason, given.evicted) == (True, None, (1, 2, 3))
    assert cache.used == 95


def test_more_than_one_batch_leaves_where_a_batch_is_not_enough():
    assert offer(filled(batch=2), 99, 65).evicted == (0, 1, 2, 3, 4, 5, 6)


def test_one_object_leaves_for_one_where_the_number_is_the_limit():
    assert offer(filled(3, max_objects=3), 99).evicted == (0,)


def test_nobody_leaves_for_what_is_larger_than_the_cache():
    cache = filled()
    given = offer(cache, 99, 101)
    assert (given.admitted, given.reason, given.evicted) == (False, "too-large", ())
    assert (len(cache), cache.used) == (10, 100)


def test_what_is_as_large_as_the_cache_fits():
    cache = filled()
    assert offer(cache, 99, 100).evicted == tuple(range(10))
    assert list(cache.ids()) == [99]


def test_what_is_larger_than_the_cache_leaves_no_trace():
    cache = filled()
    use(cache, 3)
    misses, mean_size = cache.judge.climate.misses, cache.judge.climate.mean_size
    assert misses < 1
    assert offer(cache, 99, 101).reason == "too-large"
    assert (cache.judge.climate.misses, cache.judge.climate.mean_size) == (misses, mean_size)


def test_a_version_too_large_replaces_the_old_one_by_nothing():
    cache = filled()
    assert offer(cache, 3, 101).reason == "too-large"
    assert 3 not in cache
    assert cache.used == 90


def test_nothing_fits_where_no_object_may_be_held():
    assert not offer(engine(max_objects=0), 1).admitted


def test_replacing_keeps_the_history():
    cache = engine()
    offer(cache, 1, 10)
    use(cache, 1)
    cache.tick()
    offer(cache, 1, 20, cost=0.5)
    cache.tick()
    row = known(cache, 1)
    assert (row["born"], row["seen"], row["gap"], row["hits"]) == (1, 4, 2, 3)
    assert (row["size"], row["cost"], cache.used) == (20, 0.5, 20)


def test_replacing_needs_only_the_difference():
    cache = filled()
    assert offer(cache, 4, 10).evicted == ()
    assert offer(cache, 4, 20).evicted == (0,)
    assert cache.used == 100


def test_the_last_gaps_are_kept_in_order():
    cache = engine()
    offer(cache, 1)
    for pause in (1, 4, 2, 5):
        for _ in range(pause - 1):
            cache.tick()
        use(cache, 1)
    row = known(cache, 1)
    assert (row["gap"], row["gap2"]) == (5, 2)
    assert (row["life"], row["residence"], row["count"]) == (12, 12, 5)


def test_what_left_and_came_back_has_no_history():
    cache = engine()
    offer(cache, 1)
    use(cache, 1)
    cache.drop(1)
    offer(cache, 1)
    row = known(cache, 1)
    assert (row["hits"], row["born"], row["gap"]) == (1, cache.clock, 0)


def test_a_use_is_counted_and_timed():
    cache = engine()
    offer(cache, 1)
    cache.tick()
    cache.tick()
    use(cache, 1)
    cache.tick()
    row = known(cache, 1)
    assert (row["hits"], row["gap"], row["seen"], row["born"]) == (2, 3, 4, 1)


def test_what_is_known_of_an_object_is_kept_as_it_was_given():
    cache = engine()
    offer(cache, 1, 30, expires=1_800_000_000.25, cost=0.125)
    row = known(cache, 1)
    assert (row["size"], row["expires"], row["cost"]) == (30, 1_800_000_000.25, 0.125)
    assert (row["credit"], row["gap"]) == (0, 0)


def test_a_row_can_be_read_by_name():
    cache = engine()
    offer(cache, 1, 30, cost=0.125)
    use(cache, 1)
    row = cache.row(1)
    assert (row["size"], row["hits"], row["cost"], row["gap"]) == (30, 2, 0.125, 1)


def test_there_is_no_row_of_what_is_not_there():
    with pytest.raises(KeyError):
        engine().row(1)


def test_dropping_frees_the_bytes_once():
    cache = filled()
    assert cache.drop(4) == 10
    assert cache.drop(4) == 0
    assert (4 in cache, cache.used, len(cache)) == (False, 90, 9)


def test_renewing_changes_when_it_expires():
    cache = engine(policy("ttl"))
    for id in range(10):
        offer(cache, id, expires=100.0 + id)
    cache.renew(0, 500.0)
    assert offer(cache, 99, 20).evicted == (1, 2)


def test_the_wall_clock_of_the_offer_is_what_lifetimes_are_judged_by():
    seen = []

    def look(features, params):
        seen.append(float(features[0, LEFT]))
        return features[:, LEFT]

    cache = engine(Policy("look", look), max_objects=1)
    offer(cache, 1, expires=100.0)
    offer(cache, 2, now=70.0)
    assert seen == [30.0]
