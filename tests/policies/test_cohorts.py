"""What becomes of some of a cohort, and of kin, is seen on all of them."""

from dataclasses import replace

import numpy as np
import pytest

from policies.engines import LRU, engine, offer, use
from scrubjay_policies import cohorts
from scrubjay_policies import rows as at
from scrubjay_policies.cohorts import Arrivals

REMEMBERING = replace(LRU, remembers=True)


def remembering(**settings):
    return engine(REMEMBERING, **{"capacity": 10_000, "max_objects": 1000, **settings})


def test_eight_that_came_in_a_row_are_a_cohort():
    cache = remembering()
    for id in range(9):  # requests 1 to 9
        offer(cache, id)
    use(cache, 3)  # 10
    idle = [cache.row(id)["cohort_idle"] for id in range(9)]
    assert idle == [0] * 8 + [1]
    assert cache.row(0)["cohort_count"] == pytest.approx(8, abs=0.5)
    assert cache.row(8)["cohort_count"] == 1


def test_requests_of_a_cohort_count_half_after_a_turnover():
    known = cohorts.nobody(8)
    cohorts.came(known, 0, 10.0)
    cohorts.asked(known, 0, 110.0, 100.0)
    assert known.requests[0] == pytest.approx(1.5)


def test_a_cohort_of_which_much_was_known_tells_so():
    cache = remembering()
    for id in range(16):
        offer(cache, id)
    for _ in range(20):
        use(cache, 1)
    assert cache.row(7)["cohort_again"] == pytest.approx(1 - 0.9**20)
    assert cache.row(8)["cohort_again"] == 0


def test_an_object_knows_whether_the_one_before_was_asked_for_after_it():
    cache = remembering()
    for id in range(3):
        offer(cache, id)
    assert [cache.row(id)["followed"] for id in range(3)] == [0, 0, 0]
    use(cache, 1)
    assert [cache.row(id)["followed"] for id in range(3)] == [0, 0, 1]
    use(cache, 0)
    assert [cache.row(id)["followed"] for id in range(3)] == [0, 1, 1]


def test_who_returns_is_still_of_its_cohort_while_it_is_remembered():
    cache = remembering(max_objects=4)
    for id in range(8):
        offer(cache, id)
    assert 0 not in cache
    offer(cache, 20)
    offer(cache, 0)
    assert cache.row(0)["cohort_count"] > 6
    assert cache.row(20)["cohort_count"] == 1


def test_kin_share_what_became_of_them():
    cache = remembering(max_objects=2, k=8)
    offer(cache, 1, 100)
    offer(cache, 2, 1000)
    assert cache.row(1)["kin"] == cohorts.EVEN
    use(cache, 1)
    offer(cache, 3, 110)  # 2 is evicted, of the other size and never hit
    assert cache.row(3)["kin"] == pytest.approx(0.505)
    assert cache.row(1)["kin"] == cohorts.EVEN  # it was asked for twice
    offer(cache, 4, 1010)
    assert cache.row(4)["kin"] == pytest.approx(0.495)


def test_what_was_never_hit_and_first_hits_are_counted():
    cache = remembering(max_objects=2, k=8)
    offer(cache, 1)
    offer(cache, 2)
    use(cache, 2)
    wasted, firsts = cache.judge.climate.wasted, cache.judge.climate.firsts
    assert firsts > 0.5
    use(cache, 2)
    assert cache.judge.climate.firsts < firsts
    offer(cache, 3)  # 1 is evicted
    assert cache.judge.climate.wasted > wasted


def test_rings_grow_and_forget_nothing_until_they_are_full(monkeypatch):
    monkeypatch.setattr(cohorts, "_FIRST", 16)
    monkeypatch.setattr(cohorts, "MOST", 64)
    some, whole = Arrivals(), cohorts.nobody(64)
    for time in range(200):
        assert some.came(time) == time
        cohorts.came(whole, time, float(time))
        some.asked(time // 2, time, 10.0)
        cohorts.asked(whole, time // 2, float(time), 10.0)
        row = np.zeros(at.WIDTH)
        row[at.SIZE], at.past(row)[at.COUNT] = 1 << time % 3, 1
        bits = at.bits(row)
        some.left(int(bits[at.SIZE_HIGH]), int(bits[at.COUNT]))
        if time >= 32:
            assert len(some.known.seen) == 64
            ours = [part.tolist() for part in some.known[:-1]]
            assert ours == [part.tolist() for part in whole[:-1]]
    assert (some.known.kin != cohorts.EVEN).sum() == 3


def test_policies_that_do_not_remember_pay_for_no_cohorts():
    cache = engine(LRU)
    for id in range(3):
        offer(cache, id)
    use(cache, 1)
    assert not cache.judge.arrivals.known.seen.any()
    assert (cache.judge.arrivals.known.kin == cohorts.EVEN).all()


def test_the_number_of_arrival_is_exact_beyond_what_a_float_holds():
    some = Arrivals()
    some._count = 2**32 - 1
    assert some.came(5) == 2**32 - 1
    assert some.came(6) == 0
    assert some.known.seen[[-1, 0]].tolist() == [5, 6]


def test_a_new_cohort_starts_anew_in_a_place_that_was_taken():
    known = cohorts.nobody(16)
    for order in range(16):
        cohorts.came(known, order, 1.0)
        cohorts.asked(known, order, 2.0, 1.0)
    cohorts.came(known, 16, 3.0)
    assert known.requests.tolist()[0] == 1
    assert known.again.tolist()[0] == 0
    assert np.all(known.again[1:] > 0)
