"""Hits on hot objects cost little: they are counted, the rest waits for the next full look."""

import numpy as np
import pytest

from scrubjay_policies import policy
from scrubjay_policies.caches import cache_of
from scrubjay_policies.climate import RATE, Climate
from scrubjay_policies.shadows import state as at
from scrubjay_policies.shadows.watch import GLANCE, look, see


def filled(name="hybrid", *, patience=10.0):
    cache = cache_of(policy(name), capacity=1000, max_objects=100, k=8)
    for id in range(20):
        fetch(cache, id)
    cache.state.real[at.PATIENCE] = patience
    return cache


def fetch(cache, id, size=1):
    cache.tick()
    cache.offer(id, size, expires=1e9, cost=0.0, now=0.0)


def hit(cache, *ids):
    for id in ids:
        cache.tick()
        cache.touch(id)


def newest(cache):
    return cache.state.links[at.LRU_END + at.OLDER] == cache._slots[19]


def test_a_hit_soon_after_a_full_look_counts_for_all_and_changes_neither_row_nor_order():
    cache = filled(patience=100.0)
    before = cache.row(3)["hits"]
    hit(cache, 3, 3, 3)
    assert cache.row(3)["hits"] == before
    assert newest(cache)
    told = cache.report()
    assert {one.hits for one in (told.live, *told.shadows)} == {3}
    assert told.requests == 23


def test_the_next_full_look_tells_of_them_as_if_they_had_come_evenly():
    cache = filled()
    hit(cache, 3)  # 17 requests after it came
    hit(cache, 3, 3, 3)
    hit(cache, *range(4, 11))
    misses = cache.own.judge.climate.misses
    hit(cache, 3)  # 11 requests after the last look
    row = cache.row(3)
    assert (row["hits"], row["count"], row["gap"], row["gap2"]) == (6, 6, 11 / 4, 17)
    assert cache.state.links[at.LRU_END + at.OLDER] == cache._slots[3]
    assert cache.own.judge.climate.misses < misses


def test_what_not_all_hold_is_looked_at_in_full():
    cache = filled(patience=1000.0)
    fetch(cache, 99, 150)  # more than S3-FIFO's small queue takes
    hit(cache, 99, 99)
    assert cache.row(99)["hits"] == 3


def test_what_was_renewed_is_looked_at_in_full():
    cache = filled(patience=100.0)
    cache.renew(3, 2e9)
    hit(cache, 3)
    assert cache.row(3)["hits"] == 2


def test_an_object_waits_for_a_part_of_the_turnover_of_the_own_ranking():
    cache = filled()
    fetch(cache, 50)
    assert cache.state.real[at.PATIENCE] == GLANCE * cache.own.judge.turnover


@pytest.mark.parametrize("name", ["s3fifo", "sieve"])
def test_an_exact_policy_is_exact(name):
    cache = filled(name, patience=1000.0)
    hit(cache, 3, 3)
    slot = cache._slots[3]
    column = at.FREQ if name == "s3fifo" else at.VISITED
    assert cache.state.floats[slot + at.LOOKED] == cache.report().requests
    assert cache.state.marks[slot + column] == (2 if name == "s3fifo" else 1)


def test_a_look_at_what_all_hold_does_what_see_does():
    states = []
    for way in (look, lambda s, slot: see(s, slot, True, at.ALL)):
        cache = filled()
        hit(cache, 5, 5)
        slot = cache._slots[5]
        assert cache.state.marks[slot + at.HELD] == at.ALL
        way(cache.state, slot)
        states.append([column.tolist() for column in cache.state])
    assert states[0] == states[1]


def test_hits_told_together_are_plain_means_at_first_and_nearly_the_same_later():
    one, together = Climate(), Climate()
    for climate in (one, together):
        climate.miss(10)
    for _ in range(7):
        one.hit()
    together.hits(7)
    assert together.misses == pytest.approx(one.misses, rel=1e-12)
    for climate in (one, together):
        for _ in range(3000):
            climate.miss(10)
    for _ in range(50):
        one.hit()
    together.hits(50)
    assert together.misses == pytest.approx(one.misses, rel=50 * 50 * RATE * RATE)
    assert together.firsts == pytest.approx(one.firsts, rel=0.01)


def test_after_a_change_of_policy_nothing_counts_as_looked_at():
    engine = cache_of(policy("lru"), capacity=1000, max_objects=100, k=8)
    for id in range(20):
        fetch(engine, id)
    cache = type(filled()).around(engine, policy("hybrid"))
    cache.state.real[at.PATIENCE] = 1000.0
    hit(cache, 3)
    assert cache.row(3)["hits"] == 2
    hit(cache, 3)
    assert cache.row(3)["hits"] == 2
    engine, gone = cache.alone(0.0)
    assert not gone
    assert np.isfinite(engine.judge.climate.misses)
    assert cache.state.whole[at.WAITING_HITS] == 0
