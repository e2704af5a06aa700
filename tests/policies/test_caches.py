"""From one kind of books to the other, with what they hold."""

import numpy as np
import pytest

from scrubjay_policies import Engine, policy
from scrubjay_policies.caches import cache_of, under
from scrubjay_policies.follower import Follower


def filled(name, *, seed=3):
    """A cache that is full, after many requests."""
    cache = cache_of(policy(name), capacity=2000, max_objects=50, k=16, seed=seed)
    random = np.random.default_rng(seed)
    for _ in range(1500):
        ask(cache, int(random.zipf(1.3)) % 200, 10 + int(random.integers(0, 3)))
    return cache


def ask(cache, id, size=10):
    cache.tick(5.0)
    if id in cache:
        cache.touch(id)
    else:
        cache.offer(id, size, expires=1000.0 + id, cost=0.1, now=5.0)


@pytest.mark.parametrize("last", ["lru", "drl", "hybrid", "s3fifo", "sieve"])
@pytest.mark.parametrize("first", ["lru", "drl", "hybrid", "s3fifo", "sieve"])
def test_what_is_held_stays_under_any_other_policy(first, last):
    cache = filled(first)
    before, used, clock = set(cache.ids()), cache.used, cache.clock
    cache, gone = under(cache, policy(last), 5.0)
    assert cache.policy.name == last
    assert isinstance(cache, Follower if policy(last).shadows else Engine)
    assert set(cache.ids()) == before - set(gone)
    assert len(gone) <= len(before) // 4
    assert cache.used <= used
    assert cache.clock == clock
    for id in range(1000, 1100):  # and it works on
        ask(cache, id)
    assert len(cache) <= 50


def test_from_an_engine_to_a_follower_nothing_goes_and_the_last_asked_for_stays_longest():
    cache = filled("lru")
    held = [one.id for one in cache.known()]
    cache, gone = under(cache, policy("sieve"), 5.0)
    assert gone == ()
    ask(cache, 9999)
    assert held[0] not in cache
    assert held[-1] in cache


def test_another_model_changes_the_own_ranking_alone():
    cache = filled("hybrid")
    state, other = cache.state, policy("hybrid", "object")
    same, gone = under(cache, other, 5.0)
    assert same is cache
    assert gone == ()
    assert cache.state is state
    assert cache.policy is other
