"""What decides apart from where rows are kept: on one row alone, and how large a decision is."""

import numpy as np
import pytest

from policies.engines import engine, offer
from policies.models import weights
from scrubjay_policies import policy
from scrubjay_policies import rows as at
from scrubjay_policies.judge import SMALL, Judge, times
from scrubjay_policies.learned import drl


@pytest.mark.parametrize("chosen", [policy("lru"), policy("gdsf"), drl(weights())])
def test_a_row_that_stands_alone_fares_as_one_in_a_table(chosen):
    cache, judge = engine(chosen), Judge(chosen, capacity=100, max_objects=10)
    row = None
    for _ in range(3):
        offer(cache, 7)
        judge.clock += 1
        row = judge.newcomer(row, 10, expires=1000.0, cost=0.0, held=1, stays=row is not None)
        for _ in range(3):
            cache.tick()
            cache.touch(7)
            judge.clock += 1
            judge.hit(at.views(row))
    assert row.tobytes() == cache._table.rows[0].tobytes()


def test_the_row_that_was_known_stays_as_it_was():
    judge = Judge(drl(weights()), capacity=100, max_objects=10)
    judge.clock = 1
    known = judge.newcomer(None, 10, expires=1.0, cost=0.5, held=0, stays=False)
    before = known.tobytes()
    judge.clock = 5
    again = judge.newcomer(known, 20, expires=2.0, cost=0.5, held=1, stays=False)
    assert known.tobytes() == before
    past = at.past(again)
    assert (past[at.GAP], past[at.HITS], past[at.COUNT]) == (4, 1, 2)


def test_hits_that_nobody_told_of_come_at_even_distances():
    judge = Judge(policy("lru"), capacity=100, max_objects=10)
    row = judge.newcomer(None, 10, expires=1.0, cost=0.5, held=0, stays=False)
    judge.clock = 12
    judge.hit(at.views(row), 0, untold=3)
    past = at.past(row)
    assert (past[at.GAP], past[at.RESIDENCE], past[at.HITS], past[at.COUNT]) == (3, 12, 5, 5)


def test_a_decision_grows_with_the_cache_up_to_four_times():
    held = np.array([0, 4, 8, 15, 16, 1000]) * SMALL
    assert [times(each, 4) for each in held] == [1, 1, 2, 2, 4, 4]
    assert {times(each, 1) for each in held} == {1}  # nothing goes ahead of need


@pytest.mark.parametrize(("held", "gone"), [(4095, 1), (4096, 4), (8192, 8), (16_384, 16)])
def test_where_many_are_held_many_go_at_once(held, gone):
    cache = engine(capacity=10**9, max_objects=held, k=64)
    for id in range(held):
        offer(cache, id, 1)
    assert cache.judge.sample(held) == 16 * max(4, gone)
    assert len(offer(cache, held, 1).evicted) == gone
    assert len(offer(cache, held + 1, 1).evicted) == (1 if gone == 1 else 0)
