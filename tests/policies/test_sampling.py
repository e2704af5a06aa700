"""A ranking of samples comes close to the exact order it stands for."""

from dataclasses import replace

import pytest

from policies.traces import exact_gdsf, exact_lru, footprint, play, zipf
from scrubjay_policies import Engine, policy

REQUESTS = zipf(11, length=8000, objects=1000)


def sampled(chosen, capacity, k=64):
    engine = Engine(chosen, capacity=capacity, max_objects=10**6, k=k)
    return sum(play(engine, REQUESTS))


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_sampled_lru_is_close_to_lru(share):
    capacity = int(footprint(REQUESTS) * share)
    assert sampled(policy("lru"), capacity) == pytest.approx(
        exact_lru(REQUESTS, capacity), rel=0.02
    )


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_sampled_gdsf_is_close_to_gdsf(share):
    capacity = int(footprint(REQUESTS) * share)
    plain = replace(policy("gdsf"), competes=False)
    assert sampled(plain, capacity) == pytest.approx(exact_gdsf(REQUESTS, capacity), rel=0.03)


def test_newcomers_that_compete_win_hits_over_gdsf():
    capacity = int(footprint(REQUESTS) * 0.05)
    assert sampled(policy("gdsf"), capacity) > exact_gdsf(REQUESTS, capacity)


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_lru_that_samples_everything_is_lru(share):
    capacity = int(footprint(REQUESTS) * share)
    assert sampled(policy("lru"), capacity, k=1000) == exact_lru(REQUESTS, capacity)


def test_size_counts_for_object_hits():
    """The two exact caches differ, so that to be close to one says something."""
    capacity = int(footprint(REQUESTS) * 0.05)
    assert exact_gdsf(REQUESTS, capacity) > 1.1 * exact_lru(REQUESTS, capacity)
