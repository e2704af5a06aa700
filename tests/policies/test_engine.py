"""The bookkeeping of a cache: what is held, charged, refused, replaced, and who leaves."""

from dataclasses import replace

import numpy as np
import pytest

from scrubjay_policies import Engine, Policy, policy
from scrubjay_policies import rows as at
from scrubjay_policies.features import HITS, IDLE, LEFT, SIZE

LRU = policy("lru")


def engine(chosen=LRU, *, capacity=100, max_objects=10, **settings):
    return Engine(chosen, capacity=capacity, max_objects=max_objects, **settings)


def offer(engine, id, size=10, *, expires=1000.0, cost=0.0, now=0.0):
    engine.tick()
    return engine.offer(id, size, expires=expires, cost=cost, now=now)


def use(engine, id):
    engine.tick()
    engine.touch(id)


def filled(count=10, **settings):
    full = engine(**settings)
    for id in range(count):
        offer(full, id)
    return full


def known(engine, id):
    """The object's row, by names of the columns."""
    row = engine._table.rows[engine._table.slots[id]]
    columns = ("SIZE", "BORN", "SEEN", "HITS", "EXPIRES", "COST", "CREDIT", "GAP")
    return {name.lower(): float(row[getattr(at, name)]) for name in columns}


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


def test_another_policy_judges_from_when_it_is_in_use():
    cache = filled()
    for _ in range(3):
        use(cache, 0)
    for id in range(1, 10):
        use(cache, id)
    cache.use(policy("lfu"))
    assert offer(cache, 98).evicted == (1,)
    cache.use(LRU)
    assert offer(cache, 99).evicted == (0,)


def test_credit_starts_anew_under_another_policy():
    cache = engine(policy("gdsf"), max_objects=5)
    for id in range(100):
        offer(cache, id, 10)
    use(cache, 99)
    assert cache.inflation > 0
    assert known(cache, 99)["credit"] > 0
    cache.use(policy("gdsf", "cost"))
    assert cache.inflation == 0
    assert all(known(cache, id)["credit"] == 0 for id in cache.ids())


COMPETING = replace(policy("gdsf"), competes=True)


def test_a_large_newcomer_that_competes_does_not_drive_out_many_small_ones():
    cache = filled(chosen=COMPETING)
    given = offer(cache, 99, 90)
    assert (given.admitted, given.reason, given.evicted) == (False, "policy", ())
    assert len(cache) == 10


def test_a_newcomer_that_is_refused_again_and_again_gets_in_at_last():
    cache = filled(chosen=COMPETING)
    assert any(offer(cache, 99, 90).admitted for _ in range(10_000))


def small_only(features, params):
    return params[0] - features[:, SIZE]


def test_a_policy_may_refuse_a_newcomer_before_anybody_leaves():
    limited = replace(LRU, admit=small_only, params=np.array([20.0], dtype=np.float32))
    cache = filled(chosen=limited)
    given = offer(cache, 99, 20)
    assert (given.admitted, given.reason, given.evicted) == (False, "policy", ())
    assert (len(cache), cache.used) == (10, 100)
    assert offer(cache, 99, 19).admitted


def test_a_newcomer_that_competes_is_refused_where_it_is_worth_least():
    cache = filled(chosen=replace(policy("lfu"), competes=True))
    for id in range(10):
        use(cache, id)
    given = offer(cache, 99)
    assert (given.admitted, given.reason, given.evicted) == (False, "policy", ())
    assert 99 not in cache
    assert len(cache) == 10


def test_a_newcomer_that_competes_is_taken_in_where_it_is_worth_more():
    cache = filled(chosen=replace(LRU, competes=True))
    assert offer(cache, 99).evicted == (0,)


def test_a_newcomer_competes_only_where_somebody_has_to_leave():
    def worth_nothing(features, params):
        return features[:, HITS] * 0

    assert offer(engine(Policy("none", worth_nothing, competes=True)), 1).admitted


def test_who_left_before_a_late_refusal_is_told():
    # Of a newcomer that is worth more than two batches, and less than the third.
    def by_id(features, params):
        return np.where(features[:, SIZE] == 95, np.float32(4.5), 10 - features[:, IDLE])

    cache = filled(chosen=Policy("by_id", by_id, competes=True), batch=2)
    given = offer(cache, 99, 95)
    assert (given.admitted, given.reason, given.evicted) == (False, "policy", (0, 1, 2, 3))
    assert (len(cache), cache.used) == (6, 60)


def test_an_ageing_policy_inflates_the_cache_and_others_do_not():
    ageing, plain = filled(chosen=policy("gdsf")), filled(chosen=policy("hyperbolic"))
    for id in range(50, 90):
        offer(ageing, id, 7)
        offer(plain, id, 7)
    assert ageing.inflation > 0
    assert plain.inflation == 0


def test_what_gdsf_once_loved_leaves_at_last():
    cache = engine(policy("gdsf"), max_objects=5)
    offer(cache, 0)
    for _ in range(20):
        use(cache, 0)
    for id in range(1, 3000):
        offer(cache, id)
        if 0 not in cache:
            return
    pytest.fail("the cache did not inflate")


def victims(seed, k=8):
    cache = engine(capacity=10**6, max_objects=200, k=k, seed=seed)
    return [id for new in range(1000) for id in offer(cache, new).evicted]


def test_the_same_seed_evicts_the_same():
    assert victims(5) == victims(5)


def test_another_seed_evicts_others():
    assert victims(5) != victims(6)


def test_a_sample_of_all_is_exact_whatever_the_seed():
    assert victims(5, k=200) == victims(6, k=200) == list(range(800))


def test_what_two_engines_do_is_no_business_of_each_other():
    alone = victims(5)
    one = engine(capacity=10**6, max_objects=200, k=8, seed=5)
    other = engine(policy("gdsf"), capacity=10**6, max_objects=150, k=8, seed=1)
    beside = []
    for new in range(1000):
        beside += offer(one, new).evicted
        offer(other, new, 1 + new % 7)
    assert beside == alone
