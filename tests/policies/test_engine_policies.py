"""What an engine does under one policy and another."""

from dataclasses import replace

import numpy as np
import pytest

from policies.engines import LRU, engine, filled, known, offer, use
from scrubjay_policies import Policy, policy
from scrubjay_policies.features import HITS, IDLE, SIZE


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
    assert cache.judge.inflation > 0
    assert known(cache, 99)["credit"] > 0
    cache.use(policy("gdsf", "cost"))
    assert cache.judge.inflation == 0
    assert all(known(cache, id)["credit"] == 0 for id in cache.ids())


@pytest.mark.parametrize("objective", ["object", "cost"])
def test_under_gdsf_a_large_newcomer_does_not_drive_out_many_small_ones(objective):
    cache = filled(chosen=policy("gdsf", objective))
    given = offer(cache, 99, 90)
    assert (given.admitted, given.reason, given.evicted) == (False, "policy", ())
    assert len(cache) == 10


def test_under_gdsf_a_large_newcomer_is_taken_in_for_byte_hits():
    assert offer(filled(chosen=policy("gdsf", "byte")), 99, 90).admitted


def test_a_newcomer_that_is_refused_again_and_again_gets_in_at_last():
    cache = filled(chosen=policy("gdsf"))
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
    assert ageing.judge.inflation > 0
    assert plain.judge.inflation == 0


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
