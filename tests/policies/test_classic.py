"""Each classic ranks a small table as its name says."""

import numpy as np
import pytest

from scrubjay_policies import FEATURES, policy

NAMES = [feature.name for feature in FEATURES]


def order(name, *objects, objective="object"):
    """Objects by number, least worthy first."""
    default = {"idle": 1, "age": 1, "size": 1, "hits": 1, "cost": 1, "left": 1}
    matrix = np.zeros((len(objects), len(NAMES)), dtype=np.float32)
    for row, columns in enumerate(objects):
        for column, value in (default | columns).items():
            matrix[row, NAMES.index(column)] = value
    chosen = policy(name, objective)
    worth = chosen.worth(matrix, chosen.params)
    assert worth.dtype == np.float32
    return np.argsort(worth, kind="stable").tolist()


def test_ttl_evicts_the_expired_then_what_expires_next():
    assert order("ttl", {"left": 60}, {"left": -5}, {"left": 3600}, {"left": -60}) == [3, 1, 0, 2]


def test_lru_evicts_what_was_not_used_for_longest():
    assert order("lru", {"idle": 5}, {"idle": 50, "hits": 99}, {"idle": 0}) == [1, 0, 2]


def test_lfu_evicts_what_was_used_least():
    assert order("lfu", {"hits": 3, "idle": 0}, {"hits": 2, "idle": 0}, {"hits": 9}) == [1, 0, 2]


def test_lfu_breaks_ties_by_recency():
    assert order("lfu", *({"hits": 4, "idle": idle} for idle in (7, 900, 0, 8))) == [1, 3, 0, 2]


@pytest.mark.parametrize("idle", [0, 100, 10_000, 1_000_000])
def test_lfu_tells_recency_to_a_part_in_a_hundred(idle):
    later = {"hits": 20, "idle": idle}
    sooner = {"hits": 20, "idle": idle + max(1, idle // 100)}
    assert order("lfu", later, sooner) == [1, 0]


def test_one_more_use_counts_more_to_lfu_than_any_recency():
    assert order("lfu", {"hits": 3, "idle": 10**7}, {"hits": 2, "idle": 0}) == [1, 0]


def test_fifo_evicts_what_came_first():
    assert order("fifo", {"age": 5}, {"age": 50, "idle": 0, "hits": 99}, {"age": 1}) == [1, 0, 2]


@pytest.mark.parametrize("name", ["gdsf", "hyperbolic"])
class TestObjectives:
    def test_for_object_hits_the_larger_goes(self, name):
        assert order(name, {"size": 10}, {"size": 1000}, {"size": 100}) == [1, 2, 0]

    def test_for_object_hits_the_less_used_goes(self, name):
        assert order(name, {"hits": 2}, {"hits": 1}, {"hits": 3}) == [1, 0, 2]

    def test_for_object_hits_cost_does_not_count(self, name):
        assert order(name, {"cost": 9}, {"cost": 0}, {"cost": 5}) == [0, 1, 2]

    def test_for_byte_hits_neither_size_nor_cost_counts(self, name):
        objects = ({"size": 10, "cost": 9}, {"size": 1000}, {"size": 1, "cost": 0})
        assert order(name, *objects, objective="byte") == [0, 1, 2]

    def test_for_byte_hits_the_less_used_goes(self, name):
        objects = ({"hits": 2}, {"hits": 1, "size": 0.001})
        assert order(name, *objects, objective="byte") == [1, 0]

    def test_for_cost_what_is_cheap_to_fetch_again_goes(self, name):
        objects = ({"cost": 2}, {"cost": 0.1}, {"cost": 0.5})
        assert order(name, *objects, objective="cost") == [1, 2, 0]

    def test_for_cost_it_is_cost_per_byte(self, name):
        objects = ({"cost": 2, "size": 100}, {"cost": 1, "size": 10})
        assert order(name, *objects, objective="cost") == [0, 1]

    def test_what_cost_nothing_still_ranks_by_use(self, name):
        objects = ({"cost": 0, "hits": 5}, {"cost": 0, "hits": 1})
        assert order(name, *objects, objective="cost") == [1, 0]


def test_gdsf_evicts_what_earned_its_credit_long_ago():
    assert order("gdsf", {"credit": 0}, {"credit": -8, "hits": 5}, {"credit": -2}) == [1, 2, 0]


def test_hyperbolic_evicts_the_lowest_rate_of_use():
    objects = ({"hits": 10, "age": 999}, {"hits": 2, "age": 99}, {"hits": 1, "age": 999})
    assert order("hyperbolic", *objects) == [2, 0, 1]


def test_hyperbolic_can_judge_what_came_in_just_now():
    assert order("hyperbolic", {"age": 0}, {"age": 1}) == [1, 0]
